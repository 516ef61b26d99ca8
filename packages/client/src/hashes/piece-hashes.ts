import {
  FileHashTree,
  type FileColumns,
  type FileLayout,
  type HashRequest,
  PieceLayers,
  type TorrentInfo,
  fileColumns,
  rootOfLayer,
  treeHeight,
} from '@shoal/metainfo';
import { BLOCK_LENGTH } from '@shoal/peer-wire';
import type { SharedHashes } from '../disk/disk-layout.ts';
import type { PieceRange } from '../disk/resume-format.ts';
import { runNow, STEP_ITEMS, type Steps } from '../slices.ts';
import { RootFiles } from './root-files.ts';

/** Bytes of a SHA-256 digest. */
const SHA256_LENGTH = 32;

/**
 * The one owner of what the pieces of a torrent must hash to: SHA-1 of each with its padding (v1, hybrid), and the SHA-256
 * subtree root of each without (v2, hybrid; BEP 52). The latter come from the .torrent file, or piece by piece from peers where
 * there was only the info dictionary: whoever fetches them hands them to {@link addHashes} and tells the swarm
 * (`SwarmPieces.hashesLearned`). Disk threads see them at once, as they lie in shared memory.
 *
 * Memory: 33 bytes for each piece of a torrent with SHA-256 hashes, once they are used.
 */
export class PieceHashes {
  /** 20 bytes for each piece; undefined for a v2-only torrent. */
  readonly sha1: Uint8Array | undefined;
  readonly #info: TorrentInfo;
  readonly #layers: PieceLayers;
  readonly #layout: () => FileLayout;
  readonly #files: FileColumns;
  #shared: SharedHashes | undefined;
  readonly #trees = new Map<number, FileHashTree>();
  #roots: RootFiles | undefined;
  /** Files whose layer was learned from a peer, or remembered. */
  readonly #learned = new Set<number>();
  /** Files of which some piece hash is unknown; undefined before anybody wanted to know. */
  #unknown: number | undefined;

  /**
   * @param layers the piece layers as far as they are known from the beginning
   * @param layout where the files and pieces lie
   */
  constructor(info: TorrentInfo, layers: PieceLayers, layout: () => FileLayout) {
    this.sha1 = info.pieceHashes;
    this.#info = info;
    this.#layers = layers;
    this.#layout = layout;
    this.#files = fileColumns(info);
  }

  /** 32 bytes for each piece, zeros where they are unknown; undefined for a v1-only torrent. Shared memory, for reading. */
  get sha256(): Uint8Array | undefined {
    return this.shared?.hashes;
  }

  /** The SHA-256 hashes as disk threads see them; undefined for a v1-only torrent. The same memory every time. */
  get shared(): SharedHashes | undefined {
    if (this.#info.infoHashV2 === undefined) return undefined;
    return (this.#shared ??= runNow(this.#fill()));
  }

  /** Gathers what {@link shared} gives, which takes some 30 ms where there are a hundred thousand files: to be done in slices. */
  *prepare(): Steps<void> {
    if (this.#info.infoHashV2 === undefined || this.#shared !== undefined) return;
    const shared = yield* this.#fill();
    // Somebody may have asked for it meanwhile, and has put more into it.
    this.#shared ??= shared;
  }

  /** Whether the SHA-256 hash of a piece is known. */
  isKnown(piece: number): boolean {
    return this.shared?.known[piece] === 1;
  }

  /** Whether a piece can be verified: only then it may be downloaded. */
  isVerifiable(piece: number): boolean {
    return this.sha1 !== undefined || this.isKnown(piece);
  }

  /** The hash tree of a file; undefined for a file that has none: empty, padding, a link, or in a v1-only torrent. */
  treeOf(file: number): FileHashTree | undefined {
    let tree = this.#trees.get(file);
    if (tree !== undefined) return tree;
    const piecesRoot = this.#files.piecesRootOf(file);
    if (piecesRoot === undefined) return undefined;
    tree = new FileHashTree({
      piecesRoot,
      fileLength: this.#files.lengths[file] ?? 0,
      pieceLength: this.#info.pieceLength,
      pieceLayer: this.#layers.layerOf(file),
    });
    this.#trees.set(file, tree);
    return tree;
  }

  /** The first file with a pieces root: the one that messages which name the root mean. Undefined where no file has it. */
  fileOfRoot(root: Uint8Array): number | undefined {
    return (this.#roots ??= new RootFiles(this.#files)).find(root);
  }

  /** Whether there is no piece whose SHA-256 hash is unknown; so it is in a v1-only torrent. */
  get isComplete(): boolean {
    if (this.#unknown === undefined) {
      this.#unknown = 0;
      for (const _file of this.unknownFiles()) this.#unknown++;
    }
    return this.#unknown === 0;
  }

  /** The piece layers as far as they are known by now. Those learned from peers are copied: 32 bytes for each piece. */
  toLayers(): PieceLayers {
    const { shared } = this;
    if (shared === undefined || this.#learned.size === 0) return this.#layers;
    // No layer may stand at byte 0, which means that there is none.
    const bytes = new Uint8Array(SHA256_LENGTH + shared.hashes.length);
    bytes.set(shared.hashes, SHA256_LENGTH);
    const at = new Uint32Array(this.#files.size);
    for (let file = 0; file < at.length; file++) {
      const isKnown = this.#learned.has(file) || this.#layers.layerOf(file) !== undefined;
      if (isKnown) at[file] = SHA256_LENGTH * (1 + this.firstPieceOf(file));
    }
    return PieceLayers.of(this.#info, { bytes, at });
  }

  /** Files of which some piece hash is unknown, in order. */
  *unknownFiles(): Generator<number, void, undefined> {
    if (this.#info.infoHashV2 === undefined) return;
    const { lengths, size } = this.#files;
    const { pieceLength } = this.#info;
    for (let file = 0; file < size; file++) {
      if ((lengths[file] ?? 0) <= pieceLength) continue;
      const isKnown = this.#learned.has(file) || this.#layers.layerOf(file) !== undefined;
      if (!isKnown && this.#files.piecesRootOf(file) !== undefined) yield file;
    }
  }

  /** The piece layers that came from peers and are whole, by pieces root, as {@link restoreLayers} takes them. */
  *learnedLayers(): Generator<readonly [root: Uint8Array, layer: Uint8Array], void, undefined> {
    for (const file of this.#learned) {
      const tree = this.treeOf(file);
      if (tree?.pieceLayer === undefined) continue;
      if (this.fileOfRoot(tree.piecesRoot) === file) yield [tree.piecesRoot, tree.pieceLayer];
    }
  }

  /** Takes piece layers that were remembered, as far as they are still unknown and lead to the roots of their files. */
  restoreLayers(layers: Iterable<readonly [root: Uint8Array, layer: Uint8Array]>): void {
    const remembered = new Map<string, Uint8Array>();
    for (const [root, layer] of layers) remembered.set(Buffer.from(root).toString('latin1'), layer);
    if (remembered.size === 0) return;
    for (const file of this.unknownFiles()) {
      const tree = this.treeOf(file);
      if (tree === undefined) continue;
      const layer = remembered.get(Buffer.from(tree.piecesRoot).toString('latin1'));
      if (layer !== undefined && tree.setPieceLayer(layer)) {
        this.#putPieces(file, tree, 0, tree.geometry.pieceCount);
      }
    }
  }

  /**
   * Ranges of piece hashes that came from peers, of layers that are not whole: pieces root of the file, first piece within it, and
   * the hashes with what proves them, as {@link restoreRanges} takes them.
   */
  *learnedRanges(): Generator<PieceRange, void, undefined> {
    for (const [file, tree] of this.#trees) {
      const request = tree.complete ? undefined : tree.requestFor(0);
      if (request === undefined || this.fileOfRoot(tree.piecesRoot) !== file) continue;
      for (let index = 0; index < tree.geometry.pieceCount; index += request.length) {
        if (tree.pieceHash(index) === undefined) continue;
        const hashes = tree.answer({ ...request, index });
        if (hashes !== undefined) yield [tree.piecesRoot, index, hashes];
      }
    }
  }

  /** Takes ranges that were remembered, as far as they lead to the roots of their files. In turns: each is some 500 digests. */
  async restoreRanges(ranges: readonly PieceRange[]): Promise<void> {
    const remembered = new Map<string, PieceRange[]>();
    for (const range of ranges) {
      const key = Buffer.from(range[0]).toString('latin1');
      const those = remembered.get(key);
      if (those === undefined) remembered.set(key, [range]);
      else those.push(range);
    }
    if (remembered.size === 0) return;
    for (const file of [...this.unknownFiles()]) {
      const root = this.#files.piecesRootOf(file);
      const those = root && remembered.get(Buffer.from(root).toString('latin1'));
      for (const [, index, hashes] of those ?? []) {
        this.#restoreRange(file, index, hashes);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  #restoreRange(file: number, index: number, hashes: Uint8Array): void {
    const tree = this.treeOf(file);
    if (tree === undefined || index >= tree.geometry.pieceCount) return;
    const request = tree.requestFor(index);
    if (request?.index === index) this.addHashes(file, request, hashes);
  }

  /** The file a piece belongs to, in a torrent with SHA-256 hashes, where every file starts at a piece. */
  fileOf(piece: number): number {
    return this.#layout().fileAt(piece * this.#info.pieceLength);
  }

  /**
   * Takes piece hashes from a peer: the answer to a request of the file's tree, see `FileHashTree.addHashes`.
   * @returns the pieces whose hash is known now and was not before; undefined where the hashes do not lead to the file's root
   */
  addHashes(file: number, request: HashRequest, hashes: Uint8Array): number[] | undefined {
    const tree = this.treeOf(file);
    if (tree === undefined || this.shared === undefined) return undefined;
    if (!tree.addHashes(request, hashes)) return undefined;
    const end = Math.min(request.index + request.length, tree.geometry.pieceCount);
    return this.#putPieces(file, tree, request.index, end);
  }

  /** Blocks of a piece that are not all padding. */
  blocksAt(piece: number): number {
    return Math.ceil(this.#layout().payloadLengthAt(piece) / BLOCK_LENGTH);
  }

  /** Whether 32 bytes for each block of a piece are its leaf hashes: whether they lead to its hash, which must be known. */
  areLeavesOf(piece: number, leaves: Uint8Array): boolean {
    const { shared } = this;
    if (shared === undefined || !this.isKnown(piece)) return false;
    const { pieceLength } = this.#info;
    const length = Math.min(pieceLength, this.#files.lengths[this.fileOf(piece)] ?? 0);
    if (leaves.length !== this.blocksAt(piece) * SHA256_LENGTH) return false;
    const root = rootOfLayer(leaves, 0, treeHeight(Math.ceil(length / BLOCK_LENGTH)));
    const at = piece * SHA256_LENGTH;
    return Buffer.compare(root, shared.hashes.subarray(at, at + SHA256_LENGTH)) === 0;
  }

  /** Shows the hashes of some pieces of a file to the disk threads. Gives those that were unknown before. */
  #putPieces(file: number, tree: FileHashTree, from: number, end: number): number[] {
    const { shared } = this;
    const learned: number[] = [];
    if (shared === undefined) return learned;
    const first = this.firstPieceOf(file);
    for (let index = from; index < end; index++) {
      const hash = tree.pieceHash(index);
      if (hash === undefined || this.isKnown(first + index)) continue;
      put(shared, first + index, hash);
      learned.push(first + index);
    }
    if (tree.complete && !this.#learned.has(file)) {
      this.#learned.add(file);
      if (this.#unknown !== undefined) this.#unknown--;
    }
    return learned;
  }

  /** The first piece of a file, in a torrent with SHA-256 hashes. */
  firstPieceOf(file: number): number {
    return Math.floor((this.#files.offsets[file] ?? 0) / this.#info.pieceLength);
  }

  *#fill(): Steps<SharedHashes> {
    const { pieceCount, pieceLength } = this.#info;
    const shared = {
      hashes: new Uint8Array(new SharedArrayBuffer(pieceCount * SHA256_LENGTH)),
      known: new Uint8Array(new SharedArrayBuffer(pieceCount)),
    };
    const { lengths, offsets, size } = this.#files;
    for (let file = 0; file < size; file++) {
      if (file % STEP_ITEMS === STEP_ITEMS - 1) yield;
      const first = Math.floor((offsets[file] ?? 0) / pieceLength);
      const layer = this.#layers.layerOf(file);
      if (layer !== undefined) {
        shared.hashes.set(layer, first * SHA256_LENGTH);
        shared.known.fill(1, first, first + layer.length / SHA256_LENGTH);
        continue;
      }
      // The root of a file of one piece is the hash of that piece.
      if ((lengths[file] ?? 0) > pieceLength) continue;
      if (this.#files.copyPiecesRoot(file, shared.hashes, first * SHA256_LENGTH)) {
        shared.known[first] = 1;
      }
    }
    return shared;
  }
}

/** The hash first and its mark then: a thread that sees the mark sees the whole hash. */
function put({ hashes, known }: SharedHashes, piece: number, hash: Uint8Array): void {
  hashes.set(hash, piece * SHA256_LENGTH);
  Atomics.store(known, piece, 1);
}
