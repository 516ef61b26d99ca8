/** Bans remembered: 4,096 addresses take well under 1 MiB. The oldest is forgotten first. */
const MAX_BANS = 4096;
/** Milliseconds a ban lasts: a day, since addresses change hands. */
export const BAN_TIME = 24 * 3_600_000;

/**
 * Why an address is banned:
 *
 * - `corrupt-data`: it sent blocks that are not those of the torrent
 * - `wrong-hashes`: it sent hashes of pieces that are not those of the torrent (BEP 52)
 * - `false-metadata`: it sent metadata that is not that of the magnet link
 * - `user`: the user wants it so
 */
export type BanCode = 'corrupt-data' | 'wrong-hashes' | 'false-metadata' | 'user';

/** What is said of each to a person. */
const SENTENCES: Readonly<Record<BanCode, string>> = {
  'corrupt-data': 'It sent corrupt data',
  'wrong-hashes': 'It sent wrong hashes',
  'false-metadata': 'It sent metadata that does not match the info-hash',
  user: 'You have banned it',
};

/** A ban, by the monotonic clock. */
export interface Ban {
  readonly code: BanCode;
  /** For a person. */
  readonly reason: string;
  /** Monotonic ms. */
  readonly since: number;
  /** Monotonic ms. */
  readonly expires: number;
}

function banFor(code: BanCode, since: number, expires: number): Ban {
  return { code, reason: SENTENCES[code], since, expires };
}

/** An address that a torrent has nothing to do with for a time. */
export interface BannedPeer {
  /** An IP literal. */
  readonly address: string;
  readonly code: BanCode;
  /** For a person; free of control characters. */
  readonly reason: string;
  readonly since: Date;
  readonly until: Date;
}

/** Addresses we have nothing to do with for a time. */
export class BanList {
  readonly #bans = new Map<string, Ban>();

  get size(): number {
    return this.#bans.size;
  }

  /**
   * Bans an address (an IP literal in canonical form), or prolongs its ban.
   *
   * @param now monotonic ms
   * @param duration ms
   */
  add(address: string, code: BanCode, now: number, duration: number = BAN_TIME): void {
    const since = this.of(address, now)?.since ?? now;
    this.#bans.delete(address);
    this.#bans.set(address, banFor(code, since, now + duration));
    for (const oldest of this.#bans.keys()) {
      if (this.#bans.size <= MAX_BANS) return;
      this.#bans.delete(oldest);
    }
  }

  remove(address: string): boolean {
    return this.#bans.delete(address);
  }

  /** The ban of an address, if there is one now. */
  of(address: string, now: number): Ban | undefined {
    const ban = this.#bans.get(address);
    if (ban === undefined) return undefined;
    if (now < ban.expires) return ban;
    this.#bans.delete(address);
    return undefined;
  }

  /** All that there are now, the oldest first. */
  all(now: number): (readonly [address: string, ban: Ban])[] {
    return [...this.#bans].filter(([, { expires }]) => now < expires);
  }
}

/** A ban as it is told, in wall time. */
export function bannedPeer(
  address: string,
  { code, reason, since, expires }: Ban,
  clock: { now(): number; wallTime(): number },
): BannedPeer {
  const offset = clock.wallTime() - clock.now();
  return {
    address,
    code,
    reason,
    since: new Date(Math.round(offset + since)),
    until: new Date(Math.round(offset + expires)),
  };
}

/** Bans an address, and says how it is told. */
export function banned(
  list: {
    ban(address: string, code: BanCode, now: number, duration?: number): void;
    banOf(address: string, now: number): Ban | undefined;
  },
  address: string,
  code: BanCode,
  clock: { now(): number; wallTime(): number },
  duration?: number,
): BannedPeer {
  const now = clock.now();
  list.ban(address, code, now, duration);
  const ban = list.banOf(address, now) ?? banFor(code, now, now);
  return bannedPeer(address, ban, clock);
}
