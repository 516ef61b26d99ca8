import { PIECE_HEADER_LENGTH, encodePieceHeader } from '@shoal/peer-wire';
import type { SendBuffers } from './send-buffers.ts';
import type { BlockRead, TorrentStorage } from './storage.ts';

/** A block a peer has asked for. */
export interface UploadRequest {
  readonly piece: number;
  /** Bytes from the start of the piece. */
  readonly begin: number;
  readonly length: number;
}

/** `piece` messages, ready to be sent. */
export interface UploadBatch {
  /** All messages, one after the other; valid until {@link recycle}. */
  readonly bytes: Uint8Array;
  /** Gives the memory back. To be called once the bytes have left, or will not be sent. Idempotent. */
  recycle(): void;
}

/**
 * Turns requests into the bytes that answer them: a buffer is laid out as header, gap, header, gap …, and all gaps are
 * filled by as few `readv` calls as the files allow. The buffer is sent whole. So a block costs one copy, from the page cache,
 * and the page cache is the only read cache: it knows best what is read often, and costs no memory of ours.
 */
export class UploadReader {
  readonly #storage: TorrentStorage;
  readonly #buffers: SendBuffers;

  constructor(storage: TorrentStorage, buffers: SendBuffers) {
    this.#storage = storage;
    this.#buffers = buffers;
  }

  /**
   * Reads blocks of pieces that are there. Waits while all send buffers are in use. Rejects with a `DiskError` where
   * reading fails, with a `RangeError` for blocks there are not, with a `WireError` for numbers that fit no message.
   */
  async read(requests: readonly UploadRequest[]): Promise<UploadBatch> {
    let total = 0;
    for (const { length } of requests) total += PIECE_HEADER_LENGTH + length;
    const acquired = this.#buffers.acquire(total);
    const buffer = acquired instanceof Promise ? await acquired : acquired;
    try {
      const reads: BlockRead[] = [];
      let at = 0;
      for (const { piece, begin, length } of requests) {
        encodePieceHeader(buffer, at, piece, begin, length);
        at += PIECE_HEADER_LENGTH;
        reads.push({ piece, begin, length, at });
        at += length;
      }
      await this.#storage.readBlocks(buffer, reads);
    } catch (error) {
      this.#buffers.release(buffer);
      throw error;
    }
    let recycled = false;
    return {
      bytes: buffer.subarray(0, total),
      recycle: () => {
        if (recycled) return;
        recycled = true;
        this.#buffers.release(buffer);
      },
    };
  }
}
