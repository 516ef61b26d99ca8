import { SEEDS_FOR_A_SEED } from '../src/server/store/swarm.ts';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { seededRandom } from '@shoal/net';
import { MemorySwarmStore } from '../src/index.ts';
import type { MemorySwarmStoreOptions, SwarmAnnounce, SwarmAnswer } from '../src/index.ts';

const HASH = 'h'.repeat(20);

/** Endpoint number `index` of a family. */
function endpoint(index: number, family: 4 | 6): Uint8Array {
  const bytes = new Uint8Array(family === 4 ? 6 : 18);
  bytes[0] = family === 4 ? 10 : 0xfd;
  bytes[bytes.length - 4] = index >> 8;
  bytes[bytes.length - 3] = index & 0xff;
  bytes[bytes.length - 1] = 1;
  return bytes;
}

function announce(changes: Partial<SwarmAnnounce> = {}): SwarmAnnounce {
  return {
    infoHash: HASH,
    peerId: 'p'.repeat(20),
    endpoint: endpoint(0, 4),
    seed: false,
    event: undefined,
    wanted: 50,
    withIds: false,
    now: 10_000_000,
    ...changes,
  };
}

function newStore(options: MemorySwarmStoreOptions = {}): MemorySwarmStore {
  return new MemorySwarmStore({ random: seededRandom(1), ...options });
}

function answerOf(store: MemorySwarmStore, changes: Partial<SwarmAnnounce>): SwarmAnswer {
  const answer = store.announce(announce(changes));
  if ('refused' in answer) throw new Error(answer.refused);
  return answer;
}

function split(bytes: Uint8Array, width: number): string[] {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += width) {
    parts.push(Buffer.from(bytes.subarray(at, at + width)).toString('hex'));
  }
  return parts;
}

describe('MemorySwarmStore', () => {
  it('agrees with a simple model, whatever the order of events', () => {
    const step = fc.record({
      peer: fc.integer({ min: 0, max: 11 }),
      family: fc.constantFrom(4 as const, 6 as const),
      seed: fc.boolean(),
      event: fc.constantFrom(undefined, 'started' as const, 'stopped' as const),
      wanted: fc.integer({ min: 0, max: 15 }),
      pause: fc.integer({ min: 0, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const store = newStore({ peerLifetime: 100 });
        const model = new Map<string, { seed: boolean; seen: number }>();
        let now = 1_000_000;
        for (const { peer, family, seed, event, wanted, pause } of steps) {
          now += pause;
          store.expire(now * 1000);
          for (const [key, { seen }] of model) if (seen < now - 100) model.delete(key);
          const own = endpoint(peer, family);
          const key = Buffer.from(own).toString('hex');
          const peerId = key.padEnd(20, '0').slice(-20);
          const answer = answerOf(store, {
            endpoint: own,
            seed,
            event,
            wanted,
            peerId,
            withIds: true,
            now: now * 1000,
          });
          if (event === 'stopped') model.delete(key);
          else model.set(key, { seed, seen: now });
          const all = [...model.values()];
          expect(answer.complete).toBe(all.filter((each) => each.seed).length);
          expect(answer.incomplete).toBe(all.filter((each) => !each.seed).length);
          expect(store.figures()).toMatchObject({
            seeds: answer.complete,
            leechers: answer.incomplete,
          });
          const given = [...split(answer.peers, 6), ...split(answer.peers6, 18)];
          const others = [...model].filter(([name]) => name !== key);
          const leechers = others.filter(([, each]) => !each.seed);
          // A seed is told of seeds only where there is nobody else.
          const fit = seed && leechers.length > 0 ? leechers : others;
          const most = seed && leechers.length === 0 ? SEEDS_FOR_A_SEED : Infinity;
          expect(new Set(given).size).toBe(given.length);
          expect(given).toHaveLength(event === 'stopped' ? 0 : Math.min(wanted, fit.length, most));
          for (const name of given) expect(fit.map(([each]) => each)).toContain(name);
          const ids = answer.ids ?? new Uint8Array();
          expect(split(ids, 20).map((id) => Buffer.from(id, 'hex').toString())).toEqual(
            given.map((name) => name.padEnd(20, '0').slice(-20)),
          );
        }
      }),
    );
  });

  it('chooses evenly', () => {
    const store = newStore();
    for (let index = 1; index <= 200; index += 1) {
      answerOf(store, { endpoint: endpoint(index, 4), seed: index % 2 === 0, wanted: 0 });
    }
    const counts = new Map<string, number>();
    for (let round = 0; round < 2000; round += 1) {
      for (const peer of split(answerOf(store, { wanted: 20 }).peers, 6)) {
        counts.set(peer, (counts.get(peer) ?? 0) + 1);
      }
    }
    expect(counts.size).toBe(200);
    // 200 times each on average, with a standard deviation of about 14.
    for (const count of counts.values()) {
      expect(count).toBeGreaterThan(120);
      expect(count).toBeLessThan(280);
    }
  });

  it('keeps its limits', () => {
    const store = newStore({ maxSwarms: 2, maxPeersPerSwarm: 3, maxPeers: 5 });
    for (let index = 0; index < 10; index += 1) {
      const answer = answerOf(store, { endpoint: endpoint(index, 4) });
      expect(answer.incomplete).toBe(Math.min(3, index + 1));
    }
    // One that was not taken in is served all the same.
    expect(split(answerOf(store, { endpoint: endpoint(9, 4) }).peers, 6)).toHaveLength(3);
    // One that is in may change its role.
    expect(answerOf(store, { endpoint: endpoint(0, 4), seed: true })).toMatchObject({
      complete: 1,
      incomplete: 2,
    });
    for (let index = 0; index < 3; index += 1) {
      answerOf(store, { infoHash: 'i'.repeat(20), endpoint: endpoint(index, 6) });
    }
    expect(store.figures()).toEqual({ swarms: 2, seeds: 1, leechers: 4 });
    expect(store.announce(announce({ infoHash: 'j'.repeat(20) }))).toHaveProperty('refused');
    expect(store.announce(announce({ infoHash: 'j'.repeat(20), event: 'stopped' }))).toMatchObject({
      complete: 0,
    });
    expect(store.figures().swarms).toBe(2);
  });

  it('does not let a stranger count completed downloads without end', () => {
    const store = newStore();
    const completed = { event: 'completed' as const, seed: true };
    for (let round = 0; round < 5; round += 1) answerOf(store, completed);
    expect(answerOf(store, {}).downloaded).toBe(1);
    expect(answerOf(store, { event: 'completed', seed: false }).downloaded).toBe(1);
  });

  it('forgets large swarms bit by bit, without losing count', () => {
    const store = newStore({ peerLifetime: 100 });
    for (let index = 0; index < 60_000; index += 1) {
      store.announce(announce({ infoHash: index.toString().padStart(20, '0'), wanted: 0 }));
    }
    store.expire(10_000_000 + 200_000);
    const after = store.figures().swarms;
    expect(after).toBeGreaterThan(0);
    expect(after).toBeLessThan(60_000);
    for (let round = 0; round < 4; round += 1) store.expire(10_000_000 + 200_000);
    expect(store.figures()).toEqual({ swarms: 0, seeds: 0, leechers: 0 });
  });

  it('keeps nothing of a request but the info-hash', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const store = newStore();
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < 5_000; index += 1) {
      // As the server reads it: a part of the URL, which needs no unescaping.
      const url = Buffer.from(
        `${String(index).padStart(20, 'h')}&${'x'.repeat(10_000)}`,
      ).toString();
      answerOf(store, { infoHash: url.slice(0, 20) });
    }
    collect();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(25_000_000);
    expect(store.figures().swarms).toBe(5_000);
  });
});
