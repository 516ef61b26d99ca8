/** Bans remembered: 4,096 addresses take well under 1 MiB. The oldest is forgotten first. */
const MAX_BANS = 4096;
/** Milliseconds a ban lasts: a day, since addresses change hands. */
export const BAN_TIME = 24 * 3_600_000;

export interface Ban {
  readonly reason: string;
  /** Monotonic ms. */
  readonly expires: number;
}

/** Addresses we have nothing to do with for a time. */
export class BanList {
  readonly #bans = new Map<string, Ban>();

  get size(): number {
    return this.#bans.size;
  }

  /** Bans an address (an IP literal in canonical form), or prolongs its ban. */
  add(address: string, reason: string, now: number, duration: number = BAN_TIME): void {
    this.#bans.delete(address);
    this.#bans.set(address, { reason, expires: now + duration });
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
}
