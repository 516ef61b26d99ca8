/**
 * Bencode (BEP 3): the encoding of .torrent files, tracker replies, extension messages and the DHT.
 *
 * ```ts
 * import { decode, encode, parse } from '@shoal/bencode';
 *
 * encode({ name: 'shoal', size: 2n ** 60n });        // Uint8Array, canonical
 * decode(bytes);                                     // numbers, bigints, Uint8Arrays, arrays and Maps
 * parse(bytes).root.get('info')?.source();           // the exact bytes of one value
 * ```
 *
 * Decoding is strict unless asked otherwise, bounded ({@link BencodeLimits}), linear and free of recursion.
 *
 * @packageDocumentation
 */
export { decode, decodePrefix, parse, parseSteps } from './decode.ts';
export { encode } from './encode.ts';
export type { EncodeOptions } from './encode.ts';
export { BencodeError } from './errors.ts';
export type { BencodeErrorCode } from './errors.ts';
export { bytesFromKey, keyFromBytes } from './keys.ts';
export {
  DEFAULT_MAX_DEPTH,
  DEFAULT_MAX_INTEGER_LENGTH,
  DEFAULT_MAX_LENGTH,
  DEFAULT_MAX_TOKENS,
} from './limits.ts';
export type { BencodeLimits } from './limits.ts';
export type { BencodeDocument, BencodeNode, BencodeType } from './node.ts';
export type {
  BencodeDictionary,
  BencodeInput,
  BencodeValue,
  DecodeOptions,
  Irregularity,
  IrregularityKind,
} from './types.ts';
