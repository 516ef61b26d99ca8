import { makeTorrent } from '../disk/fixture.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { metainfoOf } from '../support/metainfo.ts';
import { poseAsSeed, ScriptedPeer } from '../support/scripted-peer.ts';
import { SimSwarm } from '../support/sim-swarm.ts';

const PIECE_LENGTH = 32_768;

describe('memory for pieces', () => {
  it('is given back by a torrent that nobody goes on sending, when another one needs it', async () => {
    const swarm = new SimSwarm({ seed: 81 });
    const host = swarm.host();
    const half = await ScriptedPeer.listen(host, swarm.torrent, {
      onOpen: poseAsSeed,
      // Half of each piece, so that none is ever complete.
      onRequest: (peer, piece, begin, length) => {
        if (begin === 0) peer.serve(piece, begin, length);
      },
    });
    const stalled = await swarm.node({
      trackerless: true,
      client: { pieceBufferBudget: 4 * PIECE_LENGTH },
      add: { peers: [{ address: host.address, port: 6881 }] },
    });
    await swarm.until(() => (half[0]?.count('request') ?? 0) >= 8, 10_000);
    await swarm.pass(2_000);
    half[0]?.connection.destroy();
    expect(stalled.torrent.swarm?.picker.partialCount).toBe(4);

    const other = makeTorrent([{ path: 'other.bin', length: 1 << 20 }], PIECE_LENGTH, 82);
    const metainfo = metainfoOf(other, { trackers: [] });
    const [seedClient, seedHost] = await swarm.client();
    await seedClient.add(metainfo, {
      directory: '/nowhere',
      storage: () => new ContentStorage(other, 'all'),
    });
    const torrent = await stalled.client.add(metainfo, {
      directory: '/nowhere',
      storage: () => new ContentStorage(other),
      peers: [{ address: seedHost.address, port: 6881 }],
    });
    await swarm.until(() => torrent.state === 'seeding', 60_000, 'the other download');
    await swarm.close();
  });

  it('is of use to an honest peer, although others hold all of it by keeping back a block of each piece', async () => {
    const swarm = new SimSwarm({ seed: 83 });
    const hosts = [swarm.host(), swarm.host()];
    for (const host of hosts) {
      await ScriptedPeer.listen(host, swarm.torrent, {
        peerId: Uint8Array.from(host.address.padEnd(20), (each) => each.charCodeAt(0)),
        onOpen: poseAsSeed,
        onRequest: (peer, piece, begin, length) => {
          if (begin === 0) peer.serve(piece, begin, length);
        },
      });
    }
    const seed = await swarm.seed({ trackerless: true });
    const leecher = await swarm.node({
      trackerless: true,
      client: { pieceBufferBudget: 6 * PIECE_LENGTH },
      add: { peers: hosts.map(({ address }) => ({ address, port: 6881 })) },
    });
    await swarm.until(() => leecher.torrent.swarm?.picker.partialCount === 6, 10_000);
    await swarm.pass(2_000);
    leecher.torrent.addPeer({ address: seed.host.address, port: 6881 });
    await swarm.finished([leecher], 60_000);
    await swarm.close();
  });

  it('is not held by peers in league, who keep back what one of them owes and send just enough not to be snubbed', async () => {
    const swarm = new SimSwarm({ seed: 85 });
    const hosts = [1, 2, 3, 4, 5, 6, 7, 8].map(() => swarm.host());
    for (const host of hosts) {
      const withheld: [piece: number, begin: number, length: number][] = [];
      await ScriptedPeer.listen(host, swarm.torrent, {
        peerId: Uint8Array.from(host.address.padEnd(20), (each) => each.charCodeAt(0)),
        onOpen: (peer) => {
          poseAsSeed(peer);
          const drip = (): void => {
            const block = withheld.shift();
            if (block !== undefined) peer.serve(...block);
          };
          host.clock.setRepeating(drip, 55_000);
        },
        onRequest: (peer, piece, begin, length) => {
          if (begin === 0) peer.serve(piece, begin, length);
          else withheld.push([piece, begin, length]);
        },
      });
    }
    const seed = await swarm.seed({ trackerless: true });
    const leecher = await swarm.node({
      trackerless: true,
      client: { pieceBufferBudget: 6 * PIECE_LENGTH },
      add: { peers: hosts.map(({ address }) => ({ address, port: 6881 })) },
    });
    await swarm.until(() => leecher.torrent.swarm?.picker.partialCount === 6, 10_000);
    // Long enough for those who came too late to be asked for what the others owe.
    await swarm.pass(20_000);
    leecher.torrent.addPeer({ address: seed.host.address, port: 6881 });
    await swarm.finished([leecher], 90_000);
    await swarm.close();
  });
});
