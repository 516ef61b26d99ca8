/** Metadata under way that takes a part of the budget. */
export interface MetadataHolder {
  /** Bytes. */
  readonly length: number;
  /** It does not move on, or has had its time: others come first now. */
  mayYield(now: number): boolean;
  /** What has come of it is dropped. It has been released then. */
  giveUp(): void;
}

/**
 * The memory for metadata under way over all magnet links of a client: peers claim lengths of up to 30 MiB, and several for one
 * link. Each length is reserved as a whole before a piece of it is asked for, so that what was begun can be completed; whoever
 * finds no room waits until others are done, or have had their time.
 */
export class MetadataMemory {
  readonly #limit: number;
  readonly #holders = new Set<MetadataHolder>();
  #reserved = 0;

  /** @param limit bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes. */
  get reserved(): number {
    return this.#reserved;
  }

  /** Whether there is room now; what may yield makes room, the longest first, where that is enough. */
  reserve(holder: MetadataHolder, now: number): boolean {
    let excess = this.#reserved + holder.length - this.#limit;
    if (excess > 0) {
      const yielding = [...this.#holders].filter((other) => other.mayYield(now));
      const free = yielding.reduce((sum, { length }) => sum + length, 0);
      if (free < excess) return false;
      yielding.sort((one, other) => other.length - one.length);
      for (const other of yielding) {
        if (excess <= 0) break;
        excess -= other.length;
        other.giveUp();
      }
    }
    this.#holders.add(holder);
    this.#reserved += holder.length;
    return true;
  }

  release(holder: MetadataHolder): void {
    if (this.#holders.delete(holder)) this.#reserved -= holder.length;
  }
}
