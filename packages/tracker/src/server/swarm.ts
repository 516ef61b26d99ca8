import { Buffer } from 'node:buffer';
import { PeerTable } from './peer-table.ts';
import type { SwarmAnswer, SwarmFigures } from './store.ts';

const ID_LENGTH = 20;
const NONE = Buffer.alloc(0);

/** One torrent's peers: seeds and leechers of both address families. Tables are made when first needed. */
export class Swarm implements SwarmFigures {
  downloaded = 0;
  /** Clock time in seconds of the last announce. */
  lastSeen = 0;
  #seeds4: PeerTable | undefined;
  #seeds6: PeerTable | undefined;
  #leechers4: PeerTable | undefined;
  #leechers6: PeerTable | undefined;

  get complete(): number {
    return (this.#seeds4?.size ?? 0) + (this.#seeds6?.size ?? 0);
  }

  get incomplete(): number {
    return (this.#leechers4?.size ?? 0) + (this.#leechers6?.size ?? 0);
  }

  get size(): number {
    return this.complete + this.incomplete;
  }

  /** The table peers with endpoints of `width` bytes belong to. */
  table(width: number, seed: boolean): PeerTable {
    if (width === 6) {
      return seed ? (this.#seeds4 ??= new PeerTable(6)) : (this.#leechers4 ??= new PeerTable(6));
    }
    return seed ? (this.#seeds6 ??= new PeerTable(18)) : (this.#leechers6 ??= new PeerTable(18));
  }

  /** Like {@link table}, without making one. */
  existingTable(width: number, seed: boolean): PeerTable | undefined {
    if (width === 6) return seed ? this.#seeds4 : this.#leechers4;
    return seed ? this.#seeds6 : this.#leechers6;
  }

  /** Removes the peers last seen before `deadline` (seconds); returns how many. */
  expire(deadline: number): number {
    return (
      (this.#seeds4?.expire(deadline) ?? 0) +
      (this.#seeds6?.expire(deadline) ?? 0) +
      (this.#leechers4?.expire(deadline) ?? 0) +
      (this.#leechers6?.expire(deadline) ?? 0)
    );
  }

  /**
   * Up to `wanted` peers at random, each table giving in proportion to its size. `own` and `slot` name the asking peer, if
   * it is there. For a seed, there are no seeds among them.
   */
  choose(
    wanted: number,
    forSeed: boolean,
    withIds: boolean,
    own: PeerTable | undefined,
    slot: number,
    random: () => number,
  ): SwarmAnswer {
    const { complete, incomplete, downloaded } = this;
    let total = incomplete + (forSeed ? 0 : complete);
    if (own !== undefined && slot >= 0 && !forSeed) total -= 1;
    let left = Math.min(wanted, total);
    if (left <= 0) {
      const nothing = { complete, incomplete, downloaded, peers: NONE, peers6: NONE };
      return withIds ? { ...nothing, ids: NONE } : nothing;
    }
    const ids = withIds ? Buffer.allocUnsafe(left * ID_LENGTH) : undefined;
    let idsAt = 0;
    const gather = (first: PeerTable | undefined, second: PeerTable | undefined): Buffer => {
      const counts: [number, number] = [0, 0];
      let bytes = 0;
      for (const [index, table] of [first, second].entries()) {
        if (table === undefined) continue;
        const available = table === own && slot >= 0 ? table.size - 1 : table.size;
        // In proportion, rounded up; what the last table gets is exactly what is left.
        const take = total <= 0 ? 0 : Math.min(available, Math.ceil((left * available) / total));
        total -= available;
        left -= take;
        counts[index === 0 ? 0 : 1] = take;
        bytes += take * table.width;
      }
      if (bytes === 0) return NONE;
      const target = Buffer.allocUnsafe(bytes);
      let at = 0;
      for (const [index, table] of [first, second].entries()) {
        const count = counts[index === 0 ? 0 : 1];
        if (table === undefined || count === 0) continue;
        table.sample(count, table === own ? slot : -1, random, target, at, ids, idsAt);
        at += count * table.width;
        idsAt += count * ID_LENGTH;
      }
      return target;
    };
    const peers = gather(this.#leechers4, forSeed ? undefined : this.#seeds4);
    const peers6 = gather(this.#leechers6, forSeed ? undefined : this.#seeds6);
    const answer = { complete, incomplete, downloaded, peers, peers6 };
    return ids === undefined ? answer : { ...answer, ids };
  }
}
