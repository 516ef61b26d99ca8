/** Highest count of a cell. */
const CELL_MAX = 0xffff;
/** Fewest cells of a row. */
const MIN_CELLS = 4_096;

/**
 * How many entries each network has, in a table of fixed size (a count-min sketch that can be counted down, too): never less than
 * the truth, and hardly more while most networks have few. Networks are told apart by a seeded 32-bit hash, so nobody can aim at
 * the count of somebody else.
 */
export class NetworkCounts {
  readonly #mask: number;
  /** Two rows; the lesser of a network's two cells counts. */
  readonly #low: Uint16Array;
  readonly #high: Uint16Array;

  /** @param entries How many there will be at most, of all networks. A cell is shared by 16 of them then. */
  constructor(entries: number) {
    let cells = MIN_CELLS;
    // No more than the 16 bits of the hash that each row goes by.
    while (cells < entries / 16 && cells < 0x1_0000) cells *= 2;
    this.#mask = cells - 1;
    this.#low = new Uint16Array(cells);
    this.#high = new Uint16Array(cells);
  }

  /** Entries of the network, or somewhat more. */
  of(network: number): number {
    return Math.min(
      this.#low[network & this.#mask] ?? 0,
      this.#high[(network >>> 16) & this.#mask] ?? 0,
    );
  }

  /** Counts one entry more. */
  add(network: number): void {
    change(this.#low, network & this.#mask, 1);
    change(this.#high, (network >>> 16) & this.#mask, 1);
  }

  /** Counts one entry less, of those that were added. */
  remove(network: number): void {
    change(this.#low, network & this.#mask, -1);
    change(this.#high, (network >>> 16) & this.#mask, -1);
  }
}

function change(cells: Uint16Array, at: number, by: 1 | -1): void {
  const count = cells[at] ?? 0;
  // A cell that has run over stays so: it must never say less than the truth.
  if (count < CELL_MAX) cells[at] = count + by;
}
