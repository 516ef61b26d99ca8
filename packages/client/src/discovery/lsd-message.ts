import { formatEndpoint, type Endpoint } from '@shoal/net';

/** Bytes of an announce, at most: what passes without being fragmented (BEP 14). */
export const MAX_LSD_LENGTH = 1_400;
/** Hashes in one announce: they take 53 bytes each. */
export const MAX_LSD_HASHES = 20;
/** Characters of a cookie that are looked at; ours have 16. */
const MAX_COOKIE_LENGTH = 64;

const FIRST_LINE = 'BT-SEARCH * HTTP/1.1';
const HASH = /^[0-9a-f]{40}$/i;
const PORT = /^[0-9]{1,5}$/;

/** An announce of local service discovery (BEP 14). */
export interface LsdAnnounce {
  /** TCP port, 1 to 65,535. */
  readonly port: number;
  /** Info-hashes, 20 bytes each, in lower-case hex; at most 20. */
  readonly infoHashes: readonly string[];
  /** By which the sender knows its own announces. */
  readonly cookie: string | undefined;
}

/** The datagram of an announce to a group. */
export function encodeLsdAnnounce(group: Endpoint, announce: LsdAnnounce): Uint8Array {
  const { port, infoHashes, cookie } = announce;
  const lines = [FIRST_LINE, `Host: ${formatEndpoint(group)}`, `Port: ${port}`];
  for (const each of infoHashes) lines.push(`Infohash: ${each}`);
  if (cookie !== undefined) lines.push(`cookie: ${cookie}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n\r\n`, 'latin1');
}

/** Reads a datagram; undefined for anything that is no announce. Headers it does not know are ignored, as the BEP wants. */
export function decodeLsdAnnounce(datagram: Uint8Array): LsdAnnounce | undefined {
  if (datagram.length > MAX_LSD_LENGTH) return undefined;
  const { buffer, byteOffset, length } = datagram;
  const [first, ...lines] = Buffer.from(buffer, byteOffset, length)
    .toString('latin1')
    .split('\r\n');
  if (first !== FIRST_LINE) return undefined;
  let port = 0;
  let cookie: string | undefined;
  const infoHashes = new Set<string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const value = line.slice(colon + 1).trim();
    switch (line.slice(0, colon).trim().toLowerCase()) {
      case 'port':
        port = PORT.test(value) ? Number(value) : 0;
        break;
      case 'infohash':
        if (HASH.test(value) && infoHashes.size < MAX_LSD_HASHES)
          infoHashes.add(value.toLowerCase());
        break;
      case 'cookie':
        cookie = value.slice(0, MAX_COOKIE_LENGTH);
        break;
    }
  }
  if (port < 1 || port > 65_535 || infoHashes.size === 0) return undefined;
  return { port, infoHashes: [...infoHashes], cookie };
}
