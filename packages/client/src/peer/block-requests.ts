import { BLOCK_LENGTH, type WireEncoder } from '@shoal/peer-wire';
import { BlockIdSet } from './block-id-set.ts';
import type { Peer } from './peer.ts';
import type { PeerSwarm } from './peer-swarm.ts';
import { DEFAULT_PEER_QUEUE, RequestWindow } from './request-window.ts';

/** Blocks that may come without being asked for: what was cancelled or released can cross on the wire. */
const UNREQUESTED_ALLOWANCE = 64;

/** Rejects that may come between two blocks for what was not asked for, and not taken back either. BEP 6 allows none. */
const MAX_STRAY_REJECTS = 64;

/**
 * Requests refused in a row by a peer that does not choke us, after which it is let go: more than it can owe us at a time,
 * so an honest peer that has just lost a file never gets there.
 */
const MAX_REJECTS_IN_A_ROW = 2 * DEFAULT_PEER_QUEUE;

/**
 * Milliseconds one block may take to arrive in the end-game, where somebody else could send it in half the time that it has taken
 * already: 3 kB/s at least. Each block taken back for that doubles it for the peer until one has come whole: blocks must arrive
 * in the end.
 */
const END_GAME_BLOCK_TIME = 5_000;
/** Doublings of it at most: 5 minutes for a block. */
const MAX_TRICKLES = 6;
/** A peer known to be slow has twice its time from the start, up to this many milliseconds: it does what it can. */
const MAX_FIRST_BLOCK_TIME = 30_000;

/** Milliseconds that a peer of which no rate is known is taken to need for a block: 1 kB/s. */
const UNKNOWN_BLOCK_TIME = 15_000;

/**
 * Milliseconds after which a block that a stream needs next is late, where somebody else could send it in half of that; doubled
 * again and again for those that take longer.
 */
const URGENT_TIME = 2_000;
/** Milliseconds a peer is asked for nothing after that, so that another is: one fills its pipeline within a second. */
const URGENT_PAUSE = 1_000;

/** Milliseconds a peer has nothing to do for want of memory before it is asked for what others owe. */
const IDLE_TIME = 5_000;

/** Milliseconds after which it is clear that it is not asked for those either: others owe all that there is memory for. */
const STARVED_TIME = 2 * IDLE_TIME;

/** Milliseconds a request may then take of a peer that has not sent a block yet, of which no rate is known: 1 kB/s at least. */
const UNPROVEN_TIME = 15_000;

/** Milliseconds a peer is asked for nothing after it has let requests lapse; each further time doubles it ... */
const MIN_PAUSE = 5_000;
/** ... up to this: it may be honest and slow, and the only one left by then. */
const MAX_PAUSE = 60_000;

/** Block ids of the last call of `pick`; shared, since it is consumed at once. */
const picked: number[] = [];

/** What we have asked of one peer, and how much more to ask. */
export class BlockRequests {
  readonly #peer: Peer;
  readonly #swarm: PeerSwarm;
  readonly #encoder: WireEncoder;
  readonly #window = new RequestWindow();
  /** Ids of the blocks that the peer still owes. */
  readonly #outstanding = new BlockIdSet();
  #allowance = UNREQUESTED_ALLOWANCE;
  #rejectsInARow = 0;
  /** Requests taken back, each of which may still be rejected. */
  #takenBack = 0;
  #strayRejects = 0;
  /** Since when nothing could be found to ask it for, monotonic ms; undefined while something was. */
  #idleSince: number | undefined;
  /** How many requests the peer keeps queued (`reqq`, BEP 10): no more are outstanding at once. */
  setPeerQueue(requests: number): void {
    this.#window.setPeerQueue(requests);
  }

  /** How often it has let requests lapse since it last owed nothing. */
  #lapses = 0;
  /** Nothing is asked of it before, monotonic ms. */
  #pausedUntil = -Infinity;
  /** The block now streaming in, -1 for none, and since when. */
  #arriving = -1;
  #arrivingSince = 0;
  /** Blocks in a row that were taken back because they only trickled in. */
  #trickles = 0;
  readonly #isAllowedFast = (piece: number): boolean => this.#peer.allowedFast.has(piece);

  constructor(peer: Peer, swarm: PeerSwarm, encoder: WireEncoder) {
    this.#peer = peer;
    this.#swarm = swarm;
    this.#encoder = encoder;
  }

  get outstanding(): number {
    return this.#outstanding.size;
  }

  get snubbed(): boolean {
    return this.#window.snubbed;
  }

  /** Milliseconds until a block comes that it is asked for now, after those it owes, as far as is known. */
  get nextBlockTime(): number {
    const { blockTime } = this.#window;
    return (this.#outstanding.size + 1) * (blockTime === 0 ? UNKNOWN_BLOCK_TIME : blockTime);
  }

  /** How often it has let requests lapse since it last owed nothing. */
  get lapses(): number {
    return this.#lapses;
  }

  /** It has had nothing to do for so long that what the others owe is to be looked at. */
  isStarved(now: number): boolean {
    if (this.#outstanding.size > 0 || !this.#mayAsk(now)) return false;
    return now - (this.#idleSince ?? now) >= STARVED_TIME;
  }

  /** Asks for more blocks when enough of the window has come free; requests leave in batches. The caller flushes. */
  fill(now: number): void {
    if (!this.#mayAsk(now)) return;
    const peer = this.#peer;
    const depth = this.#window.depth(now);
    const room = depth - this.#outstanding.size;
    if (room <= 0 || (room < depth >> 1 && this.#outstanding.size > 0)) return;
    picked.length = 0;
    const allowed = peer.peerChoking ? this.#isAllowedFast : undefined;
    const { picker } = this.#swarm;
    let count = picker.pick(peer, room, picked, allowed);
    if (count > 0) this.#idleSince = undefined;
    else {
      // Whoever owes something is not idle: those who hold the memory must not be given each other's blocks.
      if (this.#outstanding.size > 0) return;
      this.#idleSince ??= now;
      if (now - this.#idleSince >= IDLE_TIME) count = picker.pickOwed(peer, room, picked, allowed);
      if (count === 0) return;
    }
    for (const id of picked) {
      this.#outstanding.add(id, now);
      const piece = Math.floor(id / picker.blocksPerPiece);
      const begin = (id - piece * picker.blocksPerPiece) * BLOCK_LENGTH;
      this.#encoder.request(piece, begin, this.#lengthAt(piece, begin));
    }
    this.#window.onRequest(now, count);
  }

  /** Was exactly this block asked for and not yet answered? */
  expects(piece: number, begin: number, length: number): boolean {
    return (
      begin % BLOCK_LENGTH === 0 &&
      piece < this.#swarm.info.pieceCount &&
      // Beyond its end lie, by their numbers, the blocks of the next piece.
      length > 0 &&
      this.#outstanding.has(this.idOf(piece, begin)) &&
      length === this.#lengthAt(piece, begin)
    );
  }

  /** The payload of a block that was asked for begins to arrive. */
  arriving(piece: number, begin: number, now: number): void {
    this.#arriving = this.idOf(piece, begin);
    this.#arrivingSince = now;
  }

  /** The block has come whole; `stored`: and was of use. */
  answered(piece: number, begin: number, length: number, now: number, stored: boolean): void {
    this.#arriving = -1;
    if (stored) this.#trickles = 0;
    // One that was cancelled while it was coming in has been taken out of the window already.
    if (this.#outstanding.delete(this.idOf(piece, begin))) {
      this.#window.onBlock(now, length);
      if (this.#outstanding.size === 0) this.#lapses = 0;
    }
    this.#rejectsInARow = this.#strayRejects = 0;
  }

  /** A block came that is not outstanding; a peer that goes on so is dropped. */
  unrequested(_length: number): void {
    this.#allowance -= 1;
    if (this.#allowance < 0) this.#peer.violate('It keeps sending blocks that nobody asked for');
  }

  /** The peer will not send it (BEP 6). */
  rejected(piece: number, begin: number): void {
    const id = this.idOf(piece, begin);
    if (!this.#outstanding.delete(id)) {
      this.#strayReject();
      return;
    }
    this.#window.onForget(1);
    this.#swarm.picker.release(this.#peer, id);
    if (this.#peer.peerChoking) {
      this.#peer.allowedFast.delete(piece);
      return;
    }
    // It does not have it after all, or is out of room for the moment.
    this.#rejectsInARow += 1;
    if (this.#rejectsInARow > MAX_REJECTS_IN_A_ROW) {
      this.#peer.violate('It rejects every request although it does not choke us');
    }
  }

  /** Takes one request back, telling the peer; the caller flushes. */
  cancel(id: number): void {
    if (!this.#outstanding.delete(id)) return;
    this.#window.onForget(1);
    const { picker } = this.#swarm;
    const piece = Math.floor(id / picker.blocksPerPiece);
    const begin = (id - piece * picker.blocksPerPiece) * BLOCK_LENGTH;
    this.#encoder.cancel(piece, begin, this.#lengthAt(piece, begin));
    this.#swarm.picker.release(this.#peer, id);
    this.#mayCross(1);
  }

  /** The peer has a piece no longer, and will not say which requests it drops for that: all of that piece. */
  forget(piece: number): void {
    const { picker } = this.#swarm;
    for (const id of this.#outstanding.values()) {
      if (Math.floor(id / picker.blocksPerPiece) !== piece || id === this.#arriving) continue;
      this.#outstanding.delete(id);
      this.#window.onForget(1);
      picker.release(this.#peer, id);
      // It may have sent some of them before.
      this.#mayCross(1);
    }
  }

  /** Takes every request back: the peer choked us, is snubbed, or is gone. Nothing is sent. */
  releaseAll(): void {
    this.#arriving = -1;
    this.#swarm.picker.releaseAll(this.#peer);
    this.#mayCross(this.#outstanding.size);
    this.#outstanding.clear();
    this.#peer.discardBlock();
    this.#window.onReset();
  }

  /** Takes back every request and tells the peer: we paused, or the peer is snubbed. The caller flushes. */
  cancelAll(): void {
    for (const id of this.#outstanding.values()) this.cancel(id);
    this.#peer.discardBlock();
  }

  /** Takes back what the picker does not wait for any more: its piece has become unwanted. The caller flushes. */
  cancelForgotten(): void {
    for (const id of this.#outstanding.values()) {
      if (!this.#swarm.picker.isRequested(this.#peer, id)) this.cancel(id);
    }
  }

  /**
   * Once a second: a peer that owes blocks for too long is snubbed and its blocks are given to others; in the end-game a
   * block that only trickles in is, where there are others.
   */
  tick(now: number): void {
    if (this.#outstanding.size === 0) return;
    if (this.#window.checkSnubbed(now)) this.cancelAll();
    this.#endTrickle(now);
    if (this.#swarm.picker.hasWindow) this.#handOverUrgent(now);
  }

  /** A stream waits for what this peer is late with, and somebody else is faster by far: it is left to that one. */
  #handOverUrgent(now: number): void {
    const { picker } = this.#swarm;
    for (let time = URGENT_TIME; ; time *= 2) {
      const late = this.#outstanding.before(now - time);
      if (late.length === 0) return;
      for (const id of late) {
        const piece = Math.floor(id / picker.blocksPerPiece);
        if (id === this.#arriving || !picker.isUrgent(piece)) continue;
        if (!this.#swarm.othersSend(piece, this.#peer, time / 2)) continue;
        this.cancel(id);
        this.#pausedUntil = Math.max(this.#pausedUntil, now + URGENT_PAUSE);
      }
    }
  }

  /** In the end-game a block that only trickles in is asked for elsewhere, where somebody else could send it. */
  #endTrickle(now: number): void {
    const id = this.#arriving;
    const usual = Math.min(2 * this.#window.blockTime, MAX_FIRST_BLOCK_TIME);
    const time = Math.max(usual, END_GAME_BLOCK_TIME * 2 ** Math.min(this.#trickles, MAX_TRICKLES));
    if (id < 0 || now - this.#arrivingSince < time) return;
    const { picker } = this.#swarm;
    const piece = Math.floor(id / picker.blocksPerPiece);
    // Where all are as slow, whoever is asked instead begins at the beginning.
    const within = (now - this.#arrivingSince) / 2;
    if (!picker.endGame || !this.#swarm.othersSend(piece, this.#peer, within)) return;
    this.#trickles += 1;
    this.#arriving = -1;
    this.cancel(id);
    this.#peer.discardBlock();
  }

  /**
   * Somebody else could send what this peer owes: the requests it has let pass their time are taken back, and for a while it is
   * asked for nothing. Else peers that each keep back a block of every piece, and send the odd one so as not to be snubbed, could
   * hold all memory. The caller flushes.
   */
  lapse(now: number): void {
    const time = this.#peer.unproven ? UNPROVEN_TIME : this.#window.requestTime();
    const late = this.#outstanding.before(now - time);
    if (late.length === 0) return;
    for (const id of late) {
      if (id === this.#arriving) {
        this.#arriving = -1;
        this.#peer.discardBlock();
      }
      this.cancel(id);
    }
    this.#pausedUntil = now + Math.min(MIN_PAUSE * 2 ** Math.min(this.#lapses, 20), MAX_PAUSE);
    this.#lapses += 1;
    this.#idleSince = undefined;
  }

  /** The picker's name of a block. */
  idOf(piece: number, begin: number): number {
    return piece * this.#swarm.picker.blocksPerPiece + begin / BLOCK_LENGTH;
  }

  /** Requests are taken back whose answers, blocks or rejects, may be on their way. */
  #mayCross(requests: number): void {
    this.#allowance += requests;
    this.#takenBack += requests;
  }

  #strayReject(): void {
    if (this.#takenBack > 0) {
      this.#takenBack -= 1;
      return;
    }
    this.#strayRejects += 1;
    if (this.#strayRejects > MAX_STRAY_REJECTS) {
      this.#peer.violate('It rejects what it was not asked for');
    }
  }

  /** It would answer, and nothing keeps us from asking. */
  #mayAsk(now: number): boolean {
    const peer = this.#peer;
    if (!peer.amInterested || peer.closed || !this.#swarm.downloading) return false;
    if (peer.peerChoking && peer.allowedFast.size === 0) return false;
    return now >= this.#pausedUntil;
  }

  #lengthAt(piece: number, begin: number): number {
    return Math.min(BLOCK_LENGTH, this.#swarm.picker.pieceLengthAt(piece) - begin);
  }
}
