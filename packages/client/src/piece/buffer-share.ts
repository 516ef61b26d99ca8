import type { PieceBufferSource } from './partial-pieces.ts';
import type { PieceBuffers } from './piece-buffers.ts';

/**
 * One torrent's dealings with the piece buffers that all torrents share: asked in vain, it is told to ask again in turn, unless
 * it has given memory up and not completed a piece since. Such a torrent may have what is free, but others go first.
 */
export class BufferShare implements PieceBufferSource {
  readonly #buffers: PieceBuffers;
  readonly #retry: () => void;
  #hasYielded = false;
  /** What the buffers' count of refusals was at the last look. */
  #refusals = 0;

  /** @param retry asks again */
  constructor(buffers: PieceBuffers, retry: () => void) {
    this.#buffers = buffers;
    this.#retry = retry;
  }

  acquire(length: number): ArrayBuffer | undefined {
    const buffer = this.#buffers.acquire(length);
    if (buffer === undefined && !this.#hasYielded) this.#buffers.wait(this, this.#retry);
    return buffer;
  }

  get diskIsBehind(): boolean {
    return this.#buffers.diskIsBehind;
  }

  release(buffer: ArrayBuffer): void {
    this.#buffers.release(buffer);
  }

  /** An acquired buffer of so many bytes goes to the disk. */
  writing(length: number): void {
    this.#buffers.writing(length);
  }

  /** A buffer of so many bytes came back from the disk. Once what it held is settled, {@link serveWaiting} is due. */
  returned(length: number): void {
    this.#buffers.returned(length);
  }

  /** A piece was completed. */
  completed(): void {
    this.#hasYielded = false;
  }

  /** Lets all torrents that asked in vain try again in turn. */
  serveWaiting(): void {
    this.#buffers.serveWaiting();
  }

  /** Whether anybody has asked for memory in vain since the last look. */
  isShort(): boolean {
    const { refusals } = this.#buffers;
    const isShort = refusals !== this.#refusals;
    this.#refusals = refusals;
    return isShort;
  }

  /** The torrent gives up what it has: it leaves the line, and stays out of it until a piece is complete. */
  yield(): void {
    this.#hasYielded = true;
    this.leave();
  }

  /** Gives up the place in the line. */
  leave(): void {
    this.#buffers.forget(this);
  }
}
