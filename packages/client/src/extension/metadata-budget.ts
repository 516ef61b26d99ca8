/** How often a peer may fetch the whole metadata at once: a restart, or an answer that was lost, is no attack. */
const WHOLES = 2;

/** Pieces of metadata a peer gets at least, however small the metadata is. */
const MIN_PIECES = 16;

/** Milliseconds in which a peer earns one further piece. */
const PIECE_TIME = 1_000;

/**
 * What one peer may fetch of our metadata (BEP 9), so that requests, which are small, cannot be made to cost 16 KiB of upload
 * each without end: twice the whole, then a piece a second.
 */
export class MetadataBudget {
  readonly #most: number;
  #left: number;
  #at: number;

  /** @param pieces of the metadata */
  constructor(pieces: number, now: number) {
    this.#most = Math.max(MIN_PIECES, WHOLES * pieces);
    this.#left = this.#most;
    this.#at = now;
  }

  /** Takes one piece; false where the peer has had enough for now. `now` is monotonic ms. */
  take(now: number): boolean {
    this.#left = Math.min(this.#most, this.#left + (now - this.#at) / PIECE_TIME);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
