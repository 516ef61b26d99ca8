import { MetainfoError } from '../errors.ts';
import { SHA256_LENGTH } from '../limits.ts';
import { hashCountAt, isPowerOfTwo, siblingOf, treeHeight } from './geometry.ts';
import { digest, putDigest, rootOfLayer, sameBytes, zeroHash } from './layers.ts';

/** The most hashes of the base layer in one request (BEP 52: "SHOULD NOT be greater than 512"). */
export const MAX_HASH_REQUEST_LENGTH = 512;

/** What `hash request`, `hashes` and `hash reject` messages name (BEP 52). */
export interface HashRequest {
  /** `pieces root` of the file, 32 bytes. */
  readonly piecesRoot: Uint8Array;
  /** Layer of the hashes asked for; the leaves are 0. */
  readonly baseLayer: number;
  /** First hash within the base layer, a multiple of `length`. */
  readonly index: number;
  /** Hashes of the base layer: a power of two from 2 to 512. */
  readonly length: number;
  /**
   * Layers above the base layer from which the uncle hashes are wanted; those that the hashes asked for cover anyway count,
   * but their uncles are left out.
   */
  readonly proofLayers: number;
}

/**
 * What is known of a `hashes` message: `valid`, it leads to the root; `invalid`, it does not, or is no answer to the request;
 * `unproven`, too few proof layers were asked for to tell.
 */
export type HashVerdict = 'valid' | 'invalid' | 'unproven';

/** What is wrong with a request for hashes of a file of so many blocks; undefined for a good one. */
export function faultOf(request: HashRequest, blockCount: number): string | undefined {
  const { piecesRoot, baseLayer, index, length, proofLayers } = request;
  const height = treeHeight(blockCount);
  if (piecesRoot.length !== SHA256_LENGTH) return 'the root is not 32 bytes long';
  if (!(length >= 2 && length <= MAX_HASH_REQUEST_LENGTH && isPowerOfTwo(length))) {
    return `a length of ${length} is no power of two from 2 to ${MAX_HASH_REQUEST_LENGTH}`;
  }
  if (!(Number.isInteger(baseLayer) && baseLayer >= 0 && baseLayer < height)) {
    return `layer ${baseLayer} is not below the root`;
  }
  if (!(Number.isInteger(index) && index >= 0 && index % length === 0)) {
    return `index ${index} is no multiple of the length`;
  }
  if (index + length > 2 ** (height - baseLayer)) return `index ${index} is beyond the tree`;
  // The layer below the root is the last that has an uncle.
  if (!(Number.isInteger(proofLayers) && proofLayers >= 0 && baseLayer + proofLayers < height)) {
    return `there are no ${proofLayers} layers of proof`;
  }
  return undefined;
}

/** Layer of the node that covers exactly the hashes asked for. */
export function topLayerOf(request: HashRequest): number {
  return request.baseLayer + treeHeight(request.length);
}

/**
 * Hashes of 32 bytes in the answer to a good request: those of the base layer, and an uncle from each proof layer that they
 * do not cover themselves (BEP 52: the first log2(length) - 1 proof layers are left out).
 */
export function countAnswer(request: HashRequest): number {
  return (
    request.length + Math.max(0, request.baseLayer + request.proofLayers + 1 - topLayerOf(request))
  );
}

/** Nodes that a `hashes` message gives, from the one above all its hashes up to the last it has an uncle for. */
export interface ProvenPath {
  /** Layer of the first node. */
  readonly layer: number;
  /** The first node within its layer; each next one is the parent. */
  readonly index: number;
  /** 32 bytes each. */
  readonly nodes: Uint8Array;
}

/**
 * The nodes above the hashes of a good request; undefined where they are too few or too many, or not zero where they cover
 * nothing of the file.
 */
export function pathOf(
  request: HashRequest,
  hashes: Uint8Array,
  blockCount: number,
): ProvenPath | undefined {
  const { baseLayer, length } = request;
  if (hashes.length !== countAnswer(request) * SHA256_LENGTH) return undefined;
  const first = request.index;
  const real = Math.max(0, Math.min(length, hashCountAt(blockCount, baseLayer) - first));
  for (let slot = real; slot < length; slot++) {
    if (!isHash(hashes, slot, zeroHash(baseLayer))) return undefined;
  }
  const layer = topLayerOf(request);
  const uncles = hashes.length / SHA256_LENGTH - length;
  const nodes = Buffer.alloc((1 + uncles) * SHA256_LENGTH);
  nodes.set(rootOfLayer(hashes.subarray(0, real * SHA256_LENGTH), baseLayer, layer));
  const pair = Buffer.alloc(2 * SHA256_LENGTH);
  let index = first / length;
  for (let step = 0; step < uncles; step++) {
    const beyond = siblingOf(index) >= hashCountAt(blockCount, layer + step);
    if (beyond && !isHash(hashes, length + step, zeroHash(layer + step))) return undefined;
    const left = index % 2 === 0;
    pair.set(hashAt(nodes, step), left ? 0 : SHA256_LENGTH);
    pair.set(hashAt(hashes, length + step), left ? SHA256_LENGTH : 0);
    putDigest(digest(pair), nodes, (step + 1) * SHA256_LENGTH);
    index = Math.floor(index / 2);
  }
  return { layer, index: first / length, nodes };
}

/** One of some hashes of 32 bytes, in place. */
export function hashAt(hashes: Uint8Array, slot: number): Uint8Array {
  return hashes.subarray(slot * SHA256_LENGTH, (slot + 1) * SHA256_LENGTH);
}

function isHash(hashes: Uint8Array, slot: number, value: Uint8Array): boolean {
  return sameBytes(hashAt(hashes, slot), value);
}

/**
 * Check the hashes of a `hashes` message, 32 bytes each, base layer first, against the root of a file of `blockCount` blocks
 * (BEP 52). The caller has seen to it that the message answers a request of its own. Hashes that cover nothing of the file
 * must be those of padding. Takes time linear in the hashes asked for.
 *
 * Throws ERR_METAINFO_INVALID_HASH_REQUEST where such a request cannot be made of such a file, and ERR_METAINFO_OUT_OF_RANGE
 * where there is no file of that many blocks.
 */
export function verifyHashes(
  request: HashRequest,
  hashes: Uint8Array,
  blockCount: number,
): HashVerdict {
  const fault = faultOf(request, blockCount);
  if (fault !== undefined) throw invalidRequest(fault);
  const path = pathOf(request, hashes, blockCount);
  if (path === undefined) return 'invalid';
  const last = path.nodes.length / SHA256_LENGTH - 1;
  if (path.layer + last < treeHeight(blockCount)) return 'unproven';
  return isHash(path.nodes, last, request.piecesRoot) ? 'valid' : 'invalid';
}

export function invalidRequest(message: string): MetainfoError {
  return new MetainfoError('ERR_METAINFO_INVALID_HASH_REQUEST', message);
}
