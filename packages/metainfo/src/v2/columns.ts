/** Entries that the columns of a list whose length is not known have room for at first. */
const MIN_CAPACITY = 64;

/** The columns of a list of files that grows. */
export class GrowingColumns {
  /** Entries so far. */
  size = 0;
  lengths = new Float64Array(MIN_CAPACITY);
  offsets = new Float64Array(MIN_CAPACITY);
  bits = new Uint8Array(MIN_CAPACITY);
  /** Where the pieces root of each stands, or 0. */
  roots = new Uint32Array(MIN_CAPACITY);
  /** Where the name of each starts; 0 for padding. */
  names = new Uint32Array(MIN_CAPACITY);
  /** Bytes of each name. */
  nameSizes = new Uint8Array(MIN_CAPACITY);
  /** Number of the folder each is in. */
  folders = new Uint32Array(MIN_CAPACITY);

  /** Add an entry of zeros; its index. */
  add(): number {
    if (this.size === this.lengths.length) this.#resize(2 * this.size);
    return this.size++;
  }

  /** Give back the room that is not used. */
  trim(): void {
    if (this.size < this.lengths.length) this.#resize(this.size);
  }

  #resize(capacity: number): void {
    this.lengths = resized(this.lengths, new Float64Array(capacity));
    this.offsets = resized(this.offsets, new Float64Array(capacity));
    this.bits = resized(this.bits, new Uint8Array(capacity));
    this.roots = resized(this.roots, new Uint32Array(capacity));
    this.names = resized(this.names, new Uint32Array(capacity));
    this.nameSizes = resized(this.nameSizes, new Uint8Array(capacity));
    this.folders = resized(this.folders, new Uint32Array(capacity));
  }
}

type NumberArray = Float64Array | Uint32Array | Uint8Array;

/** The entries of one array in another one, as many as it has room for. */
export function resized<T extends NumberArray>(from: T, into: T): T {
  into.set(from.length > into.length ? from.subarray(0, into.length) : from);
  return into;
}
