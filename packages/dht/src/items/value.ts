import { BencodeError, parse } from '@shoal/bencode';
import type { BencodeNode } from '@shoal/bencode';
import { MAX_VALUE_BYTES } from './item.ts';

/** Nested as deep as the bytes allow: BEP 44 takes any bencode. */
const LIMITS = { maxLength: MAX_VALUE_BYTES, maxDepth: MAX_VALUE_BYTES };

/** Reads the value of an item; undefined where it is too long or is not canonical bencode (BEP 44). Total. */
export function parseValue(value: Uint8Array): BencodeNode | undefined {
  try {
    return parse(value, LIMITS).root;
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    return undefined;
  }
}
