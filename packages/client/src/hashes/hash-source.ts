import type { BlockRange, FileHashTree, HashRequest } from '@shoal/metainfo';
import type { Bitfield } from '@shoal/peer-wire';
import type { TorrentStorage } from '../disk/storage.ts';
import type { LeafTurns } from './leaf-turns.ts';
import type { PieceHashes } from './piece-hashes.ts';

/** Bytes of a block (BEP 52). */
const BLOCK_LENGTH = 16_384;
/** Bytes of a SHA-256 digest. */
const SHA256_LENGTH = 32;

/**
 * What becomes of a request: its answer is at hand; it takes long to be made; leaves have to be read for it; it is rejected; or nothing is said, as a
 * reject would do harm.
 */
export type HashPlan =
  | { readonly kind: 'answer'; readonly hashes: Uint8Array }
  | {
      readonly kind: 'read';
      readonly tree: FileHashTree;
      readonly blocks: BlockRange;
      readonly file: number;
    }
  | { readonly kind: 'prove'; readonly tree: FileHashTree }
  | { readonly kind: 'reject' }
  | { readonly kind: 'silence' };

const REJECT: HashPlan = { kind: 'reject' };
const SILENCE: HashPlan = { kind: 'silence' };

export interface HashSourceParts {
  readonly hashes: PieceHashes;
  readonly storage: Pick<TorrentStorage, 'hashLeaves'>;
  /** Pieces that are there. */
  readonly have: Bitfield;
  readonly pieceLength: number;
  readonly turns: LeafTurns;
}

/** Where the answers to hash requests (BEP 52) for one torrent come from: piece hashes from memory, leaf hashes from disk. */
export class HashSource {
  readonly turns: LeafTurns;
  readonly #parts: HashSourceParts;
  /** Upper layers of trees that are being made. */
  readonly #proving = new Map<FileHashTree, Promise<void>>();

  constructor(parts: HashSourceParts) {
    this.#parts = parts;
    this.turns = parts.turns;
  }

  /** What to do about a request, in whatever numbers. */
  plan(request: HashRequest): HashPlan {
    const { hashes, storage, pieceLength } = this.#parts;
    const isLeaf = request.baseLayer === 0 && pieceLength > BLOCK_LENGTH;
    // libtorrent before 2.0.14 crashes on a reject of leaf hashes.
    const refusal = isLeaf ? SILENCE : REJECT;
    if (isFatal(request, hashes)) return SILENCE;
    const file = hashes.fileOfRoot(request.piecesRoot);
    const tree = file === undefined ? undefined : hashes.treeOf(file);
    if (file === undefined || tree === undefined) return refusal;
    const proper = properOf(request);
    const blocks = tree.blocksNeeded(proper);
    if (blocks === undefined) return refusal;
    if (isLeaf && blocks.count > 0) {
      const canRead = storage.hashLeaves !== undefined && this.#has(file, blocks);
      return canRead ? { kind: 'read', tree, blocks, file } : SILENCE;
    }
    if (tree.proofsPending) return { kind: 'prove', tree };
    const answer = tree.answer(proper);
    return answer === undefined ? refusal : { kind: 'answer', hashes: inOrderOf(request, answer) };
  }

  /**
   * Reads what is needed for the answer. Undefined where there is none: the file is damaged, or cannot be read, which whoever is
   * asked for blocks of it will find out.
   */
  async read(
    request: HashRequest,
    { tree, blocks, file }: Extract<HashPlan, { kind: 'read' }>,
  ): Promise<Uint8Array | undefined> {
    const { hashes, storage } = this.#parts;
    const [first, count] = this.#piecesOf(blocks);
    const from = hashes.firstPieceOf(file) + first;
    try {
      const leaves = await storage.hashLeaves?.(from, count);
      if (leaves?.length !== blocks.count * SHA256_LENGTH) return undefined;
      await this.#proofsOf(tree);
      const answer = tree.answer(properOf(request), leaves);
      return answer && inOrderOf(request, answer);
    } catch {
      return undefined;
    }
  }

  /** Makes the upper layers of a large file's tree first, in steps, so that nothing else is held up. */
  async prove(request: HashRequest, tree: FileHashTree): Promise<Uint8Array | undefined> {
    await this.#proofsOf(tree);
    const answer = tree.answer(properOf(request));
    return answer && inOrderOf(request, answer);
  }

  /** Bytes to be read for an answer. */
  bytesOf(plan: HashPlan): number {
    return plan.kind === 'read' ? plan.blocks.count * BLOCK_LENGTH : 0;
  }

  /** Once for all who ask. */
  async #proofsOf(tree: FileHashTree): Promise<void> {
    if (!tree.proofsPending) return;
    const proving = this.#proving.get(tree) ?? inSteps(tree.makeProofs());
    this.#proving.set(tree, proving);
    await proving;
    this.#proving.delete(tree);
  }

  /** First piece within the file, and how many. */
  #piecesOf({ first, count }: BlockRange): readonly [number, number] {
    const blocksOfPiece = this.#parts.pieceLength / BLOCK_LENGTH;
    return [first / blocksOfPiece, Math.ceil(count / blocksOfPiece)];
  }

  #has(file: number, blocks: BlockRange): boolean {
    const { hashes, have } = this.#parts;
    const [first, count] = this.#piecesOf(blocks);
    const from = hashes.firstPieceOf(file) + first;
    for (let piece = from; piece < from + count; piece++) if (!have.get(piece)) return false;
    return true;
  }
}

/** Gives the event loop a turn after each step. */
async function inSteps(steps: Iterable<void>): Promise<void> {
  for (const _step of steps) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Whether libtorrent 2.0.8 would stop the torrent with an error at a right answer. A single hash that is a leaf at once (pieces
 * of one block) it takes for a block that it had already and that is now proved; in a hybrid a piece proved so, but not had by
 * its SHA-1, counts as a contradiction of the two parts. Without the hash the SHA-1 is enough to it.
 */
function isFatal({ baseLayer, length }: HashRequest, { sha1 }: PieceHashes): boolean {
  return sha1 !== undefined && baseLayer === 0 && length === 1;
}

/** libtorrent asks for single hashes where one piece is left over, and means the hash and its sibling (see `hashCount`). */
function properOf(request: HashRequest): HashRequest {
  const { index, length } = request;
  return length === 1 ? { ...request, index: index - (index % 2), length: 2 } : request;
}

/** The hash that was asked for comes before its sibling. */
function inOrderOf({ index, length }: HashRequest, hashes: Uint8Array): Uint8Array {
  if (length !== 1 || index % 2 === 0) return hashes;
  const sibling = hashes.slice(0, SHA256_LENGTH);
  hashes.copyWithin(0, SHA256_LENGTH, 2 * SHA256_LENGTH);
  hashes.set(sibling, SHA256_LENGTH);
  return hashes;
}
