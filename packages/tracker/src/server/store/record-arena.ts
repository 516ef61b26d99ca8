/** Records that a block of a shared chunk may have room for; a swarm beyond the last has an array of its own. */
const BLOCK_SIZES: readonly number[] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
/** Records of the largest block. */
export const LARGEST_BLOCK = 64;
/** Bytes of a chunk: many blocks of one size. Small enough that chunks fall empty again when swarms die. */
const CHUNK_BYTES = 65_536;
const WORD_BYTES = 4;
/** An array of its own grows by this factor. */
const GROWTH = 1.5;

/** The size in {@link BLOCK_SIZES} for each number of records. */
const SIZE_FOR = Uint8Array.from(
  { length: LARGEST_BLOCK + 1 },
  (_, records) => BLOCK_SIZES.find((size) => size >= records) ?? LARGEST_BLOCK,
);

/** Records that a table with at least `records` should have room for. */
export function roomFor(records: number): number {
  return records <= LARGEST_BLOCK ? (SIZE_FOR[records] ?? 0) : Math.ceil(records * GROWTH);
}

/** Memory for blocks of one size, or for a single table that is larger than any block. */
export class Chunk {
  readonly words: Uint32Array;
  /** Records of each block. */
  readonly blockRecords: number;
  readonly #blockWords: number;
  /** Word at which the first free block begins, plus one; its first word names the next one likewise. */
  #free = 0;
  /** Word at which the part begins that was never used. */
  #fresh = 0;
  #used = 0;
  /** Where the arena's list of chunks with room has this one; -1 when it is full. */
  place = -1;

  constructor(blocks: number, blockRecords: number, recordWords: number) {
    this.blockRecords = blockRecords;
    this.#blockWords = blockRecords * recordWords;
    this.words = new Uint32Array(blocks * this.#blockWords);
  }

  get isEmpty(): boolean {
    return this.#used === 0;
  }

  get isFull(): boolean {
    return this.#free === 0 && this.#fresh === this.words.length;
  }

  /** The word at which a block begins that is now the caller's. The chunk must not be full. */
  take(): number {
    this.#used += 1;
    if (this.#free === 0) {
      const base = this.#fresh;
      this.#fresh += this.#blockWords;
      return base;
    }
    const base = this.#free - 1;
    this.#free = this.words[base] ?? 0;
    return base;
  }

  give(base: number): void {
    this.words[base] = this.#free;
    this.#free = base + 1;
    this.#used -= 1;
  }
}

/**
 * Memory for the peers of all swarms of one address family. Most swarms are tiny and there are very many of them, so their
 * records share large arrays: a typed array for each swarm costs more than the peers in it. A chunk none of whose blocks is in
 * use is given up.
 */
export class RecordArena {
  /** 32-bit words of an address and port. */
  readonly keyWords: number;
  /** 32-bit words of a peer: its key, the time it was seen, its id. */
  readonly recordWords: number;
  /** Differs from process to process, so that nobody can choose addresses that collide. */
  readonly seed: number;
  /** For each size of block, the chunks that have room. */
  readonly #rooms = new Map<number, Chunk[]>();
  #bytes = 0;

  constructor(keyWords: number, recordWords: number, seed: number) {
    this.keyWords = keyWords;
    this.recordWords = recordWords;
    this.seed = seed;
  }

  /** Bytes of all chunks. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A chunk with room for a block of `records`, one of the numbers that {@link roomFor} gives. */
  chunkFor(records: number): Chunk {
    if (records > LARGEST_BLOCK) return this.#made(new Chunk(1, records, this.recordWords));
    let rooms = this.#rooms.get(records);
    if (rooms === undefined) this.#rooms.set(records, (rooms = []));
    const last = rooms.at(-1);
    if (last !== undefined) return last;
    const blocks = Math.floor(CHUNK_BYTES / (records * this.recordWords * WORD_BYTES));
    const chunk = this.#made(new Chunk(blocks, records, this.recordWords));
    chunk.place = 0;
    rooms.push(chunk);
    return chunk;
  }

  /** Takes a block of the chunk that {@link chunkFor} gave. */
  take(chunk: Chunk): number {
    const base = chunk.take();
    if (chunk.isFull && chunk.place >= 0) this.#unlist(chunk);
    return base;
  }

  release(chunk: Chunk, base: number): void {
    const isShared = chunk.blockRecords <= LARGEST_BLOCK;
    chunk.give(base);
    const rooms = this.#rooms.get(chunk.blockRecords) ?? [];
    if (isShared && chunk.place < 0) {
      chunk.place = rooms.length;
      rooms.push(chunk);
    }
    if (!chunk.isEmpty) return;
    // One is kept, so that a single swarm that comes and goes does not make a chunk each time.
    if (isShared && rooms.length === 1) return;
    if (isShared) this.#unlist(chunk);
    this.#bytes -= chunk.words.byteLength;
  }

  #made(chunk: Chunk): Chunk {
    this.#bytes += chunk.words.byteLength;
    return chunk;
  }

  #unlist(chunk: Chunk): void {
    const rooms = this.#rooms.get(chunk.blockRecords) ?? [];
    const last = rooms.pop();
    if (last !== undefined && last !== chunk) {
      rooms[chunk.place] = last;
      last.place = chunk.place;
    }
    chunk.place = -1;
  }
}
