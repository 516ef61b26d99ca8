import { createHash } from 'node:crypto';
import { CHECK_CHUNK_BYTES } from './disk-limits.ts';
import type { DiskSpan } from './disk-layout.ts';
import { SHA1_LENGTH, isDigestAt, sha1Text } from './piece-hash.ts';
import type { WorkerStorage } from './worker-files.ts';
import type { WorkerIo } from './worker-io.ts';

/**
 * Hashes pieces where they lie. Files are read in chunks into one buffer that stays in the processor's cache; runs of small
 * pieces are read in one go; stretches of zeros (the holes of a file not downloaded yet) are recognised and not hashed.
 */
export class PieceChecker {
  readonly #io: WorkerIo;
  readonly #buffer = new Uint8Array(CHECK_CHUNK_BYTES);
  readonly #zeros = new Uint8Array(CHECK_CHUNK_BYTES);
  /** SHA-1 of so many zeros, as {@link sha1Text} gives it. A torrent has two piece lengths; a few torrents at once. */
  readonly #zeroDigests = new Map<number, string>();

  constructor(io: WorkerIo) {
    this.#io = io;
  }

  /** 1 for each piece that is whole. Throws `DiskError`. */
  check(
    storage: WorkerStorage,
    pieces: Uint32Array,
    slots: Int32Array | undefined,
  ): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(pieces.length);
    const sizes = new Map<number, number>();
    for (let at = 0; at < pieces.length;) {
      const slot = slots?.[at] ?? -1;
      const run = slot < 0 ? this.#runLength(storage, pieces, slots, at) : 1;
      const piece = pieces[at] ?? 0;
      if (slot < 0 && !this.#isLongEnough(storage, pieces, at, run, sizes, whole)) {
        at += run;
        continue;
      }
      if (run > 1) this.#checkRun(storage, piece, run, whole, at);
      else whole[at] = this.#isWhole(storage, piece, slot) ? 1 : 0;
      at += run;
    }
    return whole;
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
    whole: Uint8Array,
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
      whole[at + index] = this.#isWhole(storage, piece, -1) ? 1 : 0;
    }
    return false;
  }

  #checkRun(
    storage: WorkerStorage,
    first: number,
    run: number,
    whole: Uint8Array,
    at: number,
  ): void {
    const { data } = storage.layout;
    const last = first + run - 1;
    const length = (run - 1) * data.pieceLength + storage.layout.pieceLengthAt(last);
    const bytes = this.#buffer.subarray(0, length);
    if (!this.#io.readRange(storage, bytes, first * data.pieceLength)) return;
    for (let index = 0; index < run; index++) {
      const begin = index * data.pieceLength;
      const piece = bytes.subarray(begin, Math.min(begin + data.pieceLength, length));
      const digest = this.#isZero(piece) ? this.#zeroDigest(piece.length) : sha1Text(piece);
      if (isDigestAt(digest, data.hashes, (first + index) * SHA1_LENGTH)) whole[at + index] = 1;
    }
  }

  /** Reads one piece, from its slot or its files, in chunks. */
  #isWhole(storage: WorkerStorage, piece: number, slot: number): boolean {
    const { layout } = storage;
    const length = layout.pieceLengthAt(piece);
    let hash: ReturnType<typeof createHash> | undefined;
    let digest: string | undefined;
    for (let begin = 0; begin < length; begin += CHECK_CHUNK_BYTES) {
      const chunk = this.#buffer.subarray(0, Math.min(CHECK_CHUNK_BYTES, length - begin));
      const there =
        slot < 0
          ? this.#io.readRange(storage, chunk, piece * layout.data.pieceLength + begin)
          : this.#io.readSlot(storage, slot, chunk, begin);
      if (!there) return false;
      // As long as there were only zeros, hashing is put off.
      if (hash === undefined && this.#isZero(chunk)) continue;
      if (chunk.length === length) {
        digest = sha1Text(chunk);
        break;
      }
      if (hash === undefined) {
        hash = createHash('sha1');
        for (let zeros = begin; zeros > 0; zeros -= CHECK_CHUNK_BYTES) hash.update(this.#zeros);
      }
      hash.update(chunk);
    }
    digest ??= hash === undefined ? this.#zeroDigest(length) : hash.digest('binary');
    return isDigestAt(digest, layout.data.hashes, piece * SHA1_LENGTH);
  }

  #isZero(bytes: Uint8Array): boolean {
    if (bytes[0] !== 0 || bytes[bytes.length - 1] !== 0) return false;
    return Buffer.compare(bytes, this.#zeros.subarray(0, bytes.length)) === 0;
  }

  #zeroDigest(length: number): string {
    let digest = this.#zeroDigests.get(length);
    if (digest === undefined) {
      const hash = createHash('sha1');
      for (let left = length; left > 0; left -= CHECK_CHUNK_BYTES) {
        hash.update(this.#zeros.subarray(0, Math.min(left, CHECK_CHUNK_BYTES)));
      }
      digest = hash.digest('binary');
      if (this.#zeroDigests.size >= 16) this.#zeroDigests.clear();
      this.#zeroDigests.set(length, digest);
    }
    return digest;
  }
}
