/** Random numbers of a seed: small, fast, and the same everywhere (mulberry32). Not for secrets. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to 2^32 - 1. */
  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** 0 to `limit` - 1; 0 where there is nothing to choose from. */
  below(limit: number): number {
    return limit <= 1 ? 0 : this.uint32() % limit;
  }

  bool(): boolean {
    return (this.uint32() & 1) === 1;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.uint32() & 0xff);
  }

  pick<T>(items: readonly [T, ...T[]]): T;
  pick<T>(items: readonly T[]): T | undefined;
  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }
}

/** A seed of its own for each target, so that one runs the same alone as with all others (FNV-1a over the name). */
export function seedFor(seed: number, name: string): number {
  let mixed = 0x811c9dc5 ^ seed;
  for (let at = 0; at < name.length; at++) {
    mixed = Math.imul(mixed ^ name.charCodeAt(at), 0x01000193);
  }
  return mixed >>> 0;
}
