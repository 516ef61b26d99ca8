import { MetainfoError } from './errors.ts';
import { SHA1_LENGTH } from './limits.ts';

/** Lower-case hexadecimal digits of some bytes. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** The bytes of a string of hexadecimal digits, upper or lower case. Throws ERR_METAINFO_INVALID_HEX. */
export function fromHex(text: string): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text)) {
    throw new MetainfoError(
      'ERR_METAINFO_INVALID_HEX',
      'expected an even number of hexadecimal digits',
    );
  }
  return new Uint8Array(Buffer.from(text, 'hex'));
}

/**
 * The 20 bytes that stand for a v2 info-hash where there is only room for a v1 one: in handshakes, announces and the DHT (BEP
 * 52). A view, not a copy.
 */
export function truncatedInfoHash(infoHashV2: Uint8Array): Uint8Array {
  return infoHashV2.subarray(0, SHA1_LENGTH);
}

/** The hashes, 20 bytes each, under which a torrent is announced: of a hybrid that of either swarm, v1 first (BEP 52). */
export function announceInfoHashes(info: {
  readonly infoHash?: Uint8Array | undefined;
  readonly infoHashV2?: Uint8Array | undefined;
}): Uint8Array[] {
  const { infoHash, infoHashV2 } = info;
  const hashes = infoHash === undefined ? [] : [infoHash];
  return infoHashV2 === undefined ? hashes : [...hashes, truncatedInfoHash(infoHashV2)];
}

/**
 * The info-hash people know a torrent by: v1 where there is one (40 digits), else v2 (64 digits).
 */
export function infoHashHex(info: {
  readonly infoHash?: Uint8Array | undefined;
  readonly infoHashV2?: Uint8Array | undefined;
}): string {
  return toHex(info.infoHash ?? info.infoHashV2 ?? new Uint8Array());
}
