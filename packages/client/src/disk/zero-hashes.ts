import { createHash } from 'node:crypto';
import { hashBlocks, rootOfLayer } from '@shoal/metainfo';
import { BLOCK_BYTES } from './disk-limits.ts';
import { SHA256_LENGTH, addZeros } from './piece-verifier.ts';

/** Hashes of each kind that are kept: a torrent has two piece lengths, or as many as it has files; a few torrents at once. */
const MAX_KEPT = 64;

/** More layers than any tree has. */
const LAYERS = 64;

/** What zeros hash to: the holes of a file that is not downloaded yet, which need not be hashed one by one. */
export class ZeroHashes {
  readonly #sha1 = new Map<number, string>();
  readonly #roots = new Map<number, Uint8Array>();
  #leaf: Uint8Array | undefined;

  /** SHA-1 of so many zeros, as a string of one character for each byte. */
  sha1(length: number): string {
    return kept(this.#sha1, length, () => {
      const hash = createHash('sha1');
      addZeros(hash, length);
      return hash.digest('binary');
    });
  }

  /** Root at a layer of the hash tree over so many zeros (BEP 52), 32 bytes. */
  root(length: number, layer: number): Uint8Array {
    return kept(this.#roots, length * LAYERS + layer, () => {
      const whole = length - (length % BLOCK_BYTES);
      const leaves = new Uint8Array(leavesLength(length));
      leaves.set(this.leaves(whole));
      if (whole < length)
        leaves.set(hashBlocks(new Uint8Array(length - whole)), leavesLength(whole));
      return rootOfLayer(leaves, 0, layer);
    });
  }

  /** Leaf hashes of so many zeros, whole blocks of them. */
  leaves(length: number): Uint8Array {
    this.#leaf ??= hashBlocks(new Uint8Array(BLOCK_BYTES));
    const leaves = new Uint8Array(leavesLength(length));
    for (let at = 0; at < leaves.length; at += SHA256_LENGTH) leaves.set(this.#leaf, at);
    return leaves;
  }
}

/** Bytes of the leaf hashes of so many bytes. */
export function leavesLength(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * SHA256_LENGTH;
}

function kept<T>(values: Map<number, T>, key: number, make: () => T): T {
  let value = values.get(key);
  if (value === undefined) {
    value = make();
    if (values.size >= MAX_KEPT) values.clear();
    values.set(key, value);
  }
  return value;
}
