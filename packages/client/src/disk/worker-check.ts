import { createHash } from 'node:crypto';
import { hashBlocks } from '@shoal/metainfo';
import { CHECK_CHUNK_BYTES } from './disk-limits.ts';
import type { DiskLayout, DiskSpan } from './disk-layout.ts';
import {
  DAMAGED,
  type PieceVerifier,
  type Verdict,
  addZeros,
  isRootOf,
  isSha1Of,
  isSha256Of,
  knowsV2,
  verdictOf,
} from './piece-verifier.ts';
import type { WorkerStorage } from './worker-files.ts';
import type { WorkerIo } from './worker-io.ts';
import { ZeroHashes, leavesLength } from './zero-hashes.ts';

/**
 * Hashes pieces where they lie. Files are read in chunks into one buffer that stays in the processor's cache; runs of small
 * pieces are read in one go; stretches of zeros (the holes of a file not downloaded yet) are recognised and not hashed.
 */
export class PieceChecker {
  readonly #io: WorkerIo;
  readonly #verifier: PieceVerifier;
  readonly #buffer = new Uint8Array(CHECK_CHUNK_BYTES);
  readonly #zeros = new Uint8Array(CHECK_CHUNK_BYTES);
  readonly #zeroHashes = new ZeroHashes();

  constructor(io: WorkerIo, verifier: PieceVerifier) {
    this.#io = io;
    this.#verifier = verifier;
  }

  /** What each piece is worth, as a {@link Verdict}. Throws `DiskError`. */
  check(
    storage: WorkerStorage,
    pieces: Uint32Array,
    slots: Int32Array | undefined,
  ): Uint8Array<ArrayBuffer> {
    const verdicts = new Uint8Array(pieces.length);
    const sizes = new Map<number, number>();
    for (let at = 0; at < pieces.length;) {
      const slot = slots?.[at] ?? -1;
      const run = slot < 0 ? this.#runLength(storage, pieces, slots, at) : 1;
      const piece = pieces[at] ?? 0;
      if (slot < 0 && !this.#isLongEnough(storage, pieces, at, run, sizes, verdicts)) {
        at += run;
        continue;
      }
      if (run > 1) this.#checkRun(storage, piece, run, verdicts, at);
      else verdicts[at] = this.#verdict(storage, piece, slot);
      at += run;
    }
    return verdicts;
  }

  /** How many pieces from `at` on follow each other and fit into the buffer together. */
  #runLength(
    { layout }: WorkerStorage,
    pieces: Uint32Array,
    slots: Int32Array | undefined,
    at: number,
  ): number {
    const most = Math.floor(CHECK_CHUNK_BYTES / layout.data.pieceLength);
    const first = pieces[at] ?? 0;
    let run = 1;
    while (run < most && pieces[at + run] === first + run && (slots?.[at + run] ?? -1) < 0) run++;
    return run;
  }

  /** Whether the files are there and long enough; if not, and the run is more than one piece, finds out for each. */
  #isLongEnough(
    storage: WorkerStorage,
    pieces: Uint32Array,
    at: number,
    run: number,
    sizes: Map<number, number>,
    verdicts: Uint8Array,
  ): boolean {
    const { layout } = storage;
    const first = pieces[at] ?? 0;
    const last = first + run - 1;
    const start = first * layout.data.pieceLength;
    const end = last * layout.data.pieceLength + layout.pieceLengthAt(last);
    const exists = ({ file, fileOffset, length }: DiskSpan) => {
      if (layout.isPadding(file)) return true;
      let size = sizes.get(file);
      if (size === undefined) sizes.set(file, (size = this.#io.sizeOf(storage, file)));
      return size >= fileOffset + length;
    };
    if (layout.spans(start, end - start).every(exists)) return true;
    for (let index = 0; run > 1 && index < run; index++) {
      const piece = first + index;
      if (!layout.spansOfPiece(piece).every(exists)) continue;
      verdicts[at + index] = this.#verdict(storage, piece, -1);
    }
    return false;
  }

  #checkRun(
    storage: WorkerStorage,
    first: number,
    run: number,
    verdicts: Uint8Array,
    at: number,
  ): void {
    const { layout } = storage;
    const { pieceLength } = layout.data;
    const last = first + run - 1;
    const length = (run - 1) * pieceLength + layout.pieceLengthAt(last);
    const bytes = this.#buffer.subarray(0, length);
    if (!this.#io.readRange(storage, bytes, first * pieceLength)) return;
    for (let index = 0; index < run; index++) {
      const piece = first + index;
      const begin = index * pieceLength;
      const payload = bytes.subarray(begin, begin + layout.payloadLengthAt(piece));
      verdicts[at + index] = this.#verdictOn(layout, piece, payload);
    }
  }

  /** Reads one piece, from its slot or its files, in chunks. */
  #verdict(storage: WorkerStorage, piece: number, slot: number): Verdict {
    const { layout } = storage;
    const length = layout.payloadLengthAt(piece);
    const sha1 = layout.data.hashes === undefined ? undefined : createHash('sha1');
    const leaves = knowsV2(layout, piece) ? this.#verifier.leavesFor(length) : undefined;
    /** Zeros it begins with. As long as there is nothing else, hashing is put off. */
    let zeros = 0;
    for (let begin = 0; begin < length; begin += CHECK_CHUNK_BYTES) {
      const chunk = this.#buffer.subarray(0, Math.min(CHECK_CHUNK_BYTES, length - begin));
      const there =
        slot < 0
          ? this.#io.readRange(storage, chunk, piece * layout.data.pieceLength + begin)
          : this.#io.readSlot(storage, slot, chunk, begin);
      if (!there) return DAMAGED;
      if (chunk.length === length) return this.#verdictOn(layout, piece, chunk);
      if (zeros === begin) {
        if (this.#isZero(chunk)) {
          zeros += chunk.length;
          continue;
        }
        if (sha1 !== undefined) addZeros(sha1, zeros);
        leaves?.set(this.#zeroHashes.leaves(zeros));
      }
      sha1?.update(chunk);
      if (leaves !== undefined) hashBlocks(chunk, leaves.subarray(leavesLength(begin)));
    }
    if (zeros === length) return this.#verdictOnZeros(layout, piece);
    if (sha1 !== undefined) addZeros(sha1, layout.pieceLengthAt(piece) - length);
    return verdictOf(
      sha1 && isSha1Of(layout, piece, sha1.digest('binary')),
      leaves && isRootOf(layout, piece, leaves),
    );
  }

  #verdictOn(layout: DiskLayout, piece: number, payload: Uint8Array): Verdict {
    if (this.#isZero(payload)) return this.#verdictOnZeros(layout, piece);
    return this.#verifier.verify(layout, piece, payload);
  }

  #verdictOnZeros(layout: DiskLayout, piece: number): Verdict {
    const sha1 = layout.data.hashes && this.#zeroHashes.sha1(layout.pieceLengthAt(piece));
    const root = knowsV2(layout, piece)
      ? this.#zeroHashes.root(layout.payloadLengthAt(piece), layout.hashLayerOf(piece))
      : undefined;
    return verdictOf(
      sha1 === undefined ? undefined : isSha1Of(layout, piece, sha1),
      root && isSha256Of(layout, piece, root),
    );
  }

  #isZero(bytes: Uint8Array): boolean {
    if ((bytes[0] ?? 0) !== 0 || (bytes[bytes.length - 1] ?? 0) !== 0) return false;
    return Buffer.compare(bytes, this.#zeros.subarray(0, bytes.length)) === 0;
  }
}
