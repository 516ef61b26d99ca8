import { encode } from '@shoal/bencode';
import { addressKind, addressToBytes, seededRandom } from '@shoal/net';
import type { Endpoint } from '@shoal/net';
import fc from 'fast-check';
import { decodePeers } from '../src/krpc/index.ts';
import {
  MAX_SAMPLE_INFO_HASHES,
  MAX_REPLY_PEERS,
  PEER_LIFETIME_MS,
  PeerStore,
  SAMPLE_INTERVAL,
} from '../src/peers/peer-store.ts';
import type { PeerStoreOptions } from '../src/peers/peer-store.ts';
import { ScrapeFilter } from '../src/scrape-filter.ts';
import { StillClock } from './support/still-clock.ts';

function make(options: Partial<PeerStoreOptions> = {}): { clock: StillClock; store: PeerStore } {
  const clock = new StillClock();
  const nodeId = new Uint8Array(20);
  return { clock, store: new PeerStore({ clock, random: seededRandom(1), nodeId, ...options }) };
}

function hashOf(index: number): Uint8Array {
  const infoHash = new Uint8Array(20);
  new DataView(infoHash.buffer).setUint32(0, Math.imul(index + 1, 0x9e3779b1) >>> 0);
  new DataView(infoHash.buffer).setUint32(16, index);
  return infoHash;
}

/** A public IPv4 address of its own for each index below 2^22. */
const ipv4 = (index: number) =>
  `${80 + (index >>> 16)}.${(index >>> 8) & 255}.${index & 255}.${1 + (index % 250)}`;
/** A public IPv6 address in a /64 of its own for each index. */
const ipv6 = (index: number) =>
  `2a00:${(1 + (index >>> 12)).toString(16)}:${(1 + (index & 0xfff)).toString(16)}::1`;

const text = ({ address, port }: Endpoint) => `${address}|${port}`;
const sampled = (store: PeerStore, infoHash: Uint8Array, family: 4 | 6) =>
  decodePeers(store.get(infoHash, family)).map(text).sort();

describe('PeerStore', () => {
  it('gives back what was announced, by family', () => {
    const { store } = make();
    const hash = hashOf(1);
    expect(store.get(hash, 4)).toEqual([]);
    expect(store.scrape(hash)).toBeUndefined();
    expect(store.add(hash, { address: '80.1.2.3', port: 6881 }, false)).toBe(true);
    expect(store.add(hash, { address: '2a00:1::5', port: 1 }, true)).toBe(true);
    expect(store.add(hash, { address: '80.1.2.4', port: 65535 }, true)).toBe(true);
    expect(sampled(store, hash, 4)).toEqual(['80.1.2.3|6881', '80.1.2.4|65535']);
    expect(sampled(store, hash, 6)).toEqual(['2a00:1::5|1']);
    expect(sampled(store, hashOf(2), 4)).toEqual([]);
    expect([store.peerCount, store.torrentCount, store.count(hash)]).toEqual([3, 1, 3]);
  });

  it('keeps no view of the info-hash it is given', () => {
    const { store } = make();
    const hash = hashOf(1);
    store.add(hash, { address: '80.1.2.3', port: 6881 }, false);
    hash.fill(0);
    expect(store.count(hashOf(1))).toBe(1);
  });

  it('has one peer for each public address, with the port announced last', () => {
    const { store } = make();
    store.add(hashOf(1), { address: '80.1.2.3', port: 1 }, false);
    store.add(hashOf(1), { address: '80.1.2.3', port: 2 }, true);
    store.add(hashOf(1), { address: '::ffff:80.1.2.3', port: 3 }, true);
    expect(sampled(store, hashOf(1), 4)).toEqual(['80.1.2.3|3']);
    expect(store.scrape(hashOf(1))?.peers.isEmpty).toBe(true);
    expect(store.scrape(hashOf(1))?.seeds.isEmpty).toBe(false);
    expect(store.peerCount).toBe(1);
  });

  it('has several peers of a local address, by their ports', () => {
    const { store } = make({ maxPeersPerNetwork: 2 });
    for (const address of ['127.0.0.1', '192.168.1.9', '::1']) {
      for (let port = 1; port <= 12; port++) {
        expect(store.add(hashOf(1), { address, port }, false)).toBe(true);
        expect(store.add(hashOf(1), { address, port }, false)).toBe(true);
      }
    }
    expect(store.get(hashOf(1), 4)).toHaveLength(24);
    expect(store.get(hashOf(1), 6)).toHaveLength(12);
  });

  it('refuses port 0 and what is no info-hash', () => {
    const { store } = make();
    expect(store.add(hashOf(1), { address: '80.1.2.3', port: 0 }, false)).toBe(false);
    expect(store.add(new Uint8Array(19), { address: '80.1.2.3', port: 1 }, false)).toBe(false);
    expect(store.torrentCount).toBe(0);
    for (const length of [0, 19, 21, 32]) {
      expect(store.get(new Uint8Array(length), 4)).toEqual([]);
    }
  });

  it('samples at random, without repetition, and no more than fit', () => {
    const { store } = make();
    for (let index = 0; index < 300; index++) {
      store.add(hashOf(1), { address: ipv4(index), port: 1 + index }, false);
    }
    const seen = new Map<string, number>();
    for (let round = 0; round < 400; round++) {
      const sample = sampled(store, hashOf(1), 4);
      expect(new Set(sample).size).toBe(MAX_REPLY_PEERS);
      for (const peer of sample) seen.set(peer, (seen.get(peer) ?? 0) + 1);
    }
    // 400 × 50 / 300 = 67 times each on average.
    expect(seen.size).toBe(300);
    expect(Math.min(...seen.values())).toBeGreaterThan(30);
    expect(Math.max(...seen.values())).toBeLessThan(120);
  });

  it('gives as many as take the bytes there are in a reply', () => {
    const { store } = make();
    for (let index = 0; index < 100; index++) {
      store.add(hashOf(1), { address: ipv4(index), port: 1 }, false);
      store.add(hashOf(1), { address: ipv6(index), port: 1 }, false);
    }
    for (const family of [4, 6] as const) {
      for (let maxBytes = -30; maxBytes < 1_200; maxBytes += 7) {
        const peers = store.get(hashOf(1), family, { maxBytes });
        const bytes = encode(peers).length - 2;
        const each = family === 4 ? 8 : 21;
        expect(bytes).toBeLessThanOrEqual(Math.max(0, maxBytes));
        if (peers.length < MAX_REPLY_PEERS) expect(bytes + each).toBeGreaterThan(maxBytes);
      }
    }
  });

  it('gives seeds last to those that do not want them', () => {
    const { store } = make();
    for (let index = 0; index < 60; index++) {
      store.add(
        hashOf(1),
        { address: ipv4(index), port: index % 3 === 0 ? 2 : 1 },
        index % 3 === 0,
      );
    }
    const ports = (most: number) =>
      decodePeers(store.get(hashOf(1), 4, { maxBytes: most * 8, noSeed: true })).map(
        ({ port }) => port,
      );
    expect(ports(30)).toEqual(new Array<number>(30).fill(1));
    expect(ports(50).filter((port) => port === 1)).toHaveLength(40);
    expect(ports(50)).toHaveLength(50);
  });

  it('answers scrapes with the filters of all peers of both families', () => {
    const { store } = make();
    const seeds = ScrapeFilter.empty();
    const peers = ScrapeFilter.empty();
    for (let index = 0; index < 500; index++) {
      for (const address of [ipv4(index), ipv6(index)]) {
        const seed = index % 5 === 0;
        store.add(hashOf(1), { address, port: 1 }, seed);
        (seed ? seeds : peers).insert(addressToBytes(address));
      }
    }
    expect(store.scrape(hashOf(1))?.seeds.bytes).toEqual(seeds.bytes);
    expect(store.scrape(hashOf(1))?.peers.bytes).toEqual(peers.bytes);
  });

  it('forgets peers after 45 minutes of silence, swept or not', () => {
    const { clock, store } = make();
    store.add(hashOf(1), { address: '80.1.2.3', port: 1 }, false);
    store.add(hashOf(1), { address: '80.1.2.4', port: 1 }, false);
    store.add(hashOf(2), { address: '80.1.2.4', port: 1 }, false);
    clock.advance(PEER_LIFETIME_MS - 1_000);
    store.add(hashOf(1), { address: '80.1.2.4', port: 1 }, false);
    expect(store.count(hashOf(1))).toBe(2);
    clock.advance(62_000);
    expect(sampled(store, hashOf(1), 4)).toEqual(['80.1.2.4|1']);
    expect(store.scrape(hashOf(2))).toBeUndefined();
    clock.advance(PEER_LIFETIME_MS);
    store.sweep();
    expect([store.peerCount, store.torrentCount]).toEqual([0, 0]);
  });

  it('sweeps a part at a time', () => {
    const { clock, store } = make();
    for (let index = 0; index < 50_000; index++) {
      store.add(hashOf(index), { address: ipv4(index), port: 1 }, false);
    }
    clock.advance(PEER_LIFETIME_MS + 1_000);
    store.sweep();
    expect(store.peerCount).toBeGreaterThan(0);
    expect(store.peerCount).toBeLessThan(50_000);
    for (let call = 0; call < 6; call++) store.sweep();
    expect([store.peerCount, store.torrentCount]).toEqual([0, 0]);
    // Memory follows.
    expect(store.peerBytes).toBeLessThan(2_000);
  });

  it('has a limit for each info-hash, at which nobody is crowded out and no token is given', () => {
    const { store } = make({ maxPeersPerInfoHash: 10 });
    for (let index = 0; index < 10; index++) {
      expect(store.hasRoom(hashOf(1), '80.9.9.9')).toBe(true);
      store.add(hashOf(1), { address: ipv4(index), port: 1 }, false);
    }
    expect(store.hasRoom(hashOf(1), '80.9.9.9')).toBe(false);
    expect(store.hasRoom(hashOf(1), '2a00::1')).toBe(false);
    // Who is there may stay, and needs a token for that.
    expect(store.hasRoom(hashOf(1), ipv4(3))).toBe(true);
    expect(store.add(hashOf(1), { address: ipv4(10), port: 1 }, false)).toBe(false);
    expect(store.add(hashOf(1), { address: ipv4(3), port: 9 }, false)).toBe(true);
    expect(sampled(store, hashOf(1), 4)).toContain(`${ipv4(3)}|9`);
    expect(store.hasRoom(hashOf(2), '80.9.9.9')).toBe(true);
    expect(store.count(hashOf(1))).toBe(10);
  });

  it('has a limit for each network, which gets it back as its peers go', () => {
    const { clock, store } = make({ maxPeersPerNetwork: 20 });
    let stored = 0;
    for (let index = 0; index < 100; index++) {
      const address = `2a00:1:2:3::${index.toString(16)}`;
      if (store.add(hashOf(index), { address, port: 1 }, false)) stored++;
    }
    expect(stored).toBe(20);
    expect(store.add(hashOf(0), { address: '2a00:1:2:3::0', port: 2 }, false)).toBe(true);
    expect(store.add(hashOf(0), { address: '2a00:1:2:4::0', port: 2 }, false)).toBe(true);
    clock.advance(PEER_LIFETIME_MS + 60_000);
    store.sweep();
    expect(store.add(hashOf(50), { address: '2a00:1:2:3::5', port: 1 }, false)).toBe(true);
  });

  it('has 8 peers of a /64 in a swarm: the newest', () => {
    const { clock, store } = make();
    store.add(hashOf(1), { address: '2a00:1:2:4::1', port: 1 }, false);
    for (let index = 0; index < 100; index++) {
      clock.advance(1_000);
      const address = `2a00:1:2:3::${(index + 1).toString(16)}`;
      expect(store.add(hashOf(1), { address, port: 100 + index }, false)).toBe(true);
    }
    const ports = decodePeers(store.get(hashOf(1), 6)).map(({ port }) => port);
    expect(ports.sort((a, b) => a - b)).toEqual([1, 192, 193, 194, 195, 196, 197, 198, 199]);
    expect(store.peerCount).toBe(9);
  });

  it('lets go of info-hashes far from the node when there are too many', () => {
    const { store } = make({ maxInfoHashes: 200 });
    for (let index = 0; index < 5_000; index++) {
      store.add(hashOf(index), { address: ipv4(index), port: 1 }, false);
      expect(store.torrentCount).toBeLessThanOrEqual(200);
    }
    const kept = Array.from({ length: 5_000 }, (_, index) => hashOf(index)).filter(
      (hash) => store.count(hash) > 0,
    );
    expect(kept).toHaveLength(200);
    // The node's id is 0: 200 of 5,000 would be below 1/25 if the choice were perfect.
    const near = kept.filter((hash) => (hash[0] ?? 0) < 256 / 10);
    expect(near.length).toBeGreaterThan(150);
  });

  it('has a limit altogether, at which renewals cost nobody his place', () => {
    const { store } = make({ maxPeers: 100 });
    for (let index = 0; index < 100; index++) {
      store.add(hashOf(index >> 1), { address: ipv4(index), port: 1 }, false);
    }
    for (let index = 0; index < 100; index++) {
      expect(store.add(hashOf(index >> 1), { address: ipv4(index), port: 2 }, false)).toBe(true);
    }
    expect(store.peerCount).toBe(100);
    for (let index = 100; index < 2_000; index++) {
      store.add(hashOf(index >> 1), { address: ipv4(index), port: 1 }, false);
      expect(store.peerCount).toBeLessThanOrEqual(100);
    }
    expect(store.torrentCount).toBeGreaterThan(30);
  });

  it('stores 100,000 peers in packed memory', () => {
    const { store } = make();
    for (let index = 0; index < 100_000; index++) {
      const swarm = hashOf(index % 7 === 0 ? 0 : index >> 2);
      store.add(swarm, { address: ipv4(index), port: 1 }, false);
    }
    expect(store.peerBytes / store.peerCount).toBeLessThan(40);
  });
});

describe('samples of info-hashes (BEP 51)', () => {
  const parts = (samples: Uint8Array) =>
    Array.from({ length: samples.length / 20 }, (_, at) =>
      Buffer.from(samples.subarray(at * 20, at * 20 + 20)).toString('hex'),
    );

  it('hold all info-hashes as long as they fit', () => {
    const { store } = make();
    expect(store.samples()).toMatchObject({ num: 0, samples: new Uint8Array(0) });
    for (let count = 1; count <= MAX_SAMPLE_INFO_HASHES; count++) {
      store.add(hashOf(count), { address: ipv4(count), port: 1 }, false);
      const { num, samples } = store.samples();
      expect(num).toBe(count);
      expect(new Set(parts(samples)).size).toBe(count);
    }
  });

  it('stay the same for the interval, then go through all there are', () => {
    const { clock, store } = make();
    const total = 1_000;
    const announceAll = (): void => {
      for (let index = 0; index < total; index++) {
        store.add(hashOf(index), { address: ipv4(index), port: 1 }, false);
      }
    };
    const seen = new Set<string>();
    for (let round = 0; round < total / MAX_SAMPLE_INFO_HASHES; round++) {
      announceAll();
      const { num, interval, samples } = store.samples();
      expect(num).toBe(total);
      expect(interval).toBe(SAMPLE_INTERVAL);
      for (const hash of parts(samples)) seen.add(hash);
      clock.advance(SAMPLE_INTERVAL * 1000 - 1);
      expect(store.samples()).toEqual({ num, interval: 1, samples });
      clock.advance(1);
    }
    expect(seen.size).toBe(total);
  });
});

describe('PeerStore beside a model of it', () => {
  const addresses = [
    ...Array.from({ length: 12 }, (_, index) => ipv4(index)),
    ...Array.from({ length: 12 }, (_, index) => ipv6(index)),
    '10.0.0.1',
    'fd00::1',
  ];
  const step = fc.oneof(
    {
      weight: 20,
      arbitrary: fc.record({
        kind: fc.constant('announce' as const),
        hash: fc.nat(8),
        address: fc.constantFrom(...addresses),
        port: fc.integer({ min: 1, max: 3 }),
        seed: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('sweep' as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('wait' as const),
        minutes: fc.integer({ min: 1, max: 30 }),
      }),
    },
  );

  it('gives the same answers', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const { clock, store } = make();
        const model = new Map<
          string,
          { hash: number; peer: Endpoint; seed: boolean; at: number }
        >();
        for (const each of steps) {
          if (each.kind === 'sweep') store.sweep();
          if (each.kind === 'wait') clock.advance(each.minutes * 60_000);
          if (each.kind === 'announce') {
            const { hash, address, port, seed } = each;
            const byPort = addressKind(address) !== 'public';
            const peer = { address, port };
            expect(store.add(hashOf(hash), peer, seed)).toBe(true);
            const key = `${hash} ${address} ${byPort ? port : ''}`;
            model.set(key, { hash, peer, seed, at: clock.now() });
          }
          for (const [key, { at }] of model) {
            if (clock.now() - at > PEER_LIFETIME_MS) model.delete(key);
          }
          for (let hash = 0; hash <= 8; hash++) {
            const expected = [...model.values()].filter((entry) => entry.hash === hash);
            expect(store.count(hashOf(hash))).toBe(expected.length);
            const found = [...sampled(store, hashOf(hash), 4), ...sampled(store, hashOf(hash), 6)];
            expect(found.sort()).toEqual(expected.map(({ peer }) => text(peer)).sort());
          }
          store.sweep();
          expect(store.peerCount).toBe(model.size);
          expect(store.torrentCount).toBe(
            new Set([...model.values()].map(({ hash }) => hash)).size,
          );
        }
      }),
      { numRuns: 20 },
    );
  });

  it('keeps its limits and its books whatever happens', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const limits = { maxPeers: 12, maxInfoHashes: 4, maxPeersPerInfoHash: 5 };
        const { clock, store } = make({ ...limits, maxPeersPerNetwork: 2 });
        for (const each of steps) {
          if (each.kind === 'sweep') store.sweep();
          if (each.kind === 'wait') clock.advance(each.minutes * 60_000);
          if (each.kind === 'announce') {
            const peer = { address: each.address, port: each.port };
            const stored = store.add(hashOf(each.hash), peer, each.seed);
            if (stored) expect(store.count(hashOf(each.hash))).toBeGreaterThan(0);
          }
          expect(store.peerCount).toBeLessThanOrEqual(12);
          expect(store.torrentCount).toBeLessThanOrEqual(4);
          let sum = 0;
          for (let hash = 0; hash <= 8; hash++) {
            const count = store.count(hashOf(hash));
            expect(count).toBeLessThanOrEqual(5);
            sum += count;
          }
          expect(sum).toBe(store.peerCount);
        }
        clock.advance(PEER_LIFETIME_MS + 60_000);
        store.sweep();
        expect([store.peerCount, store.torrentCount]).toEqual([0, 0]);
        // No network has anything on its account any more.
        for (const hash of [0, 1]) {
          expect(store.add(hashOf(hash), { address: ipv4(0), port: 1 }, false)).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  });
});
