import { SHA256_LENGTH } from '../limits.ts';
import { bufferOf, digest, putDigest, zeroHash } from './layers.ts';
import { DATA_AT, LANES, pairModule } from './sha256-pairs.ts';

/** Bytes of two hashes, from which the one above them is made. */
const PAIR_LENGTH = 2 * SHA256_LENGTH;
/** Bytes of a page of WebAssembly memory. */
const PAGE_LENGTH = 65_536;

/** The part of the WebAssembly API that is used here, which the types of Node do not have. */
interface WebAssemblyApi {
  readonly validate: (bytes: Uint8Array<ArrayBuffer>) => boolean;
  readonly Memory: new (size: { initial: number }) => Memory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: { env: { memory: Memory } },
  ) => { readonly exports: { readonly run: (from: number, to: number, groups: number) => void } };
}

interface Memory {
  readonly buffer: ArrayBuffer;
}

/** Memory for hashes of 32 bytes, and what makes the layer above out of them in place. */
export interface PairHasher {
  readonly nodes: Buffer;
  /** Puts the hash of each of the first `count` pairs of neighbours to the start of {@link nodes}. */
  join(count: number): void;
}

/**
 * For so many hashes at most: four pairs at a time in WebAssembly, which takes a third of the time that calls of OpenSSL for so
 * few bytes do, where the process may use it.
 */
export function makePairHasher(hashCount: number): PairHasher {
  // A last one without a neighbour gets one.
  const pairCount = Math.ceil(hashCount / 2);
  return simdHasher(pairCount) ?? plainHasher(pairCount);
}

/**
 * Root at layer `height` above the first `count` hashes, one at least, of `layer`; what is missing on the right is padding. It
 * stands where the first hash stood: 32 bytes that the next use of the memory overwrites.
 *
 * `rootOfLayer` gives the same, and stays beside it: this wants the whole layer in memory of its own, and code to be compiled, which
 * pays for whoever makes a torrent; who checks single pieces, or an answer of a peer, has neither, and hashes where the bytes are.
 */
export function joinUp(
  hasher: PairHasher,
  count: number,
  layer: number,
  height: number,
): Uint8Array {
  const { nodes } = hasher;
  for (let at = layer; at < height; at++) {
    if (count % 2 === 1) nodes.set(zeroHash(at), count++ * SHA256_LENGTH);
    count /= 2;
    hasher.join(count);
  }
  return nodes.subarray(0, SHA256_LENGTH);
}

/** Undefined where there is no WebAssembly, as with `--jitless`, or no vectors in it, as on old processors. */
export function simdHasher(pairCount: number): PairHasher | undefined {
  const { WebAssembly } = globalThis as { WebAssembly?: WebAssemblyApi };
  const code = Buffer.from(pairModule, 'base64');
  if (WebAssembly?.validate(code) !== true) return undefined;
  // Whole groups are read and written, whatever stands behind the last pair.
  const length = Math.ceil(pairCount / LANES) * LANES * PAIR_LENGTH;
  const memory = new WebAssembly.Memory({ initial: Math.ceil((DATA_AT + length) / PAGE_LENGTH) });
  const module = new WebAssembly.Module(code);
  const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  return {
    nodes: Buffer.from(memory.buffer, DATA_AT, length),
    join: (count) => {
      if (count > 0) run(DATA_AT, DATA_AT, Math.ceil(count / LANES));
    },
  };
}

/** With `node:crypto`, in memory that is cut into pairs once: a view of each costs a good part of what its hash does. */
export function plainHasher(pairCount: number): PairHasher {
  const bytes = new Uint8Array(pairCount * PAIR_LENGTH);
  const nodes = bufferOf(bytes);
  const pairs = Array.from({ length: pairCount }, (_, pair) =>
    bytes.subarray(pair * PAIR_LENGTH, (pair + 1) * PAIR_LENGTH),
  );
  return {
    nodes,
    join: (count) => {
      for (const [node, pair] of pairs.entries()) {
        if (node >= count) return;
        putDigest(digest(pair), nodes, node * SHA256_LENGTH);
      }
    },
  };
}
