import { MAX_METADATA_LENGTH } from '@shoal/peer-wire';
import type { HashVerdict } from './judge-metadata.ts';
import { MetadataAttempt } from './metadata-attempt.ts';
import { type MetadataHolder, MetadataMemory } from './metadata-memory.ts';

/** Pieces asked of one peer at a time: enough to keep its line busy, few enough for the others to have a part. */
const MAX_ASKED = 4;
/** Milliseconds for an answer; after that others are asked as well, and this peer only after a pause. */
const ANSWER_TIME = 10_000;
/** Milliseconds after which a second peer, and a third, is asked for a piece: the metadata holds up all that follows. */
const HEDGE_TIME = 2_000;
const MAX_ASKERS = 3;
/** Milliseconds that a peer which rejected, or did not answer, is left alone; doubled each time in a row ... */
const MIN_PAUSE = 2_000;
/** ... up to this. */
const MAX_PAUSE = 60_000;
/** Lengths fetched at a time: their pieces, 30 MiB each at most, are in memory. */
const MAX_ACTIVE = 3;
/** Milliseconds without a piece after which a length makes room for another one that peers claim. */
const STALL_TIME = 10_000;

/** A peer to fetch from. */
export interface MetadataSource {
  /** Those of one address count as one. */
  readonly address: string;
  /** It must have answered before it is asked for the next piece. */
  readonly oneAtATime?: boolean;
}

/** What became of a piece that came. */
export type MetadataOutcome =
  /** It was missing. */
  | { readonly type: 'kept' }
  /** It is there already, or not wanted from this peer. */
  | { readonly type: 'unwanted' }
  /** It says another length than the peer has claimed. */
  | { readonly type: 'contradiction' }
  /** It was the last one, and the whole is right. */
  | { readonly type: 'complete'; readonly bytes: Uint8Array }
  /** It was the last one, and the whole has one of the hashes asked for, but not the other: nobody is to blame. */
  | { readonly type: 'contradictory' }
  /** It was the last one, and the whole is wrong. `culprit` is the address that sent all of it, where there is just one. */
  | { readonly type: 'corrupt'; readonly culprit: string | undefined };

/** How far it has come, in bytes; a length is what peers claim until the whole is there. */
export interface MetadataProgress {
  readonly length: number;
  readonly received: number;
}

/** What is known of one source. */
interface Claim<Source> {
  readonly attempt: MetadataAttempt<Source>;
  /** When each piece was asked for, monotonic ms. */
  readonly asked: Map<number, number>;
  /** Not to be asked before, monotonic ms. */
  notBefore: number;
  /** Rejects and missing answers since its last piece. */
  setbacks: number;
}

/**
 * From whom to ask which piece of a torrent's metadata (BEP 9), and whom to believe. It does no I/O; all times are monotonic
 * milliseconds.
 *
 * Nobody is believed about the length: each that peers claim is tried, as long as one of them claims it. Pieces come from
 * several peers at once. A whole that is wrong although several had a part in it is taken from one peer at a time from then
 * on, which finds out the liars one by one.
 */
export class MetadataFetch<Source extends MetadataSource> {
  readonly #judge: (bytes: Uint8Array) => HashVerdict;
  readonly #maxLength: number;
  readonly #claims = new Map<Source, Claim<Source>>();
  /** By length. */
  readonly #attempts = new Map<number, MetadataAttempt<Source>>();
  /** Those that pieces are asked for, and kept of, with the memory they have. */
  readonly #active = new Map<MetadataAttempt<Source>, MetadataHolder>();
  readonly #memory: MetadataMemory;

  /**
   * @param judge whether the bytes have the hashes asked for
   * @param maxLength bytes; a longer one is not tried
   * @param memory what all magnet links share; default: as much as is needed
   */
  constructor(
    judge: (bytes: Uint8Array) => HashVerdict,
    maxLength: number = MAX_METADATA_LENGTH,
    memory: MetadataMemory = new MetadataMemory(Infinity),
  ) {
    this.#memory = memory;
    this.#judge = judge;
    this.#maxLength = maxLength;
  }

  /** Of the length of which most has come; undefined before anybody has claimed one. */
  get progress(): MetadataProgress | undefined {
    let best: MetadataAttempt<Source> | undefined;
    for (const attempt of this.#attempts.values()) {
      if (best === undefined || attempt.received > best.received) best = attempt;
    }
    return best === undefined ? undefined : { length: best.length, received: best.received };
  }

  /** Bytes held. */
  get held(): number {
    let bytes = 0;
    for (const attempt of this.#active.keys()) bytes += attempt.received;
    return bytes;
  }

  /** A peer claims a length, and that it gives the metadata to those who ask. */
  offer(source: Source, length: number, now: number): void {
    const before = this.#claims.get(source);
    if (before?.attempt.length === length) return;
    this.leave(source);
    if (!Number.isInteger(length) || length < 1 || length > this.#maxLength) return;
    const attempt = this.#attempts.get(length) ?? new MetadataAttempt<Source>(length);
    this.#attempts.set(length, attempt);
    attempt.claimants.add(source);
    // Whoever changes what it says is not asked sooner for it.
    const { notBefore = now, setbacks = 0 } = before ?? {};
    this.#claims.set(source, { attempt, asked: new Map(), notBefore, setbacks });
  }

  /** A peer has gone, or gives no metadata any more. */
  leave(source: Source): void {
    const claim = this.#claims.get(source);
    if (claim === undefined) return;
    const { attempt } = claim;
    this.#claims.delete(source);
    for (const piece of claim.asked.keys()) attempt.release(piece);
    attempt.claimants.delete(source);
    if (attempt.owner === source) attempt.drop();
    this.#prune(attempt);
  }

  /** The piece to ask a peer for now, which then counts as asked for; undefined: none. To be called until there is none. */
  next(source: Source, now: number): number | undefined {
    const claim = this.#claims.get(source);
    const maxAsked = source.oneAtATime === true ? 1 : MAX_ASKED;
    if (claim === undefined || now < claim.notBefore || claim.asked.size >= maxAsked) {
      return undefined;
    }
    const { attempt } = claim;
    if (!this.#activate(attempt, now)) return undefined;
    if (attempt.solo && !this.#isOwner(source, attempt, now)) return undefined;
    const piece = this.#choose(claim, now);
    if (piece === undefined) return undefined;
    claim.asked.set(piece, now);
    attempt.ask(piece, now);
    return piece;
  }

  /** A piece has come; `data` is copied. */
  data(
    source: Source,
    piece: number,
    totalLength: number,
    data: Uint8Array,
    now: number,
  ): MetadataOutcome {
    const claim = this.#claims.get(source);
    if (claim === undefined) return { type: 'unwanted' };
    const { attempt } = claim;
    this.#settle(claim, piece);
    if (totalLength !== attempt.length) {
      this.#pause(source, claim, now);
      return { type: 'contradiction' };
    }
    const wanted = this.#active.has(attempt) && (!attempt.solo || attempt.owner === source);
    if (!wanted || attempt.has(piece)) return { type: 'unwanted' };
    claim.setbacks = 0;
    attempt.put(piece, data, source.address, now);
    return attempt.isComplete ? this.#conclude(attempt) : { type: 'kept' };
  }

  /** A peer will not give a piece. */
  reject(source: Source, piece: number, now: number): void {
    const claim = this.#claims.get(source);
    if (claim === undefined || !claim.asked.has(piece)) return;
    this.#settle(claim, piece);
    this.#pause(source, claim, now);
  }

  /** Nothing is fetched any more: what has come is dropped. */
  clear(): void {
    for (const attempt of [...this.#active.keys()]) this.#giveUp(attempt);
  }

  /** To be called about once a second: gives up waiting for what does not come. */
  tick(now: number): void {
    for (const [source, claim] of this.#claims) {
      let late = false;
      for (const [piece, askedAt] of claim.asked) {
        if (now - askedAt < ANSWER_TIME) continue;
        this.#settle(claim, piece);
        late = true;
      }
      if (late) this.#pause(source, claim, now);
    }
  }

  /** The first that nobody has been asked for, or the one that has been waited for longest. */
  #choose({ attempt, asked }: Claim<Source>, now: number): number | undefined {
    let oldest: number | undefined;
    for (let piece = 0; piece < attempt.pieceCount; piece += 1) {
      if (attempt.has(piece) || asked.has(piece)) continue;
      const askers = attempt.askers(piece);
      if (askers === 0) return piece;
      if (askers >= MAX_ASKERS || now - attempt.askedAt(piece) < HEDGE_TIME) continue;
      if (oldest === undefined || attempt.askedAt(piece) < attempt.askedAt(oldest)) oldest = piece;
    }
    return oldest;
  }

  /** Whether a length may be fetched now. */
  #activate(attempt: MetadataAttempt<Source>, now: number): boolean {
    if (this.#active.has(attempt)) return true;
    // Those that were tried less come first, however many peers make up lengths.
    for (const other of this.#attempts.values()) {
      if (other.tries >= attempt.tries || this.#active.has(other)) continue;
      if (this.#mayBeAskedFor(other, now)) return false;
    }
    if (this.#active.size >= MAX_ACTIVE) {
      for (const holder of this.#active.values()) {
        if (!holder.mayYield(now)) continue;
        holder.giveUp();
        break;
      }
      if (this.#active.size >= MAX_ACTIVE) return false;
    }
    const holder = this.#holderOf(attempt);
    if (!this.#memory.reserve(holder, now)) return false;
    this.#active.set(attempt, holder);
    attempt.begin(now);
    return true;
  }

  #holderOf(attempt: MetadataAttempt<Source>): MetadataHolder {
    return {
      length: attempt.length,
      mayYield: (now) =>
        attempt.claimants.size === 0 ||
        now - attempt.movedAt >= STALL_TIME ||
        attempt.hasHadItsTurn(now),
      giveUp: () => this.#giveUp(attempt),
    };
  }

  /** Nothing is kept of a length for now. */
  #giveUp(attempt: MetadataAttempt<Source>): void {
    this.#deactivate(attempt);
    attempt.drop();
    this.#prune(attempt);
  }

  #deactivate(attempt: MetadataAttempt<Source>): void {
    const holder = this.#active.get(attempt);
    if (holder === undefined) return;
    this.#active.delete(attempt);
    this.#memory.release(holder);
  }

  /** Whether this is the peer that a length is taken from alone. Where others wait it is so for a turn, as long as it had before. */
  #isOwner(source: Source, attempt: MetadataAttempt<Source>, now: number): boolean {
    if (attempt.owner === source) return true;
    if (attempt.owner !== undefined) attempt.endTurn(attempt.owner.address, now);
    if (attempt.owner !== undefined) return false;
    const turns = attempt.turnsOf(source.address);
    for (const other of attempt.claimants) {
      const comesFirst = attempt.turnsOf(other.address) < turns;
      if (comesFirst && now >= (this.#claims.get(other)?.notBefore ?? Infinity)) return false;
    }
    attempt.take(source, now);
    return true;
  }

  /** Whether any of those who claim a length may be asked now. */
  #mayBeAskedFor({ claimants }: MetadataAttempt<Source>, now: number): boolean {
    for (const source of claimants) {
      if (now >= (this.#claims.get(source)?.notBefore ?? Infinity)) return true;
    }
    return false;
  }

  #conclude(attempt: MetadataAttempt<Source>): MetadataOutcome {
    const bytes = attempt.assemble();
    const verdict = this.#judge(bytes);
    if (verdict === 'right') return { type: 'complete', bytes };
    if (verdict === 'contradictory') {
      this.#giveUp(attempt);
      return { type: 'contradictory' };
    }
    const [culprit, other] = attempt.senders;
    if (other !== undefined) attempt.solo = true;
    // Others come first, where there are any.
    this.#giveUp(attempt);
    return { type: 'corrupt', culprit: other === undefined ? culprit : undefined };
  }

  #settle(claim: Claim<Source>, piece: number): void {
    if (claim.asked.delete(piece)) claim.attempt.release(piece);
  }

  #pause(source: Source, claim: Claim<Source>, now: number): void {
    const pause = Math.min(MAX_PAUSE, MIN_PAUSE * 2 ** Math.min(claim.setbacks, 10));
    claim.setbacks += 1;
    claim.notBefore = Math.max(claim.notBefore, now + pause);
    if (claim.attempt.owner === source) claim.attempt.drop();
  }

  /** Forgets a length that nobody claims, unless some of it has come and nothing else wants its place. */
  #prune(attempt: MetadataAttempt<Source>): void {
    if (attempt.claimants.size > 0) return;
    if (this.#active.has(attempt) && attempt.received > 0) return;
    this.#deactivate(attempt);
    this.#attempts.delete(attempt.length);
  }
}
