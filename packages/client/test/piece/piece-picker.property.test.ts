import { BLOCK_LENGTH } from '@shoal/peer-wire';
import fc from 'fast-check';
import { PiecePicker } from '../../src/piece/piece-picker.ts';
import { MAX_REQUESTERS } from '../../src/piece/partial-piece.ts';
import { TestBuffers, TestPeer, randomOf } from './helpers.ts';

/** Thousands of these are checked; `expect` would take most of the time. */
function same(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${String(actual)} is not ${String(expected)}`);
}

/** Drives a picker at random and keeps its own books of what was asked for. */
class Driver {
  readonly random;
  readonly buffers = new TestBuffers();
  readonly picker: PiecePicker<TestPeer>;
  readonly peers: TestPeer[] = [];
  /** Block id → who was asked. */
  readonly asked = new Map<number, Set<TestPeer>>();
  readonly streaming = new Map<number, TestPeer>();
  readonly verifying = new Set<number>();
  readonly verified = new Set<number>();
  readonly pieceCount: number;
  readonly bpp: number;

  /** Seeds are asked for runs of blocks, as web seeds are. */
  readonly runs: boolean;

  constructor(
    seed: number,
    pieceCount: number,
    blocksPerPiece: number,
    tail: number,
    runs: boolean,
  ) {
    this.random = randomOf(seed);
    this.runs = runs;
    this.pieceCount = pieceCount;
    this.bpp = blocksPerPiece;
    const pieceLength = blocksPerPiece * BLOCK_LENGTH;
    this.picker = new PiecePicker<TestPeer>({
      pieceCount,
      pieceLength,
      totalLength: pieceLength * (pieceCount - 1) + Math.min(tail, pieceLength),
      random: this.random,
      buffers: this.buffers,
      maxPartialPieces: 1 + this.random.integer(8),
    });
    if (this.random.next() < 0.3) this.picker.sequential = true;
    if (this.random.next() < 0.3) this.buffers.limit = 1 + this.random.integer(4);
  }

  chance<T>(list: readonly T[]): T | undefined {
    return list[this.random.integer(Math.max(1, list.length))];
  }

  join(all: boolean): TestPeer {
    const pieces: number[] = [];
    for (let piece = 0; piece < this.pieceCount; piece++)
      if (this.random.next() < 0.4) pieces.push(piece);
    const peer = new TestPeer(this.pieceCount, all ? 'all' : pieces);
    this.picker.peerJoined(peer);
    this.peers.push(peer);
    return peer;
  }

  pick(peer: TestPeer): number {
    const endGameBefore = this.picker.endGame;
    const out: number[] = [];
    let isOwed = false;
    if (!this.runs || !peer.isSeed) this.picker.pick(peer, 1 + this.random.integer(12), out);
    else if (this.random.next() < 0.2) this.claim(peer, out);
    else {
      const blocks = 1 + this.random.integer(20);
      const next = this.random.integer(this.pieceCount + 1) - 1;
      const taken = new Set([this.random.integer(this.pieceCount)]);
      if (this.picker.pickRun(peer, { blocks, next, taken }, out) === 0) {
        isOwed = this.picker.pickOwedRun(peer, blocks, out) > 0;
      }
      if (out.length > blocks) throw new Error('more than was wished for');
      this.mustBeRun(out);
    }
    for (const id of out) {
      const piece = Math.floor(id / this.bpp);
      const who = this.asked.get(id) ?? new Set<TestPeer>();
      if (who.has(peer)) throw new Error('asked twice of one peer');
      if (!peer.have.get(piece)) throw new Error('the peer does not have it');
      if (this.picker.stateOf(piece) !== 'downloading') throw new Error('piece not downloading');
      if (this.picker.priorityOf(piece) === 0) throw new Error('piece not wanted');
      const endGame = isOwed || endGameBefore || this.picker.endGame;
      if (who.size > 0 && !endGame) throw new Error('asked twice before end-game');
      if (who.size >= MAX_REQUESTERS) throw new Error('too many requesters');
      who.add(peer);
      this.asked.set(id, who);
    }
    return out.length;
  }

  /** The peer begins to send a piece by itself. */
  claim(peer: TestPeer, out: number[]): void {
    const { picker, bpp } = this;
    const piece = this.random.integer(this.pieceCount);
    const may = picker.mayClaim(piece);
    const first = this.random.integer(Math.ceil(picker.pieceLengthAt(piece) / BLOCK_LENGTH));
    const before = Array.from({ length: bpp }, (_, block) =>
      picker.isRequested(peer, piece * bpp + block),
    );
    const claim = picker.claim(peer, piece, first, first + 1 + this.random.integer(bpp));
    if (claim !== 'nothing' && !may) throw new Error('claimed what may not be');
    for (let block = 0; block < bpp; block++) {
      const id = piece * bpp + block;
      if (before[block] !== true && picker.isRequested(peer, id)) out.push(id);
    }
    if ((claim === 'claimed') !== out.length > 0) throw new Error('claim does not say what it did');
  }

  /** One block after the other, from one piece to the next. */
  mustBeRun(ids: readonly number[]): void {
    for (const [index, id] of ids.entries()) {
      const next = ids[index + 1];
      if (next !== undefined && next !== id + 1) throw new Error('a gap in a run');
    }
  }

  forget(id: number, peer: TestPeer): void {
    const who = this.asked.get(id);
    who?.delete(peer);
    if (who?.size === 0) this.asked.delete(id);
    if (this.streaming.get(id) === peer) this.streaming.delete(id);
  }

  begin(id: number, peer: TestPeer): void {
    const piece = Math.floor(id / this.bpp);
    const begin = (id % this.bpp) * BLOCK_LENGTH;
    const length = Math.min(BLOCK_LENGTH, this.picker.pieceLengthAt(piece) - begin);
    const target = this.picker.blockTarget(peer, piece, begin, length);
    const busy = this.streaming.has(id);
    if (busy !== (target === undefined)) throw new Error('block target disagrees');
    if (target === undefined) return;
    if (target.length !== length || target.byteOffset !== begin) throw new Error('wrong view');
    if (!this.buffers.out.has(target.buffer as ArrayBuffer)) throw new Error('dead buffer');
    target.fill(1 + (id % 250));
    this.streaming.set(id, peer);
  }

  finish(id: number, peer: TestPeer): void {
    const piece = Math.floor(id / this.bpp);
    const others: TestPeer[] = [];
    this.picker.duplicatesOf(id, peer, others);
    const expected = [...(this.asked.get(id) ?? [])].filter((other) => other !== peer);
    if (others.length !== expected.length) throw new Error('duplicates disagree');
    const unwanted = this.picker.priorityOf(piece) === 0;
    const result = this.picker.blockReceived(peer, piece, (id % this.bpp) * BLOCK_LENGTH);
    if (this.streaming.get(id) !== peer || unwanted) {
      if (result !== 'ignored') throw new Error('should be ignored');
      this.forget(id, peer);
      return;
    }
    if (result === 'ignored') throw new Error('should count');
    this.streaming.delete(id);
    this.asked.delete(id);
    if (result === 'piece') {
      const taken = this.picker.takePiece(piece);
      const bytes = new Uint8Array(taken.buffer, 0, taken.length);
      for (let at = 0, block = 0; at < taken.length; at += BLOCK_LENGTH, block++) {
        if (bytes[at] !== 1 + ((piece * this.bpp + block) % 250)) throw new Error('mixed up');
        if (taken.contributors[block] === undefined) throw new Error('no contributor');
      }
      this.buffers.release(taken.buffer);
      this.verifying.add(piece);
    }
  }

  lose(peer: TestPeer): void {
    const piece = this.random.integer(this.pieceCount);
    if (!peer.have.clear(piece)) return;
    peer.isSeed = false;
    this.picker.peerLost(peer, piece);
    for (const [id, who] of [...this.asked]) {
      if (Math.floor(id / this.bpp) !== piece || !who.has(peer)) continue;
      this.picker.release(peer, id);
      this.forget(id, peer);
    }
  }

  leave(peer: TestPeer): void {
    this.picker.releaseAll(peer);
    for (const [id, who] of [...this.asked]) if (who.has(peer)) this.forget(id, peer);
  }

  step(): void {
    const { random, picker } = this;
    const peer = this.chance(this.peers);
    const roll = random.integer(100);
    if (peer === undefined || (roll < 3 && this.peers.length < 12)) {
      this.join(random.next() < 0.2);
    } else if (roll < 5) {
      this.leave(peer);
      picker.peerLeft(peer);
      this.peers.splice(this.peers.indexOf(peer), 1);
    } else if (roll < 11) {
      const piece = random.integer(this.pieceCount);
      if (!peer.isSeed && peer.have.set(piece)) picker.peerGained(peer, piece);
    } else if (roll < 12) {
      this.lose(peer);
    } else if (roll < 14) {
      peer.slow = !peer.slow;
    } else if (roll < 45) {
      this.pick(peer);
    } else if (roll < 60) {
      const entry = this.chance([...this.asked]);
      const from = entry && this.chance([...entry[1]]);
      if (entry && from && this.streaming.get(entry[0]) !== from) this.begin(entry[0], from);
    } else if (roll < 88) {
      const entry = this.chance([...this.streaming]);
      if (entry) this.finish(entry[0], entry[1]);
    } else if (roll < 92) {
      const entry = this.chance([...this.asked]);
      const from = entry && this.chance([...entry[1]]);
      if (entry && from) {
        picker.release(from, entry[0]);
        this.forget(entry[0], from);
      }
    } else if (roll < 93) {
      this.leave(peer);
    } else if (roll < 97) {
      const piece = this.chance([...this.verifying]);
      if (piece !== undefined) {
        this.verifying.delete(piece);
        if (random.next() < 0.3) picker.pieceFailed(piece);
        else {
          picker.pieceVerified(piece);
          this.verified.add(piece);
        }
      }
    } else if (roll < 98) {
      const piece = this.chance([...this.verified]);
      if (piece !== undefined && random.next() < 0.2) {
        picker.lost(piece);
        this.verified.delete(piece);
      }
    } else {
      const piece = random.integer(this.pieceCount);
      const priority = random.integer(8);
      picker.setPriority(piece, priority);
      if (priority === 0)
        for (const [id, who] of [...this.asked])
          if (Math.floor(id / this.bpp) === piece)
            for (const other of [...who])
              if (this.streaming.get(id) !== other) this.forget(id, other);
    }
  }

  check(): void {
    const { picker } = this;
    let left = 0;
    let bytes = 0;
    let downloading = 0;
    for (let piece = 0; piece < this.pieceCount; piece++) {
      const state = picker.stateOf(piece);
      if (state === 'downloading') downloading++;
      same(picker.have.get(piece), this.verified.has(piece));
      same(state === 'have', this.verified.has(piece));
      same(state === 'verifying', this.verifying.has(piece));
      if (state !== 'have' && picker.priorityOf(piece) > 0) {
        left++;
        bytes += picker.pieceLengthAt(piece);
      }
      same(picker.availabilityOf(piece), this.peers.filter((peer) => peer.have.get(piece)).length);
    }
    same(picker.wantedLeft, left);
    same(picker.wantedBytesLeft, bytes);
    same(picker.partialCount, downloading);
    same(this.buffers.out.size, downloading);
    let partialBytes = 0;
    picker.forEachPartial((_piece, received) => (partialBytes += received));
    same(picker.partialBytes, partialBytes);
    for (const peer of this.peers) {
      let interesting = false;
      for (let piece = 0; piece < this.pieceCount && !interesting; piece++) {
        const state = picker.stateOf(piece);
        interesting =
          peer.have.get(piece) &&
          picker.priorityOf(piece) > 0 &&
          (state === 'missing' || state === 'downloading');
      }
      same(picker.isInteresting(peer), interesting);
    }
  }

  /** With one more seed that answers, everything wanted must complete. */
  complete(): void {
    for (const peer of this.peers) this.leave(peer);
    for (const piece of this.verifying) {
      this.picker.pieceVerified(piece);
      this.verified.add(piece);
    }
    this.verifying.clear();
    const seed = this.join(true);
    for (let round = 0; this.picker.wantedLeft > 0; round++) {
      if (round > 10_000) throw new Error('the download stalls');
      this.pick(seed);
      for (const [id] of [...this.asked]) {
        this.begin(id, seed);
        this.finish(id, seed);
      }
      for (const piece of this.verifying) {
        this.picker.pieceVerified(piece);
        this.verified.add(piece);
      }
      this.verifying.clear();
    }
    this.picker.dropPartials();
  }
}

describe('the piece picker, driven at random', () => {
  it('keeps its books, never asks twice before end-game, and completes', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 6 * BLOCK_LENGTH }),
        fc.boolean(),
        (seed, pieceCount, blocksPerPiece, tail, runs) => {
          const driver = new Driver(seed, pieceCount, blocksPerPiece, tail, runs);
          for (let step = 0; step < 400; step++) {
            driver.step();
            if (step % 20 === 0) driver.check();
          }
          driver.check();
          driver.complete();
          driver.check();
          expect(driver.buffers.out.size).toBe(0);
        },
      ),
      { numRuns: 250, seed: 7 },
    );
  });
});
