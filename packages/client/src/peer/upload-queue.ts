import type { Clock } from '@shoal/net';
import type { WireEncoder } from '@shoal/peer-wire';
import { clientDefaults } from '../options.ts';
import type { UploadRequest } from '../disk/read-batch.ts';
import { Allowance } from './allowance.ts';
import { ALLOWED_FAST_PIECES } from './allowed-fast.ts';
import type { Peer } from './peer.ts';
import type { PeerSwarm } from './peer-swarm.ts';

/** Blocks read and sent in one go: 32 × 16 KiB is where the cost per block stops falling (measured). */
const BATCH_BLOCKS = 32;

/**
 * Milliseconds in which a batch leaves where the line has room for more. A peer begins with one block; each batch that leaves
 * within this time doubles the next one, each that takes twice as long halves it: what was handed to the connection is
 * beyond the reach of a CANCEL or a choke, and on a slow line a full batch would be minutes of it.
 */
const PROMPT_TIME = 250;

/** Bytes. A batch ends early rather than pass this, whatever lengths the peer asks for. */
const BATCH_BYTES = 1024 * 1024;

/** Batches of one peer being read or sent: one goes out while the next is read. A peer that does not read costs these. */
const BATCHES_IN_FLIGHT = 2;

/**
 * Blocks in one batch of a choked peer, which may have its allowed-fast pieces only (BEP 6): every connection may have
 * those, so that all of them together must not be able to take all send buffers.
 */
const CHOKED_BATCH_BLOCKS = 2;

/**
 * Milliseconds after which a choked peer that goes on asking for what it was granted is told that it does not get it: aria2 asks
 * again as soon as it is told, thousands of times a second. Others are told at once, as they then ask somebody else.
 */
const REFUSAL_DELAY = 5_000;

/**
 * Requests refused to one peer before it is let go: for pieces that we have not, while it is choked, or more than we said we keep.
 * Honest peers send none but for those that crossed a choke, which do not count, and those for a piece that was lost since.
 */
const MAX_REFUSED = 512;
/** Further ones that it may send each second. */
const REFUSED_RATE = 8;

/** What one peer has asked of us: answered in order, in batches, while it is unchoked and keeps reading. */
export class UploadQueue {
  readonly #peer: Peer;
  readonly #swarm: PeerSwarm;
  readonly #encoder: WireEncoder;
  readonly #clock: Clock;
  readonly #waiting: UploadRequest[] = [];
  /** Of pieces that the peer was granted and does not get while it is choked, to be refused after a while. */
  readonly #held: UploadRequest[] = [];
  /** Since when the first of them is there, monotonic ms. */
  #heldSince = 0;
  #inFlight = 0;
  /** Blocks in the next batch at most. */
  #batchBlocks = 1;
  /** When each batch that has not left yet was handed to the connection, monotonic ms; the oldest first. */
  readonly #leaving: number[] = [];
  /**
   * Cancels still to be looked up: as many as requests were taken, since each look goes through the whole queue, and whoever
   * sends nothing but cancels must not have it gone through for ever.
   */
  #cancellable = 0;
  /** Requests that may still come because they were sent before the peer knew that it is choked. */
  #crossing = 0;
  /** Made for the first request that is refused. */
  #refusals: Allowance | undefined;
  /** Those of them that are for pieces it was granted: beyond these they are held. */
  #granted: Allowance | undefined;
  /** Tokens of the upload limit taken for the block at the head of the queue. */
  #credit = 0;

  constructor(peer: Peer, swarm: PeerSwarm, encoder: WireEncoder, clock: Clock) {
    this.#peer = peer;
    this.#swarm = swarm;
    this.#encoder = encoder;
    this.#clock = clock;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Since when the oldest batch waits for the peer to read it, monotonic ms; undefined while none does. */
  get unreadSince(): number | undefined {
    return this.#leaving[0];
  }

  /** A request came in. The caller pumps once the chunk is read to its end. */
  request(piece: number, begin: number, length: number): void {
    const peer = this.#peer;
    const queued = this.#waiting.length + this.#held.length;
    const hasRoom = queued < clientDefaults.maxQueuedRequests;
    const has = this.#swarm.picker.have.get(piece);
    const isGranted = !peer.amChoking || peer.grantedFast.has(piece);
    if (!hasRoom || !has || !isGranted) {
      this.#refuseAsked(piece, begin, length);
      return;
    }
    if (peer.amChoking && !this.#isDue(piece, length)) {
      const now = this.#clock.now();
      this.#granted ??= new Allowance(MAX_REFUSED, REFUSED_RATE, now);
      if (this.#granted.take(now)) {
        this.#refuse(piece, begin, length);
        return;
      }
      if (this.#held.length === 0) this.#heldSince = now;
      this.#held.push({ piece, begin, length });
    } else this.#waiting.push({ piece, begin, length });
    this.#cancellable = Math.min(this.#cancellable + 1, clientDefaults.maxQueuedRequests);
  }

  cancel(piece: number, begin: number, length: number): void {
    if (this.#cancellable === 0) return;
    this.#cancellable -= 1;
    for (const queue of [this.#waiting, this.#held]) {
      const index = queue.findIndex(
        (each) => each.piece === piece && each.begin === begin && each.length === length,
      );
      if (index === -1) continue;
      queue.splice(index, 1);
      // BEP 6: a cancelled request is answered too, by the block or by a reject.
      this.#refuse(piece, begin, length);
      return;
    }
  }

  /** We choked the peer: everything waiting is refused, except what it may have while choked. The caller flushes. */
  refuseAll(): void {
    this.#crossing = clientDefaults.maxQueuedRequests;
    const waiting = this.#waiting.splice(0);
    for (const request of waiting) {
      if (this.#peer.grantedFast.has(request.piece)) this.#waiting.push(request);
      else if (this.#peer.fast) {
        this.#encoder.reject(request.piece, request.begin, request.length);
      }
    }
  }

  /** Once a second. The caller flushes. */
  tick(now: number): void {
    if (this.#held.length === 0 || now - this.#heldSince < REFUSAL_DELAY) return;
    for (const { piece, begin, length } of this.#held.splice(0)) this.#refuse(piece, begin, length);
  }

  /** Sends what can be sent now. */
  pump(): void {
    const { chokedTurns } = this.#swarm;
    if (!this.#peer.amChoking && this.#held.length > 0) this.#waiting.push(...this.#held.splice(0));
    while (this.#waiting.length > 0 && this.#inFlight < BATCHES_IN_FLIGHT && !this.#peer.closed) {
      if (this.#peer.amChoking) {
        if (this.#inFlight > 0 || !chokedTurns.take(this, this.#clock.now())) return;
      }
      const batch = this.#nextBatch();
      if (batch.length === 0) {
        chokedTurns.end(this);
        return;
      }
      this.#inFlight += 1;
      void this.#send(batch);
    }
  }

  /** The connection is gone. */
  drop(): void {
    this.#waiting.length = this.#held.length = 0;
    this.#swarm.chokedTurns.end(this);
  }

  #nextBatch(): UploadRequest[] {
    let count = 0;
    let bytes = 0;
    const most = this.#peer.amChoking
      ? Math.min(CHOKED_BATCH_BLOCKS, this.#batchBlocks)
      : this.#batchBlocks;
    for (const { length } of this.#waiting) {
      if (count === most || (count > 0 && bytes + length > BATCH_BYTES)) break;
      this.#credit += this.#swarm.takeUpload(Math.max(0, length - this.#credit));
      if (this.#credit < length) {
        this.#swarm.awaitUpload(this.#peer);
        break;
      }
      this.#credit -= length;
      bytes += length;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #send(requests: UploadRequest[]): Promise<void> {
    const peer = this.#peer;
    try {
      const batch = await this.#swarm.reader.read(requests);
      if (peer.closed) {
        batch.recycle();
        this.#inFlight -= 1;
        return;
      }
      peer.flush();
      this.#leaving.push(this.#clock.now());
      peer.connection.write(batch.bytes, (error) => {
        batch.recycle();
        this.#left(requests.length, this.#leaving.shift() ?? 0);
        this.#inFlight -= 1;
        this.#swarm.chokedTurns.end(this);
        if (error === undefined) this.pump();
      });
      peer.sent();
      let payload = 0;
      for (const { length } of requests) payload += length;
      peer.uploadedBytes += payload;
      peer.uploadRate.add(payload, this.#clock.now());
      this.#swarm.uploaded(peer, payload);
    } catch (error) {
      this.#inFlight -= 1;
      this.#swarm.chokedTurns.end(this);
      for (const { piece, begin, length } of requests) this.#refuse(piece, begin, length);
      peer.flush();
      this.#swarm.readFailed(error as Error);
    }
  }

  /** A batch of so many blocks, handed over at `since`, has left: the next ones are as large as the line deserves. */
  #left(blocks: number, since: number): void {
    const time = this.#clock.now() - since;
    if (time > 2 * PROMPT_TIME) this.#batchBlocks = Math.max(1, this.#batchBlocks >> 1);
    else if (time <= PROMPT_TIME && blocks >= this.#batchBlocks)
      this.#batchBlocks = Math.min(BATCH_BLOCKS, 2 * this.#batchBlocks);
  }

  /**
   * Is a granted piece sent while choked? Each once, or a choked peer could download for ever, and only to who has little (BEP 6).
   */
  #isDue(piece: number, length: number): boolean {
    const { grantedFast, have } = this.#peer;
    if (have.count >= ALLOWED_FAST_PIECES) return false;
    const left = (grantedFast.get(piece) ?? 0) - length;
    if (left < 0) return false;
    grantedFast.set(piece, left);
    return true;
  }

  /** Refuses what was just asked for; who goes on asking is let go. */
  #refuseAsked(piece: number, begin: number, length: number): void {
    this.#refuse(piece, begin, length);
    if (this.#peer.amChoking && this.#crossing > 0) {
      this.#crossing -= 1;
      return;
    }
    const now = this.#clock.now();
    this.#refusals ??= new Allowance(MAX_REFUSED, REFUSED_RATE, now);
    if (!this.#refusals.take(now)) this.#peer.violate('It goes on asking for what it is refused');
  }

  #refuse(piece: number, begin: number, length: number): void {
    // Without the fast extension there is no way to say no: BEP 3 clients ask again after the next unchoke.
    if (this.#peer.fast) this.#encoder.reject(piece, begin, length);
  }
}
