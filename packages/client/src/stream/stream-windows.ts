/** Pieces from `first` to `last`, both included. */
export interface PieceWindow {
  readonly first: number;
  readonly last: number;
}

/** Which pieces the open streams of a torrent need next. */
export class StreamWindows {
  readonly #windows = new Map<object, PieceWindow>();

  /** One window counts at a time, that of the stream that moved last: it is the one somebody waits for. */
  get current(): PieceWindow | undefined {
    return [...this.#windows.values()].at(-1);
  }

  /** A stream has moved, or is done. */
  move(stream: object, window: PieceWindow | undefined): void {
    this.#windows.delete(stream);
    if (window !== undefined) this.#windows.set(stream, window);
  }
}
