/** Bytes of one block hash: SHA-1, or SHA-256 where a torrent has such hashes. */
const HASH_LENGTHS: readonly number[] = [20, 32];
/**
 * Bytes of block hashes and names kept for failed pieces of one torrent. 4 MiB remember about 120 failed pieces of 16 MiB;
 * beyond that the oldest is forgotten, which only costs the chance to convict.
 */
const MAX_REMEMBERED_BYTES = 4 * 1024 * 1024;
/** Failed attempts remembered of one piece: further ones teach little. */
const MAX_ATTEMPTS = 4;
/** Reckoned for the reference to a block's sender. */
const REFERENCE_BYTES = 8;

/** Who sent each block of a piece, as a key of the peer (its address); undefined where that is not known. */
export type Contributors = readonly (string | undefined)[];

/** One failed attempt at a piece. */
interface Attempt {
  readonly contributors: Contributors;
  readonly hashes: Uint8Array;
}

/**
 * Finds out who sent a corrupt block. A piece that fails from a single sender convicts at once. Of others the hashes of all
 * blocks are kept; when the piece comes out right later, the blocks that differ were the bad ones, and their senders are
 * convicted, not the innocent who sent the rest. A peer that sends two versions of a block is convicted as well.
 */
export class SmartBan {
  readonly #attempts = new Map<number, Attempt[]>();
  readonly #limit: number;
  #bytes = 0;

  /** @param limit bytes of memory for failed attempts */
  constructor(limit: number = MAX_REMEMBERED_BYTES) {
    this.#limit = limit;
  }

  /** The block hashes of this piece will be needed when it is verified next. */
  watches(piece: number): boolean {
    return this.#attempts.has(piece);
  }

  /** A piece failed. `hashes` are those of its blocks, 20 or 32 bytes each; copied. Answers who is convicted. */
  pieceBad(piece: number, contributors: Contributors, hashes: Uint8Array | undefined): string[] {
    const only = contributors[0];
    if (only !== undefined && contributors.every((contributor) => contributor === only))
      return [only];
    if (hashes === undefined || !HASH_LENGTHS.includes(hashes.length / contributors.length))
      return [];
    const attempts = this.#attempts.get(piece) ?? [];
    const convicted = new Set<string>();
    for (const attempt of attempts) collectLiars(attempt, contributors, hashes, convicted);
    if (attempts.length < MAX_ATTEMPTS) {
      attempts.push({ contributors: contributors.slice(), hashes: hashes.slice() });
      this.#attempts.set(piece, attempts);
      this.#bytes += cost({ contributors, hashes });
      this.#shrink();
    }
    return [...convicted];
  }

  /** A piece was verified. Answers who sent bad blocks of it before. */
  pieceGood(piece: number, _contributors: Contributors, hashes: Uint8Array | undefined): string[] {
    const attempts = this.#attempts.get(piece);
    if (attempts === undefined) return [];
    this.#forget(piece, attempts);
    const convicted = new Set<string>();
    if (hashes !== undefined)
      for (const { contributors, hashes: sent } of attempts) {
        if (sent.length !== hashes.length) continue;
        contributors.forEach((contributor, block) => {
          if (contributor !== undefined && !sameHash(sent, hashes, block, contributors.length))
            convicted.add(contributor);
        });
      }
    return [...convicted];
  }

  #forget(piece: number, attempts: readonly Attempt[]): void {
    this.#attempts.delete(piece);
    for (const attempt of attempts) this.#bytes -= cost(attempt);
  }

  #shrink(): void {
    for (const [piece, attempts] of this.#attempts) {
      if (this.#bytes <= this.#limit) return;
      this.#forget(piece, attempts);
    }
  }
}

/** Senders of two different versions of a block: one of them at least was bad. */
function collectLiars(
  attempt: Attempt,
  contributors: Contributors,
  hashes: Uint8Array,
  into: Set<string>,
): void {
  // The hashes of one kind became known in between.
  if (attempt.hashes.length !== hashes.length) return;
  contributors.forEach((contributor, block) => {
    if (contributor === undefined || attempt.contributors[block] !== contributor) return;
    if (!sameHash(attempt.hashes, hashes, block, contributors.length)) into.add(contributor);
  });
}

function sameHash(one: Uint8Array, other: Uint8Array, block: number, blocks: number): boolean {
  const length = one.length / blocks;
  const end = (block + 1) * length;
  for (let at = block * length; at < end; at++) if (one[at] !== other[at]) return false;
  return true;
}

function cost({ contributors, hashes }: Attempt): number {
  return hashes.length + contributors.length * REFERENCE_BYTES;
}
