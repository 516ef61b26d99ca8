import { createHash } from 'node:crypto';
import type { Item } from './item.ts';

/** Where an immutable item is stored: the SHA-1 of its value as bencode, 20 bytes (BEP 44). */
export function immutableTarget(value: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha1').update(value).digest());
}

/** Where a mutable item is stored: the SHA-1 of its public key and its salt, 20 bytes (BEP 44). */
export function mutableTarget(key: Uint8Array, salt?: Uint8Array): Uint8Array {
  const hash = createHash('sha1').update(key);
  if (salt !== undefined) hash.update(salt);
  return new Uint8Array(hash.digest());
}

/** Where an item is stored, 20 bytes. */
export function itemTarget(item: Item): Uint8Array {
  return item.kind === 'immutable'
    ? immutableTarget(item.value)
    : mutableTarget(item.key, item.salt);
}
