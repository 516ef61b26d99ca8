import type { Random } from '../contracts.ts';

/** Largest piece of a stream that crosses the simulated network as one, in bytes. */
export const CHUNK_MAX = 65_536;
/** Chunks up to this size get memory of their own; larger ones take a buffer of the pool. */
const POOLED_FROM = 8_192;
/** Bytes a FIN or reset takes on a link: a TCP/IP header. */
const HEADER_BYTES = 40;
/** One chunk in this many is a small one, so that the heads of messages get torn apart too. */
const SMALL_ONE_IN = 8;
const SMALL_MAX = 256;
/** What a chunk's memory is filled with after it was delivered, so that keeping a view of it shows. */
const POISON = 0xdd;

/** A piece of a stream, or its end, under way from one side to the other. */
export interface Chunk {
  readonly kind: 'data' | 'fin';
  /** Empty for a FIN. */
  readonly bytes: Uint8Array;
  readonly cost: number;
}

/** The end of a stream. */
export const FIN: Chunk = { kind: 'fin', bytes: new Uint8Array(0), cost: HEADER_BYTES };

/** Cuts streams into chunks and lends them their memory. */
export class ChunkMaker {
  readonly #random: Random;
  readonly #pool: Uint8Array[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** How long the next chunk shall be: 1 to `limit` bytes. */
  length(limit: number): number {
    if (limit <= 1) return 1;
    const largest = Math.min(limit, CHUNK_MAX);
    if (this.#random.integer(SMALL_ONE_IN) === 0) {
      return 1 + this.#random.integer(Math.min(largest, SMALL_MAX));
    }
    const half = largest >> 1;
    return half + 1 + this.#random.integer(largest - half);
  }

  /** Memory for a chunk of `length` bytes. */
  data(length: number): Chunk {
    if (length <= POOLED_FROM) return { kind: 'data', bytes: new Uint8Array(length), cost: length };
    const buffer = this.#pool.pop() ?? new Uint8Array(CHUNK_MAX);
    return { kind: 'data', bytes: buffer.subarray(0, length), cost: length };
  }

  /** Takes a delivered chunk's memory back. */
  recycle(chunk: Chunk): void {
    if (chunk.kind !== 'data') return;
    chunk.bytes.fill(POISON);
    if (chunk.bytes.length > POOLED_FROM) this.#pool.push(new Uint8Array(chunk.bytes.buffer));
  }
}
