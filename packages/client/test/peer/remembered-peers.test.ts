import fc from 'fast-check';
import type { Endpoint } from '@shoal/net';
import { SOURCES } from '../../src/peer/candidate.ts';
import { PeerList } from '../../src/peer/peer-list.ts';
import {
  decodeRemembered,
  encodeRemembered,
  MAX_REMEMBERED,
  type RememberedPeer,
} from '../../src/peer/remembered-peers.ts';
import { randomOf } from '../piece/helpers.ts';

const at = (address: string, port = 6881): Endpoint => ({ address, port });
const listOf = (): PeerList => new PeerList({ random: randomOf(3), ownPort: 5000 });
const peerOf = (address: string, more: Partial<RememberedPeer> = {}): RememberedPeer => ({
  ...at(address),
  source: 'tracker',
  isSeed: false,
  knowsV2: false,
  missed: 0,
  ...more,
});
const addressesOf = (peers: readonly Endpoint[]): string[] => peers.map(({ address }) => address);

/** A connection from `from` to `to`, in monotonic ms. */
function meet(list: PeerList, peer: Endpoint, to?: number, seed = false): void {
  list.connected(peer);
  if (to !== undefined) list.disconnected(peer, to, { failed: false, seed });
}

/** What a later run makes of what an earlier one remembered. */
function restart(list: PeerList): PeerList {
  const later = listOf();
  for (const peer of decodeRemembered(encodeRemembered(list.remembered()))) later.restore(peer, 0);
  return later;
}

describe('the peers that a torrent remembers', () => {
  it('are those that are connected, then those that were last', () => {
    const list = listOf();
    for (const last of [1, 2, 3, 4, 5]) list.add(at(`8.8.8.${last}`), 'tracker', 0);
    meet(list, at('8.8.8.2'), 10);
    meet(list, at('8.8.8.3'), 20, true);
    meet(list, at('8.8.8.4'));
    list.failed(at('8.8.8.5'), 0);
    const peers = list.remembered();
    expect(addressesOf(peers)).toEqual(['8.8.8.4', '8.8.8.3', '8.8.8.2']);
    expect(peers.map(({ isSeed }) => isSeed)).toEqual([false, true, false]);
  });

  it('are none that are banned, nor ourselves', () => {
    const list = listOf();
    for (const address of ['8.8.8.1', '8.8.8.2']) list.add(at(address), 'user', 0);
    for (const address of ['8.8.8.1', '8.8.8.2']) meet(list, at(address), 5);
    list.ban('8.8.8.1', 'corrupt-data', 6);
    list.self(at('8.8.8.2'));
    expect(decodeRemembered(encodeRemembered(list.remembered()))).toEqual([]);
    const later = listOf();
    later.ban('8.8.8.1', 'corrupt-data', 0);
    later.self(at('8.8.8.2'));
    expect(later.restore(peerOf('8.8.8.1'), 0)).toBe(false);
    expect(later.restore(peerOf('8.8.8.2'), 0)).toBe(false);
    expect(later.restore(peerOf('224.0.0.1'), 0)).toBe(false);
    expect(later.restore(peerOf('8.8.8.3', { port: 0 }), 0)).toBe(false);
  });

  it('are bounded', () => {
    const list = listOf();
    for (let index = 0; index < 300; index++) {
      const peer = at(`8.8.${index >> 8}.${index & 255}`);
      list.add(peer, 'tracker', 0);
      meet(list, peer, index);
    }
    const peers = list.remembered();
    expect(peers).toHaveLength(MAX_REMEMBERED);
    expect(peers[0]?.address).toBe('8.8.1.43');
  });

  it('are forgotten after a few runs in which others could be reached and they could not', () => {
    let list = listOf();
    list.add(at('8.8.8.8'), 'tracker', 0);
    meet(list, at('8.8.8.8'), 5);
    for (let run = 1; run <= 5; run++) {
      list = restart(list);
      list.failed(list.next(0)!, 0);
      // The line may be down.
      expect(addressesOf(list.remembered())).toEqual(['8.8.8.8']);
    }
    const missed: (number | undefined)[] = [];
    for (let run = 1; run <= 4; run++) {
      list = restart(list);
      list.failed(at('8.8.8.8'), 0);
      list.add(at('9.9.9.9'), 'tracker', 0);
      meet(list, at('9.9.9.9'));
      missed.push(list.remembered().find(({ address }) => address === '8.8.8.8')?.missed);
    }
    expect(missed).toEqual([1, 2, 3, undefined]);
  });

  it('come after those that are named now, and keep what was known of them', () => {
    const list = listOf();
    list.restore(peerOf('8.8.8.1', { source: 'dht', knowsV2: true }), 0);
    list.restore(peerOf('8.8.8.2', { source: 'pex', isSeed: true }), 0);
    list.add(at('8.8.8.3'), 'dht', 0);
    list.add(at('8.8.8.2'), 'tracker', 0);
    expect(list.sourcesOf(at('8.8.8.2'))).toEqual(['tracker', 'pex']);
    const order = [list.next(0), list.next(0), list.next(0)];
    expect(order[2]).toEqual({ ...at('8.8.8.1'), knowsV2: true });
    const seeding = listOf();
    seeding.restore(peerOf('8.8.8.2', { isSeed: true }), 0);
    seeding.seeding = true;
    expect(seeding.next(0)).toBeUndefined();
  });

  it('go where they may not be: the torrent turned out to be private', () => {
    const list = listOf();
    list.restore(peerOf('8.8.8.1', { source: 'dht' }), 0);
    list.restore(peerOf('8.8.8.2', { source: 'tracker' }), 0);
    list.restrictTo(['user', 'tracker']);
    expect(addressesOf([list.next(0)!])).toEqual(['8.8.8.2']);
    expect(list.next(0)).toBeUndefined();
    expect(list.restore(peerOf('8.8.8.3', { source: 'pex' }), 0)).toBe(false);
  });
});

describe('the list of remembered peers', () => {
  const peers = fc.array(
    fc
      .record({
        address: fc.oneof(
          fc.ipV4(),
          fc.constantFrom('2001:db8::1', '::1', 'fe80::1', '2a00:1450:4001:c02::71'),
        ),
        port: fc.integer({ min: 1, max: 65_535 }),
        source: fc.constantFrom(...SOURCES),
        isSeed: fc.boolean(),
        knowsV2: fc.boolean(),
        missed: fc.integer({ min: 0, max: 3 }),
      })
      .map((peer): RememberedPeer => peer),
    { maxLength: 120 },
  );

  it('is given back as it was saved', () => {
    fc.assert(
      fc.property(peers, (list) => {
        expect(decodeRemembered(encodeRemembered(list))).toEqual(list.slice(0, MAX_REMEMBERED));
      }),
    );
  });

  it('is bounded and total, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), (bytes) => {
        expect(decodeRemembered(bytes).length).toBeLessThanOrEqual(MAX_REMEMBERED);
      }),
    );
    expect(decodeRemembered(new Uint8Array(100_000))).toHaveLength(MAX_REMEMBERED);
    expect(decodeRemembered(Uint8Array.of(7, 8, 8, 8, 8, 1, 1))).toEqual([]);
  });
});
