import { parse } from '@shoal/bencode';
import type { BencodeDocument, BencodeNode } from '@shoal/bencode';
import { unreadable } from './extension.ts';

/** Containers open at once: handshakes need 2, and unknown keys may hold a little more. */
const MAX_DEPTH = 16;
/** Keys, values and ends of containers; a handshake has some 60. */
const MAX_TOKENS = 4_096;
/** Characters of an integer; 2^64 has 20. */
const MAX_INTEGER_LENGTH = 32;

/**
 * Reads the dictionary a payload begins with; `end` of the result says where it ends. Clients do not all sort their keys, so what
 * is unambiguous passes. Throws `ERR_WIRE_EXTENSION_PAYLOAD`.
 */
export function parseDictionary(
  what: string,
  payload: Uint8Array,
  maxLength: number,
): BencodeDocument {
  let document;
  try {
    document = parse(payload, {
      lenient: true,
      maxLength,
      maxDepth: MAX_DEPTH,
      maxTokens: MAX_TOKENS,
      maxIntegerLength: MAX_INTEGER_LENGTH,
    });
  } catch (error) {
    throw unreadable(`${what} is no bencode within the limits`, error);
  }
  if (document.root.type !== 'dictionary') throw unreadable(`${what} is no dictionary`);
  return document;
}

/** The integer under a key, or undefined where there is none between `min` and `max`. */
export function integerIn(
  node: BencodeNode,
  key: string,
  min: number,
  max: number,
): number | undefined {
  return integerOf(node.get(key), min, max);
}

/** The integer of a node, or undefined where it is none between `min` and `max`. */
export function integerOf(
  node: BencodeNode | undefined,
  min: number,
  max: number,
): number | undefined {
  if (node?.type !== 'integer') return undefined;
  const value = node.asInteger();
  return typeof value === 'number' && value >= min && value <= max ? value : undefined;
}

/** The byte string under a key, or undefined; a view. */
export function bytesIn(node: BencodeNode, key: string): Uint8Array | undefined {
  const value = node.get(key);
  return value?.type === 'bytes' ? value.asBytes() : undefined;
}
