import type { HashRequest } from '@shoal/metainfo';
import { hashCount } from '@shoal/peer-wire';
import { rightAnswer } from '../hashes/exchange-support.ts';
import { checkedStorage } from '../support/checked-storage.ts';
import {
  torrents,
  small,
  KINDS,
  swarmOf,
  seedOf,
  strippedOf,
  bansOf,
  knownCount,
  scriptOf,
  connect,
} from '../support/hash-swarm.ts';
import { ScriptedPeer, type PeerScript } from '../support/scripted-peer.ts';

describe.each(KINDS)('a %s leecher without piece layers', (kind) => {
  const torrent = torrents[kind];

  it('gets them from a seed, and with them all the rest', async () => {
    const swarm = swarmOf(torrent);
    await seedOf(swarm);
    const leecher = await strippedOf(swarm);
    await swarm.finished([leecher], 120_000);
    expect(knownCount(leecher)).toBe(0);
    await swarm.close();
  });

  it('gives them on to others that have none', async () => {
    const swarm = swarmOf(torrent);
    const seed = await seedOf(swarm);
    const first = await strippedOf(swarm);
    await swarm.finished([first], 120_000);
    await swarm.settle(seed.client.close());
    const second = await strippedOf(swarm);
    await swarm.finished([second], 120_000);
    expect(knownCount(second)).toBe(0);
    await swarm.close();
  });

  it.each<[string, NonNullable<PeerScript['onHashRequest']>]>([
    ['rejects every request', (peer, request) => peer.send((to) => to.hashReject(request))],
    ['never answers', () => undefined],
  ])('gets them from a seed beside one that %s', async (_what, onHashRequest) => {
    const swarm = swarmOf(torrent);
    const host = swarm.host();
    const useless = await ScriptedPeer.listen(host, torrent, scriptOf(torrent, { onHashRequest }));
    const leecher = await strippedOf(swarm, {
      add: { peers: [{ address: host.address, port: 6881 }] },
    });
    const banned = bansOf(leecher);
    await swarm.until(() => useless.some((peer) => peer.count('hash-request') > 0), 10_000);
    await swarm.pass(120_000);
    const asked = useless.reduce((sum, peer) => sum + peer.count('hash-request'), 0);
    expect(asked).toBeLessThan(20);
    await seedOf(swarm);
    // Well before the silent one is dropped.
    await swarm.finished([leecher], 40_000);
    await swarm.until(() => knownCount(leecher) <= 0, 10_000);
    expect(banned).toEqual([]);
    await swarm.close();
  });

  it('bans who sends wrong ones', async () => {
    const swarm = swarmOf(torrent);
    const host = swarm.host();
    const liars = await ScriptedPeer.listen(
      host,
      torrent,
      scriptOf(torrent, {
        onHashRequest: (peer, request) => {
          const hashes = rightAnswer(torrent, request)!;
          hashes[hashes.length - 1]! ^= 1;
          peer.send((to) => to.hashes(request, hashes));
        },
      }),
    );
    const leecher = await strippedOf(swarm, {
      add: { peers: [{ address: host.address, port: 6881 }] },
    });
    const banned = bansOf(leecher);
    await swarm.until(() => banned.length > 0, 20_000);
    expect(banned[0]).toMatchObject({ reason: 'It sent wrong hashes' });
    await swarm.until(() => liars.every(({ closed }) => closed), 10_000);
    expect(liars).toHaveLength(1);
    await seedOf(swarm);
    await swarm.finished([leecher], 120_000);
    expect(banned).toHaveLength(1);
    await swarm.close();
  });

  it.each<[string, (request: HashRequest) => HashRequest]>([
    ['root', (request) => ({ ...request, piecesRoot: new Uint8Array(32).fill(1) })],
    ['base layer', (request) => ({ ...request, baseLayer: 1 })],
    ['index', (request) => ({ ...request, index: request.index + 512 })],
    ['length', (request) => ({ ...request, length: request.length / 2 })],
    ['proof layers', (request) => ({ ...request, proofLayers: 0 })],
  ])('is not taken in by answers with another %s', async (_field, change) => {
    const swarm = swarmOf(torrent);
    const host = swarm.host();
    await ScriptedPeer.listen(
      host,
      torrent,
      scriptOf(torrent, {
        onHashRequest: (peer, request) => {
          const other = change(request);
          const hashes = new Uint8Array(hashCount(other) * 32).fill(9);
          peer.send((to) => to.hashes(other, hashes));
        },
      }),
    );
    const leecher = await strippedOf(swarm, {
      add: { peers: [{ address: host.address, port: 6881 }] },
    });
    await swarm.pass(20_000);
    expect(knownCount(leecher)).toBeGreaterThan(0);
    await seedOf(swarm);
    await swarm.finished([leecher], 240_000);
    await swarm.close();
  });
});

describe('hash requests of others', () => {
  const torrent = small['v2-only'];
  const root = torrent.info.files[0]!.piecesRoot!;
  const layer: HashRequest = {
    piecesRoot: root,
    baseLayer: 2,
    index: 0,
    length: 8,
    proofLayers: 0,
  };
  const leaves: HashRequest = {
    piecesRoot: root,
    baseLayer: 0,
    index: 4,
    length: 4,
    proofLayers: 4,
  };

  it.each<[string, HashRequest]>([
    ['piece hashes', layer],
    ['some of them, with a proof', { ...layer, index: 2, length: 2, proofLayers: 2 }],
    ['leaf hashes of a piece', leaves],
    ['leaf hashes of several pieces', { ...leaves, index: 0, length: 16, proofLayers: 4 }],
    ['leaf hashes of the last piece', { ...leaves, index: 28, proofLayers: 1 }],
    ['two leaf hashes', { ...leaves, index: 6, length: 2 }],
  ])('are answered while choked: %s', async (_what, request) => {
    const swarm = swarmOf(torrent);
    const seed = await seedOf(swarm);
    const peer = await connect(swarm, seed, torrent, {
      onOpen: (self) => self.send((to) => to.hashRequest(request)),
    });
    await swarm.until(() => peer.count('hashes') === 1, 10_000);
    const { hashes, request: named } = peer.hashMessages[0]!;
    expect(named).toEqual(request);
    expect(Buffer.compare(hashes!, rightAnswer(torrent, request)!)).toBe(0);
    expect(peer.count('unchoke')).toBe(0);
    await swarm.close();
  });

  it.each([
    [4, 5],
    [5, 4],
  ])(
    'for a single hash, %d, are answered with its sibling, as libtorrent means it',
    async (index, sibling) => {
      const swarm = swarmOf(torrent);
      const seed = await seedOf(swarm);
      const one = { ...layer, index, length: 1, proofLayers: 2 };
      const peer = await connect(swarm, seed, torrent, {
        // No encoder of ours sends such a request: it has the bytes of a reject of it, but for the id.
        onOpen: (self) => {
          self.encoder.hashReject(one);
          const bytes = self.encoder.take().slice();
          bytes[4] = 21;
          self.connection.write(bytes);
        },
      });
      await swarm.until(() => peer.count('hashes') === 1, 10_000);
      const { hashes } = peer.hashMessages[0]!;
      const known = torrent.metainfo.pieceLayers;
      expect(hashes).toHaveLength(4 * 32);
      expect(hashes!.subarray(0, 32)).toEqual(known.pieceHash(index));
      expect(hashes!.subarray(32, 64)).toEqual(known.pieceHash(sibling));
      await swarm.close();
    },
  );

  it.each<[string, HashRequest, number]>([
    ['an unknown root', { ...layer, piecesRoot: new Uint8Array(32) }, 1],
    ['piece hashes beyond the tree', { ...layer, index: 8 }, 1],
    ['too many proof layers', { ...layer, proofLayers: 7 }, 1],
    ['a layer between', { ...layer, baseLayer: 1 }, 1],
    // A reject of these crashes libtorrent 2.0.8.
    ['leaves beyond the tree', { ...leaves, index: 512 }, 0],
    ['leaves with too many proof layers', { ...leaves, proofLayers: 7 }, 0],
    ['leaves of an unknown root', { ...leaves, piecesRoot: new Uint8Array(32) }, 0],
  ])(
    'that cannot be answered are rejected once in three seconds, or never: %s',
    async (_what, request, rejects) => {
      const swarm = swarmOf(torrent);
      const seed = await seedOf(swarm);
      const peer = await connect(swarm, seed, torrent, {
        onOpen: (self) => self.send((to) => to.hashRequest(request)),
        // As libtorrent does.
        onMessage: (self, [name]) => {
          if (name === 'hash-reject') self.send((to) => to.hashRequest(request));
        },
      });
      await swarm.pass(2_000);
      expect(peer.count('hash-reject')).toBe(rejects);
      await swarm.pass(3_000);
      peer.send((to) => to.hashRequest(request));
      await swarm.pass(500);
      expect(peer.count('hash-reject')).toBe(2 * rejects);
      expect(peer.closed).toBe(false);
      await swarm.close();
    },
  );

  it('for leaves of pieces that are not there are left unanswered', async () => {
    const swarm = swarmOf(torrent);
    const leecher = await swarm.node({ add: { storage: checkedStorage(torrent) } });
    const peer = await connect(swarm, leecher, torrent, {
      onOpen: (self) => self.send((to) => to.hashRequest(leaves)),
    });
    await swarm.pass(5_000);
    expect(peer.hashMessages).toEqual([]);
    expect(peer.closed).toBe(false);
    await swarm.close();
  });

  it('are ignored on a connection that is for v1', async () => {
    const swarm = swarmOf(small.hybrid);
    const seed = await seedOf(swarm);
    const request = { ...layer, piecesRoot: small.hybrid.info.files[0]!.piecesRoot! };
    const peer = await connect(swarm, seed, small.hybrid, {
      infoHash: small.hybrid.info.infoHash!,
      onOpen: (self) => {
        self.send((to) => {
          to.hashRequest(request);
          to.hashReject(request);
          to.hashes(request, new Uint8Array(8 * 32));
          to.interested();
        });
      },
    });
    await swarm.until(() => peer.count('unchoke') === 1, 30_000);
    expect(peer.hashMessages).toEqual([]);
    expect(peer.closed).toBe(false);
    await swarm.close();
  });

  it.each<[string, HashRequest]>([
    ['piece hashes', layer],
    ['leaf hashes', leaves],
    ['nonsense', { ...layer, index: 8 }],
  ])('in a flood cost little, and others are served all the same: %s', async (_what, request) => {
    const swarm = swarmOf(torrent);
    const seed = await seedOf(swarm);
    const flooder = await connect(swarm, seed, torrent, {});
    await swarm.until(() => flooder.handshake !== undefined, 10_000);
    const flood = (): void => {
      flooder.send((to) => {
        for (let count = 0; count < 2_000; count += 1) to.hashRequest(request);
      });
    };
    flood();
    const leecher = await strippedOf(swarm);
    for (let second = 0; second < 5; second += 1) {
      flood();
      await swarm.pass(1_000);
    }
    await swarm.finished([leecher], 60_000);
    expect(flooder.closed).toBe(false);
    const sent = flooder.hashMessages.reduce((sum, { hashes }) => sum + (hashes?.length ?? 0), 0);
    expect(sent).toBeLessThan(8 * 1_048_576);
    if (request !== layer) expect(flooder.hashMessages.length).toBeLessThan(1_000);
    await swarm.close();
  });

  it('wait for the upload limit', async () => {
    const swarm = swarmOf(torrents['v2-only']);
    const file = torrents['v2-only'].info.files[0]!;
    const request = {
      piecesRoot: file.piecesRoot!,
      baseLayer: 0,
      index: 0,
      length: 512,
      proofLayers: 0,
    };
    const seed = await seedOf(swarm, { client: { maxUploadRate: 4_000 } });
    const peer = await connect(swarm, seed, torrents['v2-only'], {
      onOpen: (self) => self.send((to) => [0, 1, 2].forEach(() => to.hashRequest(request))),
    });
    await swarm.until(() => peer.count('hashes') === 3, 60_000);
    // Three times 16 KiB, of which the first two may be sent at once.
    expect(swarm.world.now).toBeGreaterThan(3_000);
    await swarm.close();
  });
});

describe('answers nobody asked for', () => {
  it('are ignored, and end the connection when they go on', async () => {
    const torrent = small['v2-only'];
    const swarm = swarmOf(torrent);
    const leecher = await strippedOf(swarm);
    const request = {
      piecesRoot: new Uint8Array(32),
      baseLayer: 0,
      index: 0,
      length: 2,
      proofLayers: 0,
    };
    const peer = await connect(swarm, leecher, torrent, {
      onOpen: (self) => self.send((to) => to.hashes(request, new Uint8Array(64))),
    });
    await swarm.pass(1_000);
    expect(peer.closed).toBe(false);
    peer.send((to) => {
      for (let count = 0; count < 100; count += 1) to.hashReject(request);
    });
    await swarm.until(() => peer.closed, 10_000);
    await swarm.close();
  });
});
