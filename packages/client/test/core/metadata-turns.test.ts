import { METADATA_PIECE_LENGTH } from '@shoal/peer-wire';
import type { HashVerdict } from '../../src/metadata/judge-metadata.ts';
import { MetadataFetch } from '../../src/metadata/metadata-fetch.ts';
import { type MetadataHolder, MetadataMemory } from '../../src/metadata/metadata-memory.ts';
import { noise } from '../disk/fixture.ts';

const PIECE = METADATA_PIECE_LENGTH;

/** A peer that answers each request after the same time, with what it has for metadata. */
class Source {
  readonly address: string;
  readonly data: Uint8Array;
  /** Milliseconds. */
  readonly delay: number;
  readonly due: [piece: number, at: number][] = [];
  isBanned = false;

  constructor(address: string, data: Uint8Array, delay: number) {
    this.address = address;
    this.data = data;
    this.delay = delay;
  }
}

class Play {
  readonly fetch: MetadataFetch<Source>;
  readonly sources: Source[] = [];
  now = 0;
  done = false;

  constructor(truth: Uint8Array, memory?: MetadataMemory) {
    const judge = (bytes: Uint8Array): HashVerdict =>
      Buffer.compare(bytes, truth) === 0 ? 'right' : 'wrong';
    this.fetch = new MetadataFetch<Source>(judge, undefined, memory);
  }

  join(address: string, data: Uint8Array, delay: number): Source {
    const source = new Source(address, data, delay);
    this.sources.push(source);
    this.fetch.offer(source, data.length, this.now);
    return source;
  }

  step(): void {
    if (this.now % 1_000 === 0) this.fetch.tick(this.now);
    for (const source of this.sources) {
      if (source.isBanned || this.done) continue;
      const ready = source.due.filter(([, at]) => at <= this.now);
      for (const each of ready) {
        source.due.splice(source.due.indexOf(each), 1);
        const [piece] = each;
        const { data } = source;
        const bytes = data.subarray(piece * PIECE, (piece + 1) * PIECE);
        const outcome = this.fetch.data(source, piece, data.length, bytes, this.now);
        if (outcome.type === 'complete') {
          this.done = true;
          this.fetch.clear();
          return;
        }
        if (outcome.type !== 'corrupt' || outcome.culprit === undefined) continue;
        for (const other of this.sources) {
          if (other.address !== outcome.culprit) continue;
          other.isBanned = true;
          this.fetch.leave(other);
        }
      }
      // Whoever was banned just now claims nothing any more.
      let piece = this.fetch.next(source, this.now);
      while (piece !== undefined) {
        source.due.push([piece, this.now + source.delay]);
        piece = this.fetch.next(source, this.now);
      }
    }
    this.now += 200;
  }

  /** Virtual ms until it is complete; Infinity for never within the limit. */
  run(limit: number): number {
    while (!this.done && this.now < limit) this.step();
    return this.done ? this.now : Infinity;
  }
}

const spoilt = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 1);

describe('turns of those who give metadata', () => {
  it('come to an honest peer beside one that trickles what is wrong', () => {
    const truth = noise(200 * PIECE, 1);
    const play = new Play(truth);
    const liars = ['one', 'other'].map((name) => play.join(name, spoilt(truth), 9_000));
    // Both had a part in what was wrong, so that it is taken from one of them alone.
    while (play.fetch.held < 200 * PIECE - 1 && play.now < 300_000) play.step();
    while (play.fetch.held > PIECE * 20) play.step();
    expect(liars.map(({ isBanned }) => isBanned)).toEqual([false, false]);
    play.join('honest', truth, 100);
    const since = play.now;
    expect(play.run(3_600_000) - since).toBeLessThan(60_000);
  });

  it('come to an honest length beside liars that trickle others', () => {
    const truth = noise(20 * PIECE, 2);
    const play = new Play(truth);
    for (let liar = 1; liar <= 3; liar += 1) {
      play.join(`liar ${liar}`, noise(300 * PIECE + liar, liar), 9_000);
    }
    play.step();
    play.join('honest', truth, 100);
    expect(play.run(3_600_000)).toBeLessThan(60_000);
  });

  it('grow, so that a slow honest peer completes beside others that trickle', () => {
    const truth = noise(60 * PIECE, 3);
    const play = new Play(truth);
    for (let liar = 1; liar <= 3; liar += 1) play.join(`liar ${liar}`, spoilt(truth), 9_900);
    play.join('honest', truth, 9_000);
    expect(play.run(4 * 3_600_000)).toBeLessThan(2 * 3_600_000);
  });

  it('do not end where nobody else waits', () => {
    const truth = noise(500 * PIECE, 4);
    const play = new Play(truth);
    play.join('slow', truth, 9_000);
    expect(play.run(3_600_000)).toBeLessThan(500 * 9_000);
  });
});

describe('the memory of all magnet links', () => {
  const holderOf = (length: number, yields = true) => {
    const events: string[] = [];
    const holder: MetadataHolder & { events: string[] } = {
      length,
      events,
      mayYield: () => yields,
      giveUp: () => {
        events.push('given up');
        memory.release(holder);
      },
    };
    return holder;
  };
  let memory = new MetadataMemory(100);
  beforeEach(() => {
    memory = new MetadataMemory(100);
  });

  it('is not given twice, and comes back', () => {
    const [one, other] = [holderOf(60, false), holderOf(60, false)];
    expect(memory.reserve(one, 0)).toBe(true);
    expect(memory.reserve(other, 0)).toBe(false);
    expect(memory.reserved).toBe(60);
    memory.release(one);
    memory.release(one);
    expect(memory.reserved).toBe(0);
    expect(memory.reserve(other, 0)).toBe(true);
  });

  it('is taken from the longest that may yield, and only where that is enough', () => {
    const [short, long, busy] = [holderOf(10), holderOf(40), holderOf(50, false)];
    for (const each of [short, long, busy]) expect(memory.reserve(each, 0)).toBe(true);
    expect(memory.reserve(holderOf(60), 0)).toBe(false);
    expect([short.events, long.events]).toEqual([[], []]);
    expect(memory.reserve(holderOf(30), 0)).toBe(true);
    expect([short.events, long.events, busy.events]).toEqual([[], ['given up'], []]);
    expect(memory.reserved).toBe(90);
  });

  it('goes from one link to the other, and all complete', () => {
    const shared = new MetadataMemory(30 * PIECE);
    const plays = Array.from({ length: 6 }, (_, index) => {
      const truth = noise(20 * PIECE, index);
      const play = new Play(truth, shared);
      play.join('trickles', noise(25 * PIECE, index + 100), 9_500);
      play.join('honest', truth, 500);
      return play;
    });
    let most = 0;
    for (let step = 0; step < 9_000 && plays.some(({ done }) => !done); step += 1) {
      for (const play of plays) if (!play.done) play.step();
      most = Math.max(most, shared.reserved);
      const held = plays.reduce((sum, { fetch }) => sum + fetch.held, 0);
      expect(held).toBeLessThanOrEqual(30 * PIECE);
    }
    expect(plays.map(({ done }) => done)).toEqual(plays.map(() => true));
    expect(most).toBe(25 * PIECE);
    expect(shared.reserved).toBe(0);
  });
});
