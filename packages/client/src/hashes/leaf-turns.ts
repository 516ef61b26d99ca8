/**
 * Pieces read at a time to answer others' requests for leaf hashes, by all torrents of a client. One keeps a worker busy; with
 * two the others' pieces are still written.
 */
const MAX_READS = 2;

/** Whose turn it is to have pieces read for their leaf hashes. */
export class LeafTurns {
  #running = 0;

  /** False: not now; to be tried again later. */
  take(): boolean {
    if (this.#running >= MAX_READS) return false;
    this.#running++;
    return true;
  }

  giveBack(): void {
    this.#running--;
  }
}
