import type { Clock, Random, Timer } from '@shoal/net';
import type { Bootstrap } from './bootstrap.ts';
import type { FamilyNode } from './family-node.ts';
import type { Family } from './krpc/index.ts';
import { MAINTENANCE_MS, PINGS_PER_MAINTENANCE } from './limits.ts';
import type { LookupQueue } from './lookup/lookup-queue.ts';
import { FindNodePurpose } from './lookup/purposes.ts';
import type { QueryHandler } from './server/query-handler.ts';

/** What an {@link Upkeep} looks after. */
export interface UpkeepOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly families: readonly { readonly node: FamilyNode; readonly bootstrap: Bootstrap }[];
  readonly handler: QueryHandler;
  readonly queue: LookupQueue;
  readonly want: (family: Family) => readonly Family[];
  readonly signal: AbortSignal;
}

/** Looks every 15 seconds or so at what goes stale: pings contacts, refreshes buckets, bootstraps again when it is lonely. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  #timer: Timer | undefined;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, random } = this.#options;
    // Nodes that were started together do not stay in step.
    const delay = MAINTENANCE_MS * (0.8 + 0.4 * random.next());
    this.#timer = clock.setTimer(() => {
      this.start();
      this.#look();
    }, delay);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const { families, clock, handler } = this.#options;
    const now = clock.now();
    handler.sweep();
    for (const { node, bootstrap } of families) {
      if (node.hasFewContacts) bootstrap.run();
      for (const contact of node.table.questionable(now, PINGS_PER_MAINTENANCE)) node.ping(contact);
      const target = node.table.staleTarget(now);
      if (target !== undefined && node.table.size > 0) this.#refresh(node, target);
    }
  }

  #refresh(node: FamilyNode, target: Uint8Array): void {
    const { queue, want, signal } = this.#options;
    const purpose = new FindNodePurpose(target, want(node.family));
    queue
      .run('low', signal, () => node.lookup(purpose, signal))
      // Too much to do, or closed: it will be stale again.
      .catch(() => undefined);
  }
}
