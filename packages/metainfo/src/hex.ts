import { MetainfoError } from './errors.ts';

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
 * The info-hash people know a torrent by: v1 where there is one (40 digits), else v2 (64 digits).
 */
export function infoHashHex(info: {
  readonly infoHash?: Uint8Array | undefined;
  readonly infoHashV2?: Uint8Array | undefined;
}): string {
  return toHex(info.infoHash ?? info.infoHashV2 ?? new Uint8Array());
}
