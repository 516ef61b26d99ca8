import { addressKind, isEndpoint, type Clock, type Resolve, type Timer } from '@shoal/net';
import type { FamilyNode } from './family-node.ts';
import { familyOf, type Family, type NodeInfo } from './krpc/index.ts';
import {
  BOOTSTRAP_GRACE_MS,
  FIRST_BOOTSTRAP_RETRY_MS,
  MAX_BOOTSTRAP_NODES,
  MAX_BOOTSTRAP_RETRY_MS,
} from './limits.ts';
import { FindNodePurpose } from './lookup/purposes.ts';

/** Addresses of one name that are asked. */
const MAX_ADDRESSES_PER_NAME = 8;

/** Where a first node may be: an address, or a name that stands for some. */
export interface BootstrapNode {
  readonly host: string;
  readonly port: number;
}

/** Buckets that are filled at once; there are hardly more, and deeper ones have nobody to be filled with. */
const MAX_BUCKETS_FILLED = 20;

/** What a {@link Bootstrap} needs. */
export interface BootstrapOptions {
  readonly node: FamilyNode;
  readonly clock: Clock;
  readonly nodes: readonly BootstrapNode[];
  readonly resolve: Resolve | undefined;
  /** From an earlier run. */
  readonly known: readonly NodeInfo[];
  /** What `find_node` asks for (BEP 32). */
  readonly want: () => readonly Family[];
  /** Ends it for good. */
  readonly signal: AbortSignal;
}

/**
 * Finds the first contacts of a family, and finds them again should all be lost: asks the nodes known from earlier and the
 * bootstrap nodes, then looks its own id up. Tries again after a while that is doubled each time.
 */
export class Bootstrap {
  readonly #options: BootstrapOptions;
  #known: readonly NodeInfo[];
  #running: Promise<void> | undefined;
  /** Ends the wait for the next try. */
  #wake: (() => void) | undefined;
  #rounds = 0;

  constructor(options: BootstrapOptions) {
    this.#options = options;
    this.#known = options.known;
  }

  /** Tries made. */
  get rounds(): number {
    return this.#rounds;
  }

  /**
   * Bootstraps until there are contacts; does nothing where that is under way. `first` is called after the first try, whatever
   * came of it.
   */
  run(first?: () => void): void {
    this.#running ??= this.#run(first)
      // Only the signal ends it early, and then nobody waits for it.
      .catch(() => undefined)
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** There is somebody new to ask: tries again at once. */
  hurry(): void {
    if (this.#running === undefined) this.run();
    else this.#wake?.();
  }

  async #run(first?: () => void): Promise<void> {
    const { node } = this.#options;
    for (
      let delay = FIRST_BOOTSTRAP_RETRY_MS;
      ;
      delay = Math.min(delay * 2, MAX_BOOTSTRAP_RETRY_MS)
    ) {
      await this.#try();
      first?.();
      if (!node.hasFewContacts) {
        await this.#fillBuckets();
        return;
      }
      await this.#wait(delay);
    }
  }

  async #try(): Promise<void> {
    const { node } = this.#options;
    this.#rounds++;
    // What is restored is worth one try: whoever answers is in the table then.
    const known = this.#known;
    this.#known = [];
    if (known.length > 0) await this.#lookUpOurselves(known);
    if (known.length === 0 || node.hasFewContacts) {
      await this.#lookUpOurselves(await this.#askBootstrapNodes());
    }
  }

  /** Looks for nodes of the buckets further away, which the search for ourselves passed by. */
  async #fillBuckets(): Promise<void> {
    const { node, signal, want } = this.#options;
    for (let prefix = 0; prefix < MAX_BUCKETS_FILLED; prefix++) {
      const target = node.table.unfilledTarget(prefix);
      if (target === undefined) continue;
      await node.lookup(new FindNodePurpose(target, want()), signal);
    }
  }

  #wait(delay: number): Promise<void> {
    const { clock, signal } = this.#options;
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const onAbort = (): void => {
        timer.cancel();
        reject(signal.reason as Error);
      };
      const end = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const timer = clock.setTimer(end, delay);
      this.#wake = end;
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  async #lookUpOurselves(seeds: readonly NodeInfo[]): Promise<void> {
    const { node, signal, want } = this.#options;
    if (seeds.length === 0 && node.table.size === 0) return;
    await node.lookup(new FindNodePurpose(node.id, want()), signal, seeds);
  }

  /** What the bootstrap nodes say; those that are slow are not waited for when another has answered. */
  #askBootstrapNodes(): Promise<NodeInfo[]> {
    const { clock, nodes } = this.#options;
    const asked = nodes.slice(0, MAX_BOOTSTRAP_NODES);
    const found: NodeInfo[] = [];
    let pending = asked.length;
    let timer: Timer | undefined;
    return new Promise((resolve) => {
      const end = (): void => {
        timer?.cancel();
        resolve(found);
      };
      if (pending === 0) end();
      for (const each of asked) {
        void this.#ask(each).then((told) => {
          found.push(...told);
          pending--;
          if (pending === 0) end();
          else if (told.length > 0) timer ??= clock.setTimer(end, BOOTSTRAP_GRACE_MS);
        });
      }
    });
  }

  /** What one bootstrap node says, at all of its addresses in the family. Never rejects. */
  async #ask(named: BootstrapNode): Promise<NodeInfo[]> {
    const { node, want } = this.#options;
    const addresses = await this.#addressesOf(named);
    const usable = addresses.filter(
      (address) => familyOf(address) === node.family && addressKind(address) !== 'multicast',
    );
    const answers = await Promise.all(
      usable
        .slice(0, MAX_ADDRESSES_PER_NAME)
        .map((address) => node.askForNodes({ address, port: named.port }, want())),
    );
    return answers.flatMap((nodes) => nodes ?? []);
  }

  async #addressesOf({ host, port }: BootstrapNode): Promise<readonly string[]> {
    const { resolve, signal } = this.#options;
    if (isEndpoint({ address: host, port })) return [host];
    if (resolve === undefined) return [];
    try {
      return await resolve(host, { signal });
    } catch {
      // No name service at the moment, or no such name: there will be another try.
      return [];
    }
  }
}
