/** Smallest buffer, in bytes: some sixty requests, what one turn of a busy connection sends. */
const MIN_BUFFER_LENGTH = 1_024;
/** Largest buffer kept for reuse, in bytes: 64 KiB. Larger ones (a huge bitfield) are left to the garbage collector. */
const MAX_POOLED_LENGTH = 65_536;

/**
 * Buffers for {@link WireEncoder}s, each a power of two from 1 KiB to 64 KiB. Share one pool between all connections of
 * a client: then memory follows what is being sent, not how many peers there are.
 */
export class EncoderBufferPool {
  readonly #maxPooledBytes: number;
  readonly #free: Uint8Array[][] = [];
  readonly #lent = new WeakSet<ArrayBufferLike>();
  #pooledBytes = 0;

  /** @param maxPooledBytes most bytes of buffers kept for reuse. Default 131,072: two of the largest. */
  constructor(maxPooledBytes: number = 2 * MAX_POOLED_LENGTH) {
    this.#maxPooledBytes = maxPooledBytes;
  }

  /** Bytes of the buffers waiting to be reused. */
  get pooledBytes(): number {
    return this.#pooledBytes;
  }

  /** A buffer of at least `length` bytes with whatever content. */
  obtain(length: number): Uint8Array {
    if (length > MAX_POOLED_LENGTH) return new Uint8Array(length);
    const size = Math.max(MIN_BUFFER_LENGTH, 2 ** Math.ceil(Math.log2(length)));
    const reused = this.#free[sizeClass(size)]?.pop();
    if (reused === undefined) return new Uint8Array(size);
    this.#pooledBytes -= size;
    return reused;
  }

  /** Takes back a buffer that only its encoder knows. */
  release(buffer: Uint8Array): void {
    const size = buffer.length;
    if (size < MIN_BUFFER_LENGTH || size > MAX_POOLED_LENGTH) return;
    if (this.#pooledBytes + size > this.#maxPooledBytes) return;
    (this.#free[sizeClass(size)] ??= []).push(buffer);
    this.#pooledBytes += size;
  }

  /** Notes that a buffer is now with a caller, who may give it back once. */
  lend(buffer: Uint8Array): void {
    this.#lent.add(buffer.buffer);
  }

  /** Takes back a lent buffer, or a view of it. Others, and one given back already or detached, are ignored. */
  recycle(bytes: Uint8Array): void {
    if (!this.#lent.delete(bytes.buffer) || bytes.buffer.byteLength === 0) return;
    this.release(new Uint8Array(bytes.buffer));
  }
}

function sizeClass(size: number): number {
  return Math.log2(size);
}
