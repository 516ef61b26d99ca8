import type { BencodeLimits } from './limits.ts';

/** A decoded value. Integers are `number` while exact (|n| < 2^53) and `bigint` beyond. */
export type BencodeValue = number | bigint | Uint8Array | BencodeValue[] | BencodeDictionary;

/**
 * A decoded dictionary. Keys are byte strings with one character per byte (U+0000 to U+00FF), so `__proto__` is just a key
 * and keys that are not UTF-8 survive. The order is the order of the source.
 */
export type BencodeDictionary = Map<string, BencodeValue>;

/**
 * What `encode` takes. A `string` value is written as UTF-8; keys are byte strings with one character per byte. Members of
 * an object that are `undefined` are left out.
 */
export type BencodeInput =
  | number
  | bigint
  | string
  | Uint8Array
  | readonly BencodeInput[]
  | ReadonlyMap<string, BencodeInput>
  | { readonly [key: string]: BencodeInput | undefined };

/** What can be readable and yet not canonical. */
export type IrregularityKind =
  | 'leading_zero_int'
  | 'leading_zero_strlen'
  | 'negative_zero'
  | 'unsorted_keys'
  | 'duplicate_key'
  | 'trailing_data';

/** One departure from the canonical form, met in lenient mode. */
export interface Irregularity {
  readonly kind: IrregularityKind;
  /** Where the offending integer, string, key or trailing byte starts. */
  readonly offset: number;
}

/** Options of `decode`, `decodePrefix` and `parse`. */
export interface DecodeOptions extends BencodeLimits {
  /**
   * Read what is unambiguous though not canonical: leading zeros, `-0`, unsorted or repeated keys, trailing bytes. Default
   * false: such input is refused.
   */
  readonly lenient?: boolean;
  /** Called for each irregularity in lenient mode, in the order of the source. */
  readonly onIrregularity?: (irregularity: Irregularity) => void;
}
