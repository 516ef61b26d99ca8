import { Buffer } from 'node:buffer';
import { PeerTable } from './peer-table.ts';
import type { RecordArena } from './record-arena.ts';
import type { SwarmAnswer, SwarmFigures } from './swarm-store.ts';

const ID_LENGTH = 20;
const NONE = Buffer.alloc(0);

/**
 * Seeds that who says to be a seed is told of where there is nobody else. Clients that have a magnet link only say so, too (aria2
 * does), as nothing is left of what they know nothing about; they need a seed for the metadata.
 */
export const SEEDS_FOR_A_SEED = 8;

/** Whom a swarm is asked for peers by, and which. */
export interface Asker {
  /** Peers wanted. */
  readonly wanted: number;
  /** It says that it has the whole torrent: of little use are other seeds. */
  readonly seed: boolean;
  /** Peer ids are wanted, too. */
  readonly withIds: boolean;
  /** Peers of this address family only. */
  readonly family?: 4 | 6 | undefined;
}

/** One torrent's peers, of both address families. Tables are made when first needed. */
export class Swarm implements SwarmFigures {
  downloaded = 0;
  /** Clock time in seconds of the last announce. */
  lastSeen = 0;
  #table4: PeerTable | undefined;
  #table6: PeerTable | undefined;

  get complete(): number {
    return (this.#table4?.seeds ?? 0) + (this.#table6?.seeds ?? 0);
  }

  get incomplete(): number {
    return this.size - this.complete;
  }

  get size(): number {
    return (this.#table4?.size ?? 0) + (this.#table6?.size ?? 0);
  }

  /** The table of an address family, where there is one. */
  table(family: 4 | 6): PeerTable | undefined {
    return family === 4 ? this.#table4 : this.#table6;
  }

  /** Like {@link table}, and makes one. `arena` is that of the family. */
  ownTable(family: 4 | 6, arena: RecordArena): PeerTable {
    return family === 4
      ? (this.#table4 ??= new PeerTable(arena))
      : (this.#table6 ??= new PeerTable(arena));
  }

  /** Removes the peers last seen before `deadline` (seconds). */
  expire(deadline: number): void {
    this.#table4?.expire(deadline);
    this.#table6?.expire(deadline);
  }

  /**
   * Peers at random, each family giving in proportion to its size. `own` and `slot` name the asking peer, if it is there. For a
   * seed, there are no seeds among them, or a few where there is nobody else.
   */
  choose(
    asker: Asker,
    own: PeerTable | undefined,
    slot: number,
    random: () => number,
  ): SwarmAnswer {
    const { family } = asker;
    const table4 = family === 6 ? undefined : this.#table4;
    const table6 = family === 4 ? undefined : this.#table6;
    const leechers = leechersOf(table4) + leechersOf(table6);
    const seed = asker.seed && leechers > 0;
    const most = asker.seed && !seed ? SEEDS_FOR_A_SEED : Infinity;
    const count4 = table4 === undefined ? 0 : available(table4, seed, own, slot);
    const count6 = table6 === undefined ? 0 : available(table6, seed, own, slot);
    const total = count4 + count6;
    const wanted = Math.min(asker.wanted, total, most);
    // In proportion, rounded up; the second gets exactly what is left.
    const take4 = wanted <= 0 ? 0 : Math.ceil((wanted * count4) / total);
    const take6 = Math.max(0, wanted - take4);
    const ids = asker.withIds ? Buffer.allocUnsafe((take4 + take6) * ID_LENGTH) : undefined;
    let peers = NONE;
    if (table4 !== undefined && take4 > 0) {
      peers = Buffer.allocUnsafe(take4 * 6);
      const except = table4 === own ? slot : -1;
      table4.sample(seed ? table4.seeds : 0, take4, except, random, peers, 0, ids, 0);
    }
    let peers6 = NONE;
    if (table6 !== undefined && take6 > 0) {
      peers6 = Buffer.allocUnsafe(take6 * 18);
      const except = table6 === own ? slot : -1;
      const from = seed ? table6.seeds : 0;
      table6.sample(from, take6, except, random, peers6, 0, ids, take4 * ID_LENGTH);
    }
    const { complete, downloaded } = this;
    const incomplete = this.size - complete;
    return ids === undefined
      ? { complete, incomplete, downloaded, peers, peers6 }
      : { complete, incomplete, downloaded, peers, peers6, ids };
  }
}

function leechersOf(table: PeerTable | undefined): number {
  return table === undefined ? 0 : table.size - table.seeds;
}

/** Peers of the table that the asking one can be given. */
function available(
  table: PeerTable,
  forSeed: boolean,
  own: PeerTable | undefined,
  slot: number,
): number {
  const from = forSeed ? table.seeds : 0;
  return table.size - from - (table === own && slot >= from ? 1 : 0);
}
