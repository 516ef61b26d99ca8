import { peerPriority } from '@shoal/peer-wire';
import type { Endpoint } from '@shoal/net';
import { BanList } from '../../src/peer/ban-list.ts';
import { PeerList } from '../../src/peer/peer-list.ts';
import type { PeerListOptions, PeerSource } from '../../src/peer/peer-list.ts';
import { randomOf } from '../piece/helpers.ts';

const at = (address: string, port = 6881): Endpoint => ({ address, port });
const host = (index: number): string =>
  `8.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
const listOf = (options: Partial<PeerListOptions> = {}): PeerList =>
  new PeerList({ random: randomOf(3), ownPort: 5000, ...options });

const clean = { failed: false, seed: false };
const bad = { failed: true, seed: false };

function drain(list: PeerList, now: number): Endpoint[] {
  const out: Endpoint[] = [];
  for (let next = list.next(now); next !== undefined; next = list.next(now)) out.push(next);
  return out;
}

describe('PeerList', () => {
  it('holds each peer once and remembers who named it', () => {
    const list = listOf();
    expect(list.add(at('8.8.8.8'), 'tracker', 0)).toBe(true);
    expect(list.add(at('8.8.8.8'), 'pex', 0)).toBe(true);
    expect(list.size).toBe(1);
    expect(list.sourcesOf(at('8.8.8.8'))).toEqual(['tracker', 'pex']);
    expect(list.sourcesOf(at('8.8.8.9'))).toEqual([]);
    const seen: string[] = [];
    list.forEach((endpoint, sources) => seen.push(`${endpoint.address} ${sources.join()}`));
    expect(seen).toEqual(['8.8.8.8 tracker,pex']);
  });

  it('refuses what nobody can be reached at', () => {
    const list = listOf();
    for (const endpoint of [
      at('8.8.8.8', 0),
      at('8.8.8.8', 65_536),
      at('8.8.8.8', 1.5),
      at('0.0.0.0'),
      at('::'),
      at('224.0.0.1'),
      at('255.255.255.255'),
      at('ff02::1'),
    ])
      expect(list.add(endpoint, 'tracker', 0)).toBe(false);
    expect(list.total).toBe(0);
  });

  it('lets strangers name public addresses only', () => {
    for (const address of [
      '127.0.0.1',
      '192.168.1.2',
      '10.0.0.1',
      '169.254.1.1',
      'fe80::1',
      '::1',
    ]) {
      expect(listOf().add(at(address), 'pex', 0)).toBe(false);
      expect(listOf().add(at(address), 'dht', 0)).toBe(false);
      expect(listOf().add(at(address), 'tracker', 0)).toBe(true);
      expect(listOf().add(at(address), 'pex', 0, at('8.8.8.8'))).toBe(false);
      expect(listOf().add(at(address), 'pex', 0, at(address, 7000))).toBe(true);
    }
  });

  it('does not dial itself', () => {
    const list = listOf();
    list.add(at('8.8.8.8', 5000), 'tracker', 0);
    list.setExternalAddress('8.8.8.8');
    expect(list.total).toBe(0);
    expect(list.add(at('8.8.8.8', 5000), 'tracker', 0)).toBe(false);
    expect(list.add(at('8.8.8.8', 5001), 'tracker', 0)).toBe(true);
    list.add(at('127.0.0.1', 5000), 'user', 0);
    const error = Object.assign(new Error('leads back'), { code: 'ERR_PEER_SELF' });
    const dialled = drain(list, 0);
    expect(dialled).toHaveLength(2);
    list.failed(at('127.0.0.1', 5000), 0, error);
    expect(list.add(at('127.0.0.1', 5000), 'user', 0)).toBe(false);
  });

  it('hands each candidate out once while it is dialled or connected', () => {
    const list = listOf();
    list.add(at('8.8.8.8'), 'tracker', 0);
    expect(list.next(0)).toEqual(at('8.8.8.8'));
    expect(list.size).toBe(0);
    expect(list.next(0)).toBeUndefined();
    list.connected(at('8.8.8.8'));
    expect(list.next(1e9)).toBeUndefined();
    list.disconnected(at('8.8.8.8'), 1e9, clean);
    expect(list.size).toBe(1);
    expect(list.next(1e9)).toBeUndefined();
    expect(list.next(1e9 + 10_000)).toEqual(at('8.8.8.8'));
    list.abandoned(at('8.8.8.8'));
    expect(list.next(1e9 + 10_000)).toEqual(at('8.8.8.8'));
  });

  it('waits longer after each failure, half an hour at most', () => {
    const list = listOf();
    const peer = at('8.8.8.8');
    list.add(peer, 'tracker', 0);
    let now = 0;
    const waits: number[] = [];
    for (let failure = 0; failure < 12; failure++) {
      expect(list.next(now)).toEqual(peer);
      list.failed(peer, now);
      const start = now;
      while (list.next(now) === undefined) now += 250;
      list.abandoned(peer);
      waits.push(now - start);
    }
    expect(waits[0]).toBeGreaterThanOrEqual(1000);
    expect(waits[0]).toBeLessThanOrEqual(1500);
    expect(waits[2]).toBeGreaterThanOrEqual(16_000);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(1_800_000);
    expect(waits.at(-1)).toBeLessThanOrEqual(2_250_250);
    list.next(now);
    list.connected(peer);
    list.disconnected(peer, now, clean);
    expect(list.next(now + 7000)).toEqual(peer);
  });

  it('waits five minutes at most for who is named again, but not by another peer', () => {
    const peer = at('8.8.8.8');
    const waitWhere = (source: PeerSource, failures: number): number => {
      const list = listOf();
      list.add(peer, 'tracker', 0);
      let now = 0;
      for (let failure = 0; failure < failures; failure++) {
        while (list.next(now) === undefined) now += 250;
        list.failed(peer, now);
      }
      expect(list.next(now)).toBeUndefined();
      for (let naming = 0; naming < 5; naming++) list.add(peer, source, now);
      const start = now;
      while (list.next(now) === undefined) now += 250;
      return now - start;
    };
    for (const source of ['tracker', 'dht', 'lsd', 'user'] as const) {
      for (const failures of [6, 9]) {
        expect(waitWhere(source, failures)).toBeGreaterThanOrEqual(256_000);
        expect(waitWhere(source, failures)).toBeLessThanOrEqual(320_250);
      }
      expect(waitWhere(source, 4)).toBeGreaterThanOrEqual(64_000);
    }
    expect(waitWhere('pex', 9)).toBeGreaterThanOrEqual(1_800_000);
  });

  it('waits longer each time when connections end quickly, and forgets that after a long one', () => {
    const list = listOf();
    const peer = at('8.8.8.8');
    list.add(peer, 'tracker', 0);
    let now = 0;
    for (let time = 0; time < 5; time++) {
      while (list.next(now) === undefined) now += 1000;
      list.connected(peer);
      list.disconnected(peer, now, clean);
    }
    expect(list.next(now + 60_000)).toBeUndefined();
    now += 200_000;
    expect(list.next(now)).toEqual(peer);
    list.connected(peer);
    now += 600_000;
    list.disconnected(peer, now, clean);
    expect(list.next(now + 7000)).toEqual(peer);
  });

  it('dials those with the fewest failures first, then in canonical order', () => {
    const list = listOf();
    list.setExternalAddress('1.2.3.4');
    for (let index = 0; index < 50; index++) list.add(at(host(index * 7919)), 'tracker', 0);
    const failing = list.next(0)!;
    list.failed(failing, 0);
    const order = drain(list, 10_000);
    expect(order.at(-1)).toEqual(failing);
    const priorities = order
      .slice(0, -1)
      .map((endpoint) => peerPriority({ address: '1.2.3.4', port: 5000 }, endpoint));
    expect(priorities).toEqual([...priorities].sort((a, b) => b - a));
  });

  it('puts a useless connection behind like a failed attempt', () => {
    const list = listOf();
    for (const address of ['8.8.8.8', '8.8.4.4']) list.add(at(address), 'tracker', 0);
    const first = list.next(0)!;
    list.connected(first);
    list.disconnected(first, 0, bad);
    expect(drain(list, 60_000)[1]).toEqual(first);
  });

  it('takes the order again when our own address becomes known', () => {
    const list = listOf();
    for (let index = 0; index < 20; index++) list.add(at(host(index * 7919)), 'tracker', 0);
    list.setExternalAddress('1.2.3.4');
    const priorities = drain(list, 0).map((endpoint) =>
      peerPriority({ address: '1.2.3.4', port: 5000 }, endpoint),
    );
    expect(priorities).toEqual([...priorities].sort((a, b) => b - a));
  });

  it('is bounded: the worst makes room for a better one', () => {
    const list = listOf({ maxCandidates: 10 });
    for (let index = 0; index < 10; index++) list.add(at(host(index)), 'tracker', 0);
    const failing = list.next(0)!;
    list.failed(failing, 0);
    expect(list.add(at(host(100)), 'tracker', 0)).toBe(true);
    expect(list.total).toBe(10);
    expect(list.sourcesOf(failing)).toEqual([]);
    expect(list.add(at(host(101)), 'dht', 0)).toBe(false);
    expect(list.add(at(host(102)), 'user', 0)).toBe(true);
    drain(list, 1e6);
    expect(list.add(at(host(103)), 'user', 0)).toBe(false);
    expect([list.size, list.total]).toEqual([0, 10]);
  });

  it('holds a flood of two thousand and no more', () => {
    const list = listOf();
    for (let index = 0; index < 5000; index++) list.add(at(host(index)), 'tracker', 0);
    expect(list.total).toBe(2000);
  });

  it('bounds what one address may name and open, except loopback', () => {
    const list = listOf({ maxPerAddress: 2 });
    expect([1, 2, 3].map((port) => list.add(at('8.8.8.8', port), 'tracker', 0))).toEqual([
      true,
      true,
      false,
    ]);
    expect([1, 2, 3].map((port) => list.add(at('127.0.0.1', port), 'tracker', 0))).toEqual([
      true,
      true,
      true,
    ]);
    list.connected(at('8.8.8.8', 40_001));
    expect(list.accepts(at('8.8.8.8', 40_002), 0)).toBe(true);
    list.connected(at('8.8.8.8', 40_002));
    expect(list.accepts(at('8.8.8.8', 40_003), 0)).toBe(false);
    expect(drain(list, 0).map(({ address }) => address)).not.toContain('8.8.8.8');
    list.disconnected(at('8.8.8.8', 40_002), 0, clean);
    expect(list.accepts(at('8.8.8.8', 40_003), 0)).toBe(true);
    expect(list.next(0)?.address).toBe('8.8.8.8');
  });

  it('bans an address with a reason, for a time', () => {
    const list = listOf();
    list.add(at('8.8.8.8'), 'tracker', 0);
    list.add(at('8.8.4.4'), 'tracker', 0);
    list.ban('8.8.8.8', 'corrupt-data', 0, 1000);
    expect(list.size).toBe(1);
    expect(list.add(at('8.8.8.8', 7), 'user', 999)).toBe(false);
    expect(list.accepts(at('8.8.8.8'), 999)).toBe(false);
    expect(list.banOf('8.8.8.8', 999)).toEqual({
      code: 'corrupt-data',
      reason: 'It sent corrupt data',
      since: 0,
      expires: 1000,
    });
    expect(list.accepts(at('8.8.8.8'), 1000)).toBe(true);
    expect(list.banOf('8.8.8.8', 1000)).toBeUndefined();
    list.ban('8.8.4.4', 'user', 0);
    expect(list.accepts(at('8.8.4.4'), 23 * 3_600_000)).toBe(false);
    expect(list.unban('8.8.4.4')).toBe(true);
    expect(list.accepts(at('8.8.4.4'), 0)).toBe(true);
  });

  it('survives the end of a banned connection', () => {
    const list = listOf();
    list.add(at('8.8.8.8'), 'tracker', 0);
    list.connected(list.next(0)!);
    list.ban('8.8.8.8', 'user', 0);
    list.disconnected(at('8.8.8.8'), 5, bad);
    expect([list.size, list.total]).toEqual([0, 0]);
  });

  it('does not dial seeds while we seed', () => {
    const list = listOf();
    list.add(at('8.8.8.8'), 'tracker', 0);
    list.connected(list.next(0)!);
    list.disconnected(at('8.8.8.8'), 0, { failed: false, seed: true });
    list.seeding = true;
    expect(list.next(1e9)).toBeUndefined();
    list.seeding = false;
    expect(list.next(1e9)).toEqual(at('8.8.8.8'));
  });
});

describe('PeerList of a torrent with two hashes', () => {
  const peer = at('8.8.8.8');
  /** What the next dial begins with. */
  const dial = (list: PeerList, now = 1e9): 'v1' | 'v2' => {
    const next = list.next(now);
    expect(next).toMatchObject(peer);
    return next?.knowsV2 === true ? 'v2' : 'v1';
  };

  it('takes v2 where one of the sources says so, whichever comes first', () => {
    for (const order of [
      [false, true],
      [true, false],
    ]) {
      const list = listOf();
      for (const knowsV2 of order) list.add(knowsV2 ? { ...peer, knowsV2 } : peer, 'tracker', 0);
      expect(list.total).toBe(1);
      expect(dial(list)).toBe('v2');
    }
    const list = listOf();
    list.add(peer, 'tracker', 0);
    expect(dial(list)).toBe('v1');
  });

  it('remembers who agreed on v2, and who came to it by v1 only', () => {
    const list = listOf();
    list.add(peer, 'user', 0);
    for (const isV2 of [true, false, true]) {
      list.next(1e9);
      list.connected(peer, isV2);
      list.disconnected(peer, 0, clean);
      expect(dial(list)).toBe(isV2 ? 'v2' : 'v1');
      list.abandoned(peer);
    }
  });

  it('tries the other hash after each failure, also of a connection that came to nothing', () => {
    const list = listOf();
    list.add({ ...peer, knowsV2: true }, 'tracker', 0);
    expect(dial(list)).toBe('v2');
    list.failed(peer, 0);
    expect(dial(list)).toBe('v1');
    list.failed(peer, 0);
    expect(dial(list)).toBe('v2');
    list.connected(peer, true);
    list.disconnected(peer, 0, bad);
    expect(dial(list)).toBe('v1');
    // What does go on with v1 stays with it, however often the v2 swarm names it.
    list.connected(peer, false);
    list.disconnected(peer, 0, clean);
    list.add({ ...peer, knowsV2: true }, 'tracker', 0);
    expect(dial(list)).toBe('v1');
    list.failed(peer, 0);
    expect(dial(list)).toBe('v2');
  });

  it('never begins with v2 where nobody named it, whatever fails', () => {
    const list = listOf();
    list.add(peer, 'tracker', 0);
    for (let time = 0; time < 3; time += 1) {
      expect(dial(list, 1e9 * (time + 1))).toBe('v1');
      list.failed(peer, 0);
    }
  });
});

describe('BanList', () => {
  it('is bounded: the oldest ban is forgotten', () => {
    const bans = new BanList();
    for (let index = 0; index < 5000; index++) bans.add(host(index), 'user', 0);
    expect(bans.size).toBe(4096);
    expect(bans.of(host(0), 1)).toBeUndefined();
    expect(bans.of(host(4999), 1)?.reason).toBe('You have banned it');
  });
});
