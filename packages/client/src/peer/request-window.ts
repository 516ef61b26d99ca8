import { BLOCK_LENGTH } from '@shoal/peer-wire';

/** Requests in flight at least, and at the start: enough to measure with, little to lose. */
export const MIN_DEPTH = 4;
/** Requests in flight at the start, before anything is measured. */
export const INITIAL_DEPTH = 8;
/** Requests in flight at most, whatever the peer's queue takes: beyond that they only cost memory and cache. */
export const MAX_DEPTH = 500;
/** What a peer is taken to queue when it does not say (`reqq` of BEP 10). */
export const DEFAULT_PEER_QUEUE = 250;
/** Milliseconds without a block, while blocks are owed, after which a peer counts as snubbing us. */
export const SNUB_TIME = 60_000;
/** Seconds of its rate that a slow peer is asked for in advance ... */
const SLOW_PIPELINE_TIME = 3;
/** ... up to this many blocks. */
const SLOW_PIPELINE_BLOCKS = 32;
/**
 * Milliseconds of its rate that a fast peer close by is asked for, however short the round trip: it answers one batch of
 * requests while the next one is on its way ...
 */
const NEAR_PIPELINE_TIME = 3;
/** ... up to this many blocks: a megabyte, which stays in the processor's cache. */
const NEAR_PIPELINE_BLOCKS = 64;
/** The pipeline is this many times the product of rate and round trip: the rest may queue at the sender. */
const PIPELINE_FACTOR = 2;
/** Milliseconds of a measurement at least; it is never shorter than the round trip. */
const MIN_ROUND_TIME = 10;
/** What a lower measurement counts for: rates fall slowly, so that one pause does not shrink the pipeline. */
const DECAY = 1 / 8;
/** Milliseconds counted at most between two looks for snubbing, so that time in which nothing was owed does not count. */
const MAX_OWED_STEP = 5_000;
/** Bounds of the time a request may take, in milliseconds. */
const MIN_REQUEST_TIME = 5_000;
const MAX_REQUEST_TIME = SNUB_TIME;

/**
 * How many requests to have in flight to one peer.
 *
 * The depth is twice the bandwidth-delay product: measured rate × the shortest time from a request to its block. While the
 * peer answers as fast as we ask, each round trip doubles it; once its link is full the rate no longer grows, and neither
 * does the depth. A slow peer is asked for three seconds in advance.
 */
export class RequestWindow {
  #ceiling = DEFAULT_PEER_QUEUE;
  #snubbed = false;
  /** Bytes per millisecond. */
  #rate = 0;
  /** Shortest time from a request to its block, milliseconds. */
  #latency = Infinity;
  #outstanding = 0;
  /** Blocks still to come until the one being timed; 0 while none is. */
  #probeLeft = 0;
  #probeAt = 0;
  #roundAt = -1;
  #roundBytes = 0;
  #owed = 0;
  #lookedAt = -Infinity;

  /** The peer has sent nothing for a minute although it owed us blocks. */
  get snubbed(): boolean {
    return this.#snubbed;
  }

  /** Sets how many requests the peer queues (`reqq`, BEP 10). What makes no sense is ignored. */
  setPeerQueue(requests: number): void {
    if (Number.isInteger(requests) && requests > 0) this.#ceiling = Math.min(requests, MAX_DEPTH);
  }

  /** `count` requests were sent. */
  onRequest(now: number, count: number): void {
    if (count <= 0) return;
    if (this.#outstanding === 0) {
      // Time in which nothing was asked for says nothing about the rate.
      this.#roundAt = now;
      this.#roundBytes = 0;
    }
    if (this.#probeLeft === 0) {
      this.#probeLeft = this.#outstanding + 1;
      this.#probeAt = now;
    }
    this.#outstanding += count;
  }

  /** A requested block has come whole. */
  onBlock(now: number, bytes: number): void {
    if (this.#outstanding > 0) this.#outstanding--;
    this.#owed = 0;
    if (this.#snubbed) {
      this.#snubbed = false;
      this.#rate = 0;
      this.#roundAt = -1;
    }
    if (this.#probeLeft > 0 && --this.#probeLeft === 0)
      this.#latency = Math.min(this.#latency, Math.max(now - this.#probeAt, 0));
    if (this.#roundAt < 0) {
      this.#roundAt = now;
      this.#roundBytes = 0;
      return;
    }
    this.#roundBytes += bytes;
    const time = now - this.#roundAt;
    if (time < MIN_ROUND_TIME || (this.#latency !== Infinity && time < this.#latency)) return;
    const rate = this.#roundBytes / time;
    this.#rate = rate >= this.#rate ? rate : this.#rate + (rate - this.#rate) * DECAY;
    this.#roundAt = now;
    this.#roundBytes = 0;
  }

  /** `count` requests will not be answered: rejected, or cancelled. */
  onForget(count: number): void {
    this.#outstanding = Math.max(0, this.#outstanding - count);
    if (this.#outstanding === 0) this.#probeLeft = 0;
    else this.#probeLeft = Math.min(this.#probeLeft, this.#outstanding);
  }

  /** No request will be answered any more (choke). The measurements start anew. */
  onReset(): void {
    this.#outstanding = 0;
    this.#probeLeft = 0;
    this.#roundAt = -1;
    this.#latency = Infinity;
    this.#owed = 0;
  }

  /** How many requests to have in flight now. */
  depth(_now?: number): number {
    if (this.#snubbed) return 1;
    if (this.#rate === 0) return Math.min(INITIAL_DEPTH, this.#ceiling);
    const blocks = this.#rate / BLOCK_LENGTH;
    const slow = Math.min(blocks * SLOW_PIPELINE_TIME * 1000, SLOW_PIPELINE_BLOCKS);
    const trip = this.#latency === Infinity ? 0 : blocks * this.#latency * PIPELINE_FACTOR;
    const near = Math.min(blocks * NEAR_PIPELINE_TIME, NEAR_PIPELINE_BLOCKS);
    const depth = Math.ceil(Math.max(slow, trip, near, MIN_DEPTH));
    return Math.min(depth, this.#ceiling);
  }

  /** Milliseconds a block takes to arrive at the measured rate; 0 while none is known. */
  get blockTime(): number {
    return this.#rate === 0 ? 0 : BLOCK_LENGTH / this.#rate;
  }

  /** Milliseconds after which a request counts as lost, from how long the queue before it takes to be served. */
  requestTime(): number {
    if (this.#rate === 0) return MAX_REQUEST_TIME;
    const queue = (Math.max(this.#outstanding, 1) * BLOCK_LENGTH) / this.#rate;
    const trip = this.#latency === Infinity ? 0 : this.#latency;
    return Math.min(MAX_REQUEST_TIME, Math.max(MIN_REQUEST_TIME, 4 * (queue + trip)));
  }

  /**
   * To be called about once a second while blocks are outstanding.
   *
   * @returns true when 60 s have passed in which the peer owed blocks and sent none; not again before another 60 s
   */
  checkSnubbed(now: number): boolean {
    const step = Math.min(Math.max(now - this.#lookedAt, 0), MAX_OWED_STEP);
    this.#owed += this.#lookedAt === -Infinity ? 0 : Math.round(step);
    this.#lookedAt = now;
    if (this.#owed < SNUB_TIME) return false;
    this.#owed = 0;
    this.#snubbed = true;
    this.#rate = 0;
    return true;
  }
}
