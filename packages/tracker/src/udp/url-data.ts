/** BEP 41: ends the options. */
const END_OF_OPTIONS = 0x00;
/** BEP 41: padding of a single byte. */
const NOP = 0x01;
/** BEP 41: path and query of the announce URL. */
const URL_DATA = 0x02;
/** Bytes one option can hold; longer data takes several. */
const OPTION_MAX = 255;

/** The options behind an announce (BEP 41). */
export interface UdpAnnounceOptions {
  /** Path and query of the announce URL, one character per byte; undefined when there is no such option. */
  readonly urlData: string | undefined;
  /** An option ran past the end of the packet. Those before it count, and it does not. */
  readonly optionsCut: boolean;
}

const NO_OPTIONS: UdpAnnounceOptions = { urlData: undefined, optionsCut: false };

function byteString(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at += 1) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}

/** Reads the options from `at` to the end of the packet. Total: unknown ones are skipped, several `URLData` are joined. */
export function readAnnounceOptions(packet: Uint8Array, at: number): UdpAnnounceOptions {
  if (at >= packet.length) return NO_OPTIONS;
  let urlData: string | undefined;
  while (at < packet.length) {
    const type = packet[at];
    at += 1;
    if (type === END_OF_OPTIONS) break;
    if (type === NOP) continue;
    const start = at + 1;
    const end = start + (packet[at] ?? 0);
    if (at >= packet.length || end > packet.length) return { urlData, optionsCut: true };
    if (type === URL_DATA) urlData = (urlData ?? '') + byteString(packet, start, end);
    at = end;
  }
  return { urlData, optionsCut: false };
}

/** Bytes that {@link writeUrlData} needs. */
export function urlDataLength(urlData: string): number {
  return urlData.length + 2 * Math.max(1, Math.ceil(urlData.length / OPTION_MAX));
}

/** Writes path and query, one character per byte (U+0000 to U+00FF), as one or more `URLData` options. */
export function writeUrlData(packet: Uint8Array, at: number, urlData: string): void {
  let done = 0;
  do {
    const length = Math.min(OPTION_MAX, urlData.length - done);
    packet[at] = URL_DATA;
    packet[at + 1] = length;
    at += 2;
    for (const end = done + length; done < end; done += 1, at += 1) {
      packet[at] = urlData.charCodeAt(done);
    }
  } while (done < urlData.length);
}
