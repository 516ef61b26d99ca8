import { createHash } from 'node:crypto';
import { addressToBytes, isIPv4Address, readUint32 } from '@shoal/net';
import { checkInteger } from './bytes.ts';
import { WireError } from './errors.ts';
import { MAX_PIECE_COUNT } from './limits.ts';

/** Most pieces of an allowed-fast set: it is meant to be small (BEP 6 has 10), and the search below is quadratic. */
const MAX_SET_SIZE = 100;
/** Hash rounds after which the set is filled in ascending order, so that the search surely ends. */
const MAX_ROUNDS = 2_000;

/**
 * The canonical allowed-fast set of BEP 6: the pieces a peer may fetch while choked, in the order of the BEP.
 *
 * `address` is the peer's address as we see it. BEP 6 has no provision for IPv6: the set is empty then, as for anything
 * else that is not a dotted quad. With `size` (0 to 100, the field uses 10) above `pieceCount` (0 to 2,097,152) all
 * pieces are allowed. Throws `ERR_WIRE_INVALID_ARGUMENT` for numbers outside these ranges or an info-hash that has not
 * 20 bytes.
 */
export function allowedFastSet(
  address: string,
  infoHash: Uint8Array,
  pieceCount: number,
  size = 10,
): number[] {
  checkInteger('pieceCount', pieceCount, MAX_PIECE_COUNT);
  checkInteger('size', size, MAX_SET_SIZE);
  if (infoHash.length !== 20) {
    throw new WireError(
      'ERR_WIRE_INVALID_ARGUMENT',
      `the info-hash must have 20 bytes, not ${infoHash.length}`,
    );
  }
  if (!isIPv4Address(address)) return [];
  if (size > pieceCount) return Array.from({ length: pieceCount }, (_, piece) => piece);

  const set: number[] = [];
  let hash: Uint8Array = Uint8Array.of(...addressToBytes(address).subarray(0, 3), 0, ...infoHash);
  for (let round = 0; set.length < size && round < MAX_ROUNDS; round++) {
    hash = createHash('sha1').update(hash).digest();
    for (let at = 0; at < 20 && set.length < size; at += 4) {
      const piece = readUint32(hash, at) % pieceCount;
      if (!set.includes(piece)) set.push(piece);
    }
  }
  for (let piece = 0; set.length < size; piece++) if (!set.includes(piece)) set.push(piece);
  return set;
}
