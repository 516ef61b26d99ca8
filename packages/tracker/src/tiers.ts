import type { Random } from '@shoal/net';

/** Milliseconds before a tracker that failed once is tried again; doubled with each further failure. */
export const FIRST_RETRY_DELAY = 15_000;
/** Longest back-off in milliseconds (30 minutes): the usual interval of trackers that work. */
export const MAX_RETRY_DELAY = 30 * 60_000;
/** Trackers kept of one torrent, all tiers together; lists in circulation have up to a hundred. */
export const MAX_TRACKERS = 200;

/** One tracker and how it has done lately. */
export interface TierTracker {
  /** Announce URL, as the torrent gives it. */
  readonly url: string;
  /** Index of its tier; lower ones are tried first. */
  readonly tier: number;
  /** Failures since it last answered. */
  readonly failures: number;
  /** Time of the clock in milliseconds before which it is left alone; `Infinity` when it asked never to be called again. */
  readonly retryAt: number;
}

type MutableTracker = { -readonly [K in keyof TierTracker]: TierTracker[K] };

function shuffle<T>(items: T[], random: Random): T[] {
  for (let at = items.length - 1; at > 0; at -= 1) {
    const other = random.integer(at + 1);
    const held = items[at] as T;
    items[at] = items[other] as T;
    items[other] = held;
  }
  return items;
}

/**
 * The order in which a torrent's trackers are tried (BEP 12), and how long those that failed are left alone. Each tier is
 * shuffled once; a tracker that answers moves to the front of its tier; later tiers are for when all earlier ones fail.
 */
export class TrackerTiers {
  readonly #tiers: MutableTracker[][] = [];
  readonly #byUrl = new Map<string, MutableTracker>();
  readonly #random: Random;

  /** Repeated URLs keep their first place; beyond {@link MAX_TRACKERS} the rest is dropped. */
  constructor(tiers: readonly (readonly string[])[], random: Random) {
    this.#random = random;
    for (const urls of tiers) {
      const index = this.#tiers.length;
      const tier: MutableTracker[] = [];
      for (const url of urls) {
        const tracker = this.#register(url, index);
        if (tracker !== undefined) tier.push(tracker);
      }
      if (tier.length > 0) this.#tiers.push(shuffle(tier, random));
    }
  }

  /** Trackers of all tiers. */
  get size(): number {
    return this.#byUrl.size;
  }

  /** All trackers in the order in which they are tried. */
  get trackers(): readonly TierTracker[] {
    return this.#tiers.flat();
  }

  /** How a tracker is doing; undefined when it is not one of them. */
  get(url: string): TierTracker | undefined {
    return this.#byUrl.get(url);
  }

  /** Adds a tracker as a tier of its own, after all others. Returns false when it is there already or there are too many. */
  add(url: string): boolean {
    const tracker = this.#register(url, this.#tiers.length);
    if (tracker === undefined) return false;
    this.#tiers.push([tracker]);
    return true;
  }

  /** Trackers that may be asked at `now` (clock time in milliseconds), first choice first. */
  candidates(now: number): readonly TierTracker[] {
    return this.trackers.filter((tracker) => tracker.retryAt <= now);
  }

  /** The tracker answered: it moves to the front of its tier and its failures are forgotten. */
  succeeded(url: string): void {
    const tracker = this.#byUrl.get(url);
    if (tracker === undefined) return;
    tracker.failures = 0;
    tracker.retryAt = 0;
    const tier = this.#tiers[tracker.tier];
    if (tier === undefined) return;
    tier.splice(tier.indexOf(tracker), 1);
    tier.unshift(tracker);
  }

  /**
   * The tracker could not be reached, or answered with a failure: it is left alone for 15 s · 2ⁿ, at most 30 minutes, less a
   * random quarter so that a swarm does not come back all at once; and at least for `retryIn` (seconds, or `'never'`).
   */
  failed(url: string, now: number, retryIn?: number | 'never'): void {
    const tracker = this.#byUrl.get(url);
    if (tracker === undefined) return;
    const delay = Math.min(
      MAX_RETRY_DELAY,
      FIRST_RETRY_DELAY * 2 ** Math.min(tracker.failures, 20),
    );
    tracker.failures += 1;
    const wait = delay * (0.75 + 0.25 * this.#random.next());
    tracker.retryAt = retryIn === 'never' ? Infinity : now + Math.max(wait, (retryIn ?? 0) * 1000);
  }

  #register(text: string, tier: number): MutableTracker | undefined {
    const url = text.trim();
    if (url === '' || this.#byUrl.has(url) || this.#byUrl.size >= MAX_TRACKERS) return undefined;
    const tracker = { url, tier, failures: 0, retryAt: 0 };
    this.#byUrl.set(url, tracker);
    return tracker;
  }
}
