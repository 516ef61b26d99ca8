import { materialise } from './materialise.ts';
import { BencodeDocument } from './node.ts';
import { scan, scanSteps } from './tape.ts';
import type { BencodeValue, DecodeOptions } from './types.ts';

/**
 * Scan one value and keep it in place: nothing is built until a node is asked for it, and every value knows its exact bytes
 * in the source. Linear in the input, without recursion. Throws {@link BencodeError}.
 *
 * The document refers to `bytes`; do not write to them while it is in use.
 */
export function parse(bytes: Uint8Array, options: DecodeOptions = {}): BencodeDocument {
  return new BencodeDocument(bytes, scan(bytes, options, false));
}

/**
 * {@link parse} in steps: a generator that pauses behind every `tokensPerStep` tokens (keys, values and ends of containers) and
 * returns the document at its end, for those who must not keep a thread for long. A step may throw {@link BencodeError}.
 */
export function* parseSteps(
  bytes: Uint8Array,
  options: DecodeOptions,
  tokensPerStep: number,
): Generator<undefined, BencodeDocument, undefined> {
  return new BencodeDocument(bytes, yield* scanSteps(bytes, options, tokensPerStep));
}

/**
 * Decode one value; byte strings are views of `bytes`, not copies, and short ones in lists that are equal may be one view.
 * Throws {@link BencodeError}.
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): BencodeValue {
  const { words } = scan(bytes, options, false);
  return materialise(bytes, words, 0);
}

/**
 * Decode the value `bytes` begin with and say where it ends; what follows is not looked at (a `ut_metadata` message, BEP 9,
 * is a dictionary with raw bytes behind it). `maxLength` bounds all of `bytes`. Throws {@link BencodeError}.
 */
export function decodePrefix(
  bytes: Uint8Array,
  options: DecodeOptions = {},
): { value: BencodeValue; length: number } {
  const tape = scan(bytes, options, true);
  return { value: materialise(bytes, tape.words, 0), length: tape.end };
}
