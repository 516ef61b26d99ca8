import { hashBlocks } from '@shoal/metainfo';
import { CHECK_CHUNK_BYTES } from './disk-limits.ts';
import type { WorkerStorage } from './worker-files.ts';
import type { WorkerIo } from './worker-io.ts';
import { leavesLength } from './zero-hashes.ts';

/** Hashes the blocks of pieces where they lie, for others who ask for leaf hashes (BEP 52). */
export class LeafReader {
  readonly #io: WorkerIo;
  #buffer: Uint8Array | undefined;

  constructor(io: WorkerIo) {
    this.#io = io;
  }

  /**
   * SHA-256 of each block of the payload of some pieces, 32 bytes each; undefined where they are not there as a whole. Throws
   * `DiskError`.
   */
  read(
    storage: WorkerStorage,
    pieces: Uint32Array,
    slots: Int32Array | undefined,
  ): Uint8Array<ArrayBuffer> | undefined {
    const { layout } = storage;
    let bytes = 0;
    for (const piece of pieces) bytes += leavesLength(layout.payloadLengthAt(piece));
    const leaves = new Uint8Array(bytes);
    let at = 0;
    for (const [index, piece] of pieces.entries()) {
      const end = at + leavesLength(layout.payloadLengthAt(piece));
      if (!this.#readPiece(storage, piece, slots?.[index] ?? -1, leaves.subarray(at, end))) {
        return undefined;
      }
      at = end;
    }
    return leaves;
  }

  #readPiece(storage: WorkerStorage, piece: number, slot: number, into: Uint8Array): boolean {
    const { layout } = storage;
    const length = layout.payloadLengthAt(piece);
    this.#buffer ??= new Uint8Array(CHECK_CHUNK_BYTES);
    for (let begin = 0; begin < length; begin += CHECK_CHUNK_BYTES) {
      const chunk = this.#buffer.subarray(0, Math.min(CHECK_CHUNK_BYTES, length - begin));
      const there =
        slot < 0
          ? this.#io.readRange(storage, chunk, piece * layout.data.pieceLength + begin)
          : this.#io.readSlot(storage, slot, chunk, begin);
      if (!there) return false;
      hashBlocks(chunk, into.subarray(leavesLength(begin)));
    }
    return true;
  }
}
