import { SHA256_LENGTH } from '../limits.ts';
import type { TreeGeometry } from './geometry.ts';
import { hashCountAt, outOfRange, siblingOf, treeGeometry } from './geometry.ts';
import type { HashRequest, ProvenPath } from './hash-request.ts';
import {
  countAnswer,
  faultOf,
  hashAt,
  invalidRequest,
  MAX_HASH_REQUEST_LENGTH,
  pathOf,
  topLayerOf,
} from './hash-request.ts';
import {
  bufferOf,
  checkPieceLayer,
  digest,
  layerAbove,
  putDigest,
  rootOfLayer,
  sameBytes,
  zeroHash,
} from './layers.ts';
import { NodeCache } from './node-cache.ts';

/** Pieces of one file whose hashes are kept in memory at most: 512 MiB of them. */
const MAX_PIECES = 2 ** 24;

/** Pieces of a file up to which the layers above them are made at once where they are needed: some 2 ms. */
const MAX_PIECES_AT_ONCE = 2048;

/** Digests in one step of {@link FileHashTree.makeProofs}: less than a millisecond. */
const STEP_DIGESTS = 512;

/** What is known of a file when its tree is made. */
export interface FileHashTreeOptions {
  /** `pieces root` of the file, 32 bytes. */
  readonly piecesRoot: Uint8Array;
  /** Bytes, at least 1. */
  readonly fileLength: number;
  /** Bytes of the torrent's pieces. */
  readonly pieceLength: number;
  /** Its `piece layers` entry, where {@link checkPieceLayer} has found it right. It is kept, not copied. */
  readonly pieceLayer?: Uint8Array | undefined;
}

/** Blocks of a file whose leaf hashes are needed for an answer. */
export interface BlockRange {
  /** First block within the file, that of a piece. */
  readonly first: number;
  /** Up to the end of a piece or file; 0 where none is needed. */
  readonly count: number;
}

/**
 * The hashes a client keeps of one file of a v2 torrent (BEP 52): those of its pieces, from the .torrent file or fetched from
 * peers in ranges of up to 512 with their proofs, and enough of the layers above to answer the requests of others. Nothing
 * is kept that does not lead to the root. A file of one piece needs nothing but its root, which is that piece's hash.
 *
 * Memory: 32 bytes for each piece (none where the piece layer was given), and 1 byte for each piece once others ask or the
 * layer is fetched in ranges.
 */
export class FileHashTree {
  readonly piecesRoot: Uint8Array;
  readonly geometry: TreeGeometry;
  /** Pieces in one range to fetch: a power of two. */
  readonly #rangeLength: number;
  /** Hashes of the pieces, right where their range is known. */
  #hashes: Uint8Array | undefined;
  /** 1 for each range that is known; undefined while none and once all are. */
  #known: Uint8Array | undefined;
  #missing: number;
  #cache: NodeCache | undefined;
  /** The piece layer was given as a whole, and nothing above it is known. */
  #isBare: boolean;

  /**
   * Throws ERR_METAINFO_OUT_OF_RANGE for a geometry that BEP 52 does not allow, a file of more than 2^24 pieces, or a root or
   * piece layer of a wrong length.
   */
  constructor({ piecesRoot, fileLength, pieceLength, pieceLayer }: FileHashTreeOptions) {
    this.geometry = treeGeometry(fileLength, pieceLength);
    this.piecesRoot = piecesRoot;
    const { pieceCount, height } = this.geometry;
    if (piecesRoot.length !== SHA256_LENGTH) throw outOfRange('the root is not 32 bytes long');
    if (pieceCount > MAX_PIECES) {
      throw outOfRange(`a file of ${pieceCount} pieces has more than ${MAX_PIECES}`);
    }
    const layer = pieceLayer ?? (pieceCount === 1 ? piecesRoot : undefined);
    if (layer !== undefined && layer.length !== pieceCount * SHA256_LENGTH) {
      throw outOfRange(
        `a piece layer of ${layer.length} bytes is not that of ${pieceCount} pieces`,
      );
    }
    this.#rangeLength = Math.min(MAX_HASH_REQUEST_LENGTH, 2 ** (height - this.geometry.pieceLayer));
    this.#hashes = layer;
    this.#isBare = layer !== undefined;
    this.#missing = layer === undefined ? this.#rangeCount : 0;
  }

  /** Whether the hashes of all pieces are known. */
  get complete(): boolean {
    return this.#missing === 0;
  }

  /**
   * The piece layer as a .torrent file holds it, in place; undefined until it is complete. That of a file of one piece is its
   * root, and no .torrent file holds it.
   */
  get pieceLayer(): Uint8Array | undefined {
    return this.complete ? this.#hashes : undefined;
  }

  /** Hash of a piece of the file, in place; undefined while it is unknown. Throws ERR_METAINFO_OUT_OF_RANGE. */
  pieceHash(piece: number): Uint8Array | undefined {
    this.#checkPiece(piece);
    if (this.#hashes === undefined || !this.#knows(piece, 1)) return undefined;
    return hashAt(this.#hashes, piece);
  }

  /**
   * Take a `piece layers` entry that has not been checked; false where it is wrong. It is kept, not copied. Takes one SHA-256
   * of 64 bytes for each piece.
   */
  setPieceLayer(layer: Uint8Array): boolean {
    const { fileLength, pieceLength } = this.geometry;
    if (!checkPieceLayer(this.piecesRoot, layer, fileLength, pieceLength)) return false;
    this.#hashes = layer;
    this.#known = undefined;
    this.#missing = 0;
    this.#isBare = true;
    return true;
  }

  /** Requests for the ranges of piece hashes still unknown, in order, with all that proves them; made as they are asked for. */
  *missingRanges(): Generator<HashRequest, void, undefined> {
    for (let range = 0; range < this.#rangeCount; range++) {
      if (!this.#knows(range * this.#rangeLength, 1)) yield this.#requestOf(range);
    }
  }

  /**
   * The request for the range that holds the hash of a piece, known or not; undefined for a file of one piece. Throws
   * ERR_METAINFO_OUT_OF_RANGE.
   */
  requestFor(piece: number): HashRequest | undefined {
    this.#checkPiece(piece);
    if (this.geometry.pieceCount === 1) return undefined;
    return this.#requestOf(Math.floor(piece / this.#rangeLength));
  }

  /**
   * Take the hashes of a `hashes` message, 32 bytes each, that answers a request of {@link missingRanges} or
   * {@link requestFor}; false, and nothing is kept, where they do not lead to the root. Throws
   * ERR_METAINFO_INVALID_HASH_REQUEST for any other request.
   */
  addHashes(request: HashRequest, hashes: Uint8Array): boolean {
    const { blockCount, pieceCount } = this.geometry;
    const range = Math.floor(request.index / this.#rangeLength);
    if (!this.#isOwnRequest(request, range)) {
      throw invalidRequest('these are not hashes that were asked for');
    }
    const path = pathOf(request, hashes, blockCount);
    if (path === undefined) return false;
    const root = path.nodes.subarray(path.nodes.length - SHA256_LENGTH);
    if (!sameBytes(root, this.piecesRoot)) return false;
    if (this.#knows(request.index, 1)) return true;
    const real = Math.min(request.length, pieceCount - request.index);
    this.#hashes ??= new Uint8Array(pieceCount * SHA256_LENGTH);
    this.#hashes.set(hashes.subarray(0, real * SHA256_LENGTH), request.index * SHA256_LENGTH);
    this.#keepPath(path, hashes.subarray(request.length * SHA256_LENGTH));
    this.#known ??= new Uint8Array(this.#rangeCount);
    this.#known[range] = 1;
    this.#missing--;
    if (this.complete) this.#known = undefined;
    return true;
  }

  /**
   * The blocks whose leaf hashes {@link answer} needs for a request; undefined where the answer is `hash reject` anyway. They
   * are those of the pieces that the hashes asked for lie in; up to 512 blocks, or one piece where that is more.
   */
  blocksNeeded(request: HashRequest): BlockRange | undefined {
    const { blockCount, pieceLayer } = this.geometry;
    if (faultOf(request, blockCount) !== undefined) return undefined;
    if (!sameBytes(request.piecesRoot, this.piecesRoot)) return undefined;
    if (request.baseLayer === pieceLayer) return { first: 0, count: 0 };
    if (request.baseLayer !== 0) return undefined;
    const blocksOfPiece = 2 ** pieceLayer;
    const first = request.index - (request.index % blocksOfPiece);
    const end = Math.min(blockCount, first + Math.max(blocksOfPiece, request.length));
    const count = Math.max(0, end - first);
    if (!this.#knows(first / blocksOfPiece, Math.ceil(count / blocksOfPiece))) return undefined;
    return { first, count };
  }

  /** {@link answer} would take more than some milliseconds, as the layers above many pieces are still to be made. */
  get proofsPending(): boolean {
    return this.#isBare && this.geometry.pieceCount > MAX_PIECES_AT_ONCE;
  }

  /** Makes the layers above a piece layer that was given as a whole, in steps of less than a millisecond each. */
  *makeProofs(): Generator<void, void, undefined> {
    const { blockCount, height } = this.geometry;
    const cache = this.#cacheOfNodes();
    const node = Buffer.alloc(SHA256_LENGTH);
    let digests = 0;
    for (let layer = cache.firstLayer; this.complete && layer < height; layer++) {
      const cost = layer === cache.firstLayer ? cache.firstCost : 1;
      for (let index = 0; index < hashCountAt(blockCount, layer); index++) {
        this.#putNode(layer, index, node, 0);
        digests += cost;
        if (digests < STEP_DIGESTS) continue;
        digests = 0;
        yield;
      }
    }
    this.#isBare = false;
  }

  /**
   * The hashes for the answer to a hash request, or undefined for a `hash reject`: the request is nonsense or for another
   * file, for a layer other than those of the leaves and of the pieces, or for what is unknown here. For leaves
   * `leafHashes` are those of the {@link blocksNeeded}, as {@link hashBlocks} makes them of what was read; where they do not
   * lead to the hashes of their pieces the file is damaged, and the answer is undefined, too.
   *
   * Takes one SHA-256 of 64 bytes for each pair of leaves, and well under a millisecond for the rest; but the first requests
   * after a whole piece layer was given make the layers above it, with one SHA-256 of 64 bytes for each piece in all, unless
   * {@link makeProofs} has done so before. Throws
   * ERR_METAINFO_OUT_OF_RANGE for leaf hashes of a wrong length.
   */
  answer(request: HashRequest, leafHashes?: Uint8Array): Uint8Array | undefined {
    const needed = this.blocksNeeded(request);
    if (needed === undefined) return undefined;
    const { baseLayer, index, length, proofLayers } = request;
    const { pieceLayer } = this.geometry;
    const answer = new Uint8Array(countAnswer(request) * SHA256_LENGTH);
    const out = bufferOf(answer);
    if (baseLayer === pieceLayer) {
      if (!this.#putPieceHashes(request, answer)) return undefined;
    } else {
      const leaves = leafHashes ?? (needed.count === 0 ? new Uint8Array() : undefined);
      const right = leaves !== undefined && this.#putLeaves(request, needed, leaves, answer);
      if (!right) return undefined;
    }
    const top = topLayerOf(request);
    for (let layer = Math.max(top, pieceLayer); layer <= baseLayer + proofLayers; layer++) {
      const uncle = siblingOf(Math.floor(index / 2 ** (layer - baseLayer)));
      const at = (length + layer - top) * SHA256_LENGTH;
      if (!this.#putNode(layer, uncle, out, at)) return undefined;
    }
    return answer;
  }

  get #rangeCount(): number {
    return Math.ceil(this.geometry.pieceCount / this.#rangeLength);
  }

  #requestOf(range: number): HashRequest {
    const { height, pieceLayer } = this.geometry;
    return {
      piecesRoot: this.piecesRoot,
      baseLayer: pieceLayer,
      index: range * this.#rangeLength,
      length: this.#rangeLength,
      proofLayers: height - pieceLayer - 1,
    };
  }

  #isOwnRequest(request: HashRequest, range: number): boolean {
    if (!(range >= 0 && range < this.#rangeCount) || this.geometry.pieceCount === 1) return false;
    const own = this.#requestOf(range);
    return (
      request.baseLayer === own.baseLayer &&
      request.index === own.index &&
      request.length === own.length &&
      request.proofLayers === own.proofLayers &&
      sameBytes(request.piecesRoot, own.piecesRoot)
    );
  }

  #checkPiece(piece: number): void {
    const { pieceCount } = this.geometry;
    if (!(Number.isInteger(piece) && piece >= 0 && piece < pieceCount)) {
      throw outOfRange(`piece ${piece} of a file of ${pieceCount} pieces`);
    }
  }

  /** Whether the hashes of some pieces are known; those beyond the file are. */
  #knows(first: number, count: number): boolean {
    if (this.complete) return true;
    const end = Math.min(first + count, this.geometry.pieceCount);
    for (let piece = first; piece < end; piece += this.#rangeLength) {
      if (this.#known?.[Math.floor(piece / this.#rangeLength)] !== 1) return false;
    }
    return true;
  }

  /** Keep the nodes above a range and their uncles, which others may ask for. */
  #keepPath({ layer, index, nodes }: ProvenPath, uncles: Uint8Array): void {
    const cache = this.#cacheOfNodes();
    for (let step = 0; step * SHA256_LENGTH < uncles.length; step++) {
      cache.put(layer + step, index, hashAt(nodes, step));
      cache.put(layer + step, siblingOf(index), hashAt(uncles, step));
      index = Math.floor(index / 2);
    }
  }

  #cacheOfNodes(): NodeCache {
    return (this.#cache ??= new NodeCache(this.geometry));
  }

  #putPieceHashes({ index, length }: HashRequest, answer: Uint8Array): boolean {
    if (!this.#knows(index, length)) return false;
    const { pieceCount, pieceLayer } = this.geometry;
    const from = index * SHA256_LENGTH;
    const known = this.#hashes?.subarray(from, from + length * SHA256_LENGTH);
    if (known !== undefined) answer.set(known);
    for (let slot = Math.max(0, pieceCount - index); slot < length; slot++) {
      answer.set(zeroHash(pieceLayer), slot * SHA256_LENGTH);
    }
    return true;
  }

  /** The leaves asked for and their uncles below the layer of the pieces. Hashes each pair once, and so checks the leaves. */
  #putLeaves(
    request: HashRequest,
    needed: BlockRange,
    leaves: Uint8Array,
    answer: Uint8Array,
  ): boolean {
    const { pieceLayer } = this.geometry;
    const { index, length, proofLayers } = request;
    if (leaves.length !== needed.count * SHA256_LENGTH) {
      throw outOfRange(`${leaves.length} bytes are not the leaf hashes of ${needed.count} blocks`);
    }
    // Leaves of padding are zeros, as the answer is already.
    const from = (index - needed.first) * SHA256_LENGTH;
    answer.set(leaves.subarray(from, from + length * SHA256_LENGTH));
    const top = topLayerOf(request);
    let nodes = leaves;
    for (let layer = 0; layer < pieceLayer; layer++) {
      if (layer >= top && layer <= proofLayers) {
        const slot = siblingOf(Math.floor(index / 2 ** layer)) - needed.first / 2 ** layer;
        const uncle = slot * SHA256_LENGTH < nodes.length ? hashAt(nodes, slot) : zeroHash(layer);
        answer.set(uncle, (length + layer - top) * SHA256_LENGTH);
      }
      nodes = layerAbove(nodes, layer, layer === 0 ? undefined : nodes);
    }
    const piece = (needed.first / 2 ** pieceLayer) * SHA256_LENGTH;
    const known = this.#hashes?.subarray(piece, piece + nodes.length);
    return known !== undefined && sameBytes(known, nodes);
  }

  /**
   * Put a node of the layer of the pieces or above into `into`; false where it is unknown. While the piece layer is not
   * complete, a node above those of the ranges is known only from a proof: so no search is needed.
   */
  #putNode(layer: number, index: number, into: Buffer, at: number): boolean {
    const { blockCount, pieceLayer } = this.geometry;
    if (index >= hashCountAt(blockCount, layer)) {
      into.set(zeroHash(layer), at);
      return true;
    }
    const cache = this.#cacheOfNodes();
    if (cache.copy(layer, index, into, at)) return true;
    const span = 2 ** (layer - pieceLayer);
    if (this.#hashes === undefined || !this.#knows(index * span, span)) return false;
    if (layer < cache.firstLayer) {
      const from = index * span * SHA256_LENGTH;
      const below = this.#hashes.subarray(from, from + span * SHA256_LENGTH);
      into.set(rootOfLayer(below, pieceLayer, layer), at);
      return true;
    }
    const children = Buffer.alloc(2 * SHA256_LENGTH);
    const known =
      this.#putNode(layer - 1, 2 * index, children, 0) &&
      this.#putNode(layer - 1, 2 * index + 1, children, SHA256_LENGTH);
    if (!known) return false;
    putDigest(digest(children), into, at);
    cache.put(layer, index, into.subarray(at, at + SHA256_LENGTH));
    return true;
  }
}
