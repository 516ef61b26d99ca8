import { CHOKE_PERIOD, Choker, NEWCOMER_TIME, OPTIMISTIC_PERIOD } from '../../src/choke/choker.ts';
import { MAX_TURN_TIME, MIN_TURN_TIME, TURN_BYTES } from '../../src/choke/choke-order.ts';
import { randomOf } from '../piece/helpers.ts';

class TestPeer {
  interested = true;
  downloadRate = 0;
  uploadRate = 0;
  snubbed = false;
  unchokedSince: number | undefined;
  uploadedSinceUnchoke = 0;
  connectedAt = -1e9;
  readonly name: string;

  constructor(name: string, rates: Partial<TestPeer> = {}) {
    this.name = name;
    Object.assign(this, rates);
  }
}

/** Peers, a choker and a clock; chokes are carried out as the engine does. */
class Bench {
  readonly peers = new Map<TestPeer, TestPeer>();
  readonly choker: Choker<TestPeer>;
  now = 0;
  seeding = false;

  constructor(slots: number | 'auto', seed = 1) {
    this.choker = new Choker<TestPeer>({ random: randomOf(seed), slots });
  }

  add(name: string, rates: Partial<TestPeer> = {}): TestPeer {
    const peer = new TestPeer(name, rates);
    this.peers.set(peer, peer);
    return peer;
  }

  choose(now = this.now): string[] {
    this.now = now;
    const chosen = this.choker.choose(this.peers, { now, seeding: this.seeding });
    for (const peer of this.peers.keys()) {
      if (!chosen.has(peer)) peer.unchokedSince = undefined;
      else if (peer.unchokedSince === undefined) {
        peer.unchokedSince = now;
        peer.uploadedSinceUnchoke = 0;
      }
    }
    return [...chosen].map((peer) => peer.name).sort();
  }
}

describe('the choker while leeching', () => {
  it('unchokes those who give most, and one by chance', () => {
    const bench = new Bench(4);
    for (let rate = 1; rate <= 10; rate++) bench.add(`p${rate}`, { downloadRate: rate * 1000 });
    const chosen = bench.choose(0);
    expect(chosen).toHaveLength(4);
    for (const name of ['p10', 'p9', 'p8']) expect(chosen).toContain(name);
    expect([...bench.choker.optimistic]).toHaveLength(1);
  });

  it('never unchokes who is not interested', () => {
    const bench = new Bench(4);
    bench.add('a', { downloadRate: 1e6, interested: false });
    bench.add('b');
    expect(bench.choose(0)).toEqual(['b']);
  });

  it('ranks every ten seconds, not between', () => {
    const bench = new Bench(2);
    const [a, b] = [bench.add('a', { downloadRate: 9 }), bench.add('b', { downloadRate: 1 })];
    bench.add('c', { downloadRate: 5 });
    expect(bench.choose(0)).toContain('a');
    bench.choker.slots = 2;
    a.downloadRate = 0;
    b.downloadRate = 100;
    const before = bench.choose(1000);
    expect(bench.choose(CHOKE_PERIOD - 1)).toEqual(before);
    expect(bench.choose(CHOKE_PERIOD)).toContain('b');
  });

  it('gives a free slot away at once', () => {
    const bench = new Bench(3);
    const a = bench.add('a');
    expect(bench.choose(0)).toEqual(['a']);
    bench.add('b');
    expect(bench.choose(100)).toEqual(['a', 'b']);
    bench.add('c');
    bench.add('d');
    expect(bench.choose(200)).toHaveLength(3);
    const full = bench.choose(300);
    a.interested = false;
    const after = bench.choose(400);
    expect(after).toHaveLength(3);
    expect(after).not.toContain('a');
    expect(full.filter((name) => name !== 'a').every((name) => after.includes(name))).toBe(true);
    bench.peers.delete(a);
    expect(bench.choose(500)).toEqual(after);
  });

  it('rotates the optimistic unchoke every thirty seconds', () => {
    const bench = new Bench(2);
    bench.add('best', { downloadRate: 1e6 });
    for (const name of ['a', 'b', 'c', 'd']) bench.add(name);
    const seen: string[] = [];
    for (let now = 0; now < 10 * OPTIMISTIC_PERIOD; now += 1000) {
      const chosen = bench.choose(now);
      expect(chosen).toHaveLength(2);
      expect(chosen).toContain('best');
      seen.push(chosen.find((name) => name !== 'best')!);
    }
    const changes = seen.flatMap((name, second) =>
      second > 0 && seen[second - 1] !== name ? [second] : [],
    );
    expect(changes).toEqual([30, 60, 90, 120, 150, 180, 210, 240, 270]);
    expect(new Set(seen).size).toBe(4);
  });

  it('lets an optimistic peer that earns a slot make room for another', () => {
    const bench = new Bench(2);
    bench.add('best', { downloadRate: 1e6 });
    for (const name of ['a', 'b', 'c']) bench.add(name);
    bench.choose(0);
    const lucky = [...bench.choker.optimistic][0]!;
    lucky.downloadRate = 2e6;
    const chosen = bench.choose(CHOKE_PERIOD);
    expect(chosen).toContain(lucky.name);
    expect(bench.choker.optimistic.has(lucky)).toBe(false);
    expect(bench.choker.optimistic.size).toBe(1);
  });

  it('makes newcomers three times as likely', () => {
    let fresh = 0;
    for (let seed = 1; seed <= 400; seed++) {
      const bench = new Bench(1, seed);
      bench.add('old', { connectedAt: -NEWCOMER_TIME });
      bench.add('new', { connectedAt: 0 });
      if (bench.choose(0)[0] === 'new') fresh++;
    }
    expect(fresh).toBeGreaterThan(265);
    expect(fresh).toBeLessThan(335);
  });

  it('chokes who snubs us, unless the slot would be free', () => {
    const bench = new Bench(3);
    bench.add('snub', { downloadRate: 1e9, snubbed: true });
    for (const name of ['a', 'b', 'c', 'd', 'e']) bench.add(name, { downloadRate: 10 });
    for (let now = 0; now < 20_000; now += 1000) {
      bench.choose(now);
      const earned = [...bench.peers.keys()].filter(
        (peer) => peer.unchokedSince !== undefined && !bench.choker.optimistic.has(peer),
      );
      expect(earned.map((peer) => peer.name)).not.toContain('snub');
    }
    const alone = new Bench(3);
    alone.add('snub', { snubbed: true });
    expect(alone.choose(0)).toEqual(['snub']);
  });

  it('does not flap between peers that give the same', () => {
    const bench = new Bench(3);
    for (let peer = 0; peer < 9; peer++) bench.add(`p${peer}`);
    bench.choose(0);
    const earned = (): string[] =>
      [...bench.peers.keys()]
        .filter((peer) => peer.unchokedSince !== undefined && !bench.choker.optimistic.has(peer))
        .map((peer) => peer.name)
        .sort();
    const before = earned();
    bench.choose(CHOKE_PERIOD);
    bench.choose(2 * CHOKE_PERIOD);
    expect(earned()).toEqual(before);
  });

  it('has no slots, fewer slots, or as many as the line carries', () => {
    const none = new Bench(0);
    none.add('a');
    expect(none.choose(0)).toEqual([]);
    const bench = new Bench(5);
    for (let peer = 0; peer < 30; peer++) bench.add(`p${peer}`);
    expect(bench.choose(0)).toHaveLength(5);
    bench.choker.slots = 2;
    expect(bench.choose(1000)).toHaveLength(2);
    bench.choker.slots = 'auto';
    expect(bench.choose(2000)).toHaveLength(4);
    for (const peer of bench.peers.keys())
      if (peer.unchokedSince !== undefined) peer.uploadRate = 1e6;
    expect(bench.choose(3000)).toHaveLength(11);
    for (const peer of bench.peers.keys()) peer.uploadRate = 1e9;
    expect(bench.choose(4000)).toHaveLength(20);
  });

  it('repeats from its seed', () => {
    const runOf = (): string[][] => {
      const bench = new Bench(3, 9);
      for (let peer = 0; peer < 9; peer++) bench.add(`p${peer}`);
      return Array.from({ length: 20 }, (_, round) => bench.choose(round * CHOKE_PERIOD));
    };
    expect(runOf()).toEqual(runOf());
  });
});

describe('the choker while seeding', () => {
  it('gives everybody a turn', () => {
    const bench = new Bench(2);
    bench.seeding = true;
    for (let peer = 0; peer < 8; peer++) bench.add(`p${peer}`, { uploadRate: peer * 1000 });
    const seen = new Set<string>();
    for (let now = 0; now < 5 * MAX_TURN_TIME; now += 1000) {
      const chosen = bench.choose(now);
      expect(chosen).toHaveLength(2);
      for (const name of chosen) seen.add(name);
    }
    expect(seen.size).toBe(8);
  });

  it('leaves a turn its least time, and ends it after its share', () => {
    const bench = new Bench(1);
    bench.seeding = true;
    const [a, b] = [bench.add('a', { uploadRate: 1000 }), bench.add('b', { uploadRate: 1000 })];
    const [name] = bench.choose(0);
    const first = name === 'a' ? a : b;
    first.uploadedSinceUnchoke = TURN_BYTES;
    expect(bench.choose(MIN_TURN_TIME - CHOKE_PERIOD)).toEqual([first.name]);
    expect(bench.choose(MIN_TURN_TIME)).not.toEqual([first.name]);
    const second = first === a ? b : a;
    expect(bench.choose(MIN_TURN_TIME + MIN_TURN_TIME)).toEqual([second.name]);
    expect(bench.choose(MIN_TURN_TIME + MAX_TURN_TIME)).toEqual([first.name]);
  });

  it('ends the turn of a peer that takes nothing', () => {
    const bench = new Bench(1);
    bench.seeding = true;
    const idle = bench.add('idle');
    expect(bench.choose(0)).toEqual(['idle']);
    bench.add('eager', { uploadRate: 1000 });
    expect(bench.choose(CHOKE_PERIOD)).toEqual(['idle']);
    expect(bench.choose(2 * CHOKE_PERIOD)).toEqual(['eager']);
    // One that begins to take what it asked for is not disturbed.
    idle.uploadRate = 1000;
    expect(bench.choose(3 * CHOKE_PERIOD)).toEqual(['eager']);
  });

  it('keeps those whose turn is over while nobody waits, the fastest first', () => {
    const bench = new Bench(3);
    bench.seeding = true;
    bench.add('a', { uploadRate: 1 });
    bench.add('b', { uploadRate: 9 });
    bench.add('c', { uploadRate: 5 });
    bench.choose(0);
    expect(bench.choose(MAX_TURN_TIME)).toEqual(['a', 'b', 'c']);
    bench.choker.slots = 2;
    expect(bench.choose(MAX_TURN_TIME + CHOKE_PERIOD)).toEqual(['b', 'c']);
  });

  it('ranks anew as soon as the download is complete', () => {
    const bench = new Bench(2);
    bench.add('giver', { downloadRate: 1e6, unchokedSince: -MAX_TURN_TIME });
    for (const name of ['a', 'b', 'c']) bench.add(name);
    expect(bench.choose(0)).toContain('giver');
    bench.seeding = true;
    expect(bench.choose(1)).not.toContain('giver');
    expect(bench.choker.optimistic.size).toBe(0);
  });
});
