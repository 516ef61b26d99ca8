import type { HashRequest } from '@shoal/metainfo';
import type { HashPlan, HashSource } from './hash-source.ts';

/** Requests of one peer that wait; more are dropped, as nobody honest has more than two open. */
const MAX_WAITING = 8;

/** Bytes of hashes that one peer is sent in a second, choked or not: two ranges of 512 in each 30 ms. */
const HASH_RATE = 1_048_576;

/** Bytes of pieces that are read in a second for the leaf hashes one peer asks for; a longer piece counts for the seconds after. */
const LEAF_READ_RATE = 16_777_216;

/**
 * Milliseconds in which a request is rejected but once: libtorrent asks again at once, and a reject of each would have both
 * sides do nothing else.
 */
const REJECT_INTERVAL = 3_000;

/** Rejects of one peer that are remembered for that time; what goes beyond is left unanswered. */
const MAX_REJECTS = 64;

/** What the answers need of the connection they are for. */
export interface AnswerWire {
  sendHashes(request: HashRequest, hashes: Uint8Array): void;
  sendReject(request: HashRequest): void;
  /** How many of `bytes` the upload limit lets go now. */
  takeUpload(bytes: number): number;
  /** Has {@link HashAnswers.pump} called, and the connection flushed, when there are tokens again. */
  awaitUpload(): void;
  /** {@link HashAnswers.pump} can do more: something was read. */
  ready(): void;
}

/** An answer that is not at hand. */
type SlowPlan = Extract<HashPlan, { kind: 'read' | 'prove' }>;

/** A request that will be answered. */
interface Waiting {
  readonly request: HashRequest;
  readonly plan: SlowPlan;
}

/** Answers the hash requests of one peer (BEP 52), within limits. Nothing that a peer asks for ends its connection. */
export class HashAnswers {
  readonly #source: HashSource;
  readonly #wire: AnswerWire;
  /** To be sent as soon as the limits allow, in order. */
  readonly #ready: { readonly request: HashRequest; readonly hashes: Uint8Array }[] = [];
  readonly #toRead: Waiting[] = [];
  readonly #rejectedAt = new Map<string, number>();
  #reading = false;
  #closed = false;
  /** Bytes that may be sent, or read, before the next second. */
  #hashesLeft = HASH_RATE;
  #readsLeft = LEAF_READ_RATE;
  /** Tokens of the upload limit taken for the next answer. */
  #credit = 0;

  constructor(source: HashSource, wire: AnswerWire) {
    this.#source = source;
    this.#wire = wire;
  }

  /** A request came in. The caller flushes. */
  request(request: HashRequest, now: number): void {
    if (this.#ready.length + this.#toRead.length >= MAX_WAITING) return;
    const plan = this.#source.plan(request);
    if (plan.kind === 'reject') this.#reject(request, now);
    else if (plan.kind === 'answer') this.#ready.push({ request, hashes: plan.hashes });
    else if (plan.kind === 'read' || plan.kind === 'prove') this.#toRead.push({ request, plan });
    if (plan.kind !== 'silence') this.pump();
  }

  /** Sends and reads what the limits allow now. The caller flushes. */
  pump(): void {
    if (this.#closed) return;
    for (let next = this.#ready[0]; next !== undefined; next = this.#ready[0]) {
      const bytes = next.hashes.length;
      if (this.#hashesLeft < bytes) break;
      this.#credit += this.#wire.takeUpload(Math.max(0, bytes - this.#credit));
      if (this.#credit < bytes) {
        this.#wire.awaitUpload();
        break;
      }
      this.#credit -= bytes;
      this.#hashesLeft -= bytes;
      this.#ready.shift();
      this.#wire.sendHashes(next.request, next.hashes);
    }
    if (!this.#reading) this.#readNext();
  }

  /** Once a second. The caller flushes. */
  tick(now: number): void {
    this.#hashesLeft = HASH_RATE;
    this.#readsLeft = Math.min(LEAF_READ_RATE, this.#readsLeft + LEAF_READ_RATE);
    for (const [key, at] of this.#rejectedAt) {
      if (now - at >= REJECT_INTERVAL) this.#rejectedAt.delete(key);
    }
    this.pump();
  }

  /** The connection is gone. */
  drop(): void {
    this.#closed = true;
    this.#ready.length = 0;
    this.#toRead.length = 0;
  }

  #readNext(): void {
    const next = this.#toRead[0];
    if (next === undefined || this.#readsLeft <= 0) return;
    if (!this.#source.turns.take()) return;
    this.#toRead.shift();
    this.#reading = true;
    this.#readsLeft -= this.#source.bytesOf(next.plan);
    void this.#read(next.request, next.plan);
  }

  async #read(request: HashRequest, plan: SlowPlan): Promise<void> {
    const hashes =
      plan.kind === 'read'
        ? await this.#source.read(request, plan)
        : await this.#source.prove(request, plan.tree);
    this.#source.turns.giveBack();
    this.#reading = false;
    if (this.#closed) return;
    if (hashes !== undefined) this.#ready.push({ request, hashes });
    this.#wire.ready();
  }

  #reject(request: HashRequest, now: number): void {
    const key = requestKey(request);
    const before = this.#rejectedAt.get(key);
    if (before !== undefined && now - before < REJECT_INTERVAL) return;
    if (before === undefined && this.#rejectedAt.size >= MAX_REJECTS) return;
    this.#rejectedAt.set(key, now);
    this.#wire.sendReject(request);
  }
}

/** Tells ranges apart: whatever proof is asked for with it, it is the same range. */
function requestKey({ piecesRoot, baseLayer, index, length }: HashRequest): string {
  return `${Buffer.from(piecesRoot).toString('latin1')} ${baseLayer} ${index} ${length}`;
}
