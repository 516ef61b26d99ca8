import { ClientError } from '../../src/index.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { ScriptedPeer } from '../support/scripted-peer.ts';
import { at } from '../support/sim-pair.ts';
import { SimSwarm } from '../support/sim-swarm.ts';

describe('a client', () => {
  it('refuses a torrent it has, one that is broken, and any once it is closed', async () => {
    const swarm = new SimSwarm({ seed: 81 });
    const { client } = await swarm.seed();
    const add = { directory: '/nowhere', storage: () => new ContentStorage(swarm.torrent) };
    await expect(client.add(swarm.metainfo, add)).rejects.toMatchObject({
      code: 'ERR_CLIENT_DUPLICATE',
    });
    await expect(client.add(swarm.metainfo, add)).rejects.toBeInstanceOf(ClientError);
    await expect(client.add(new Uint8Array([1, 2, 3]), add)).rejects.toThrow();
    await swarm.settle(client.torrents[0]!.remove());
    const again = await client.add(swarm.metainfo, add);
    await again.checked();
    await swarm.close();
    await expect(client.add(swarm.metainfo, add)).rejects.toMatchObject({
      code: 'ERR_CLIENT_CLOSED',
    });
  });

  it('closes without checking what was added just before', async () => {
    const swarm = new SimSwarm({ seed: 83 });
    const [client] = await swarm.client();
    const storage = new ContentStorage(swarm.torrent, 'all');
    storage.checkPieces = (_pieces, _onPiece, signal) =>
      new Promise((_, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    const adding = client.add(swarm.metainfo, { directory: '/nowhere', storage: () => storage });
    await Promise.all([adding, swarm.settle(client.close())]);
    expect((await adding).state).toBe('closed');
  });

  it('gives up what it was just dialling when it closes', async () => {
    const swarm = new SimSwarm({ seed: 84 });
    const far = swarm.host({ latency: 3_000 });
    const peers = await ScriptedPeer.listen(far, swarm.torrent);
    const leecher = await swarm.node({ trackerless: true, add: { peers: [at({ host: far })] } });
    await swarm.pass(2_000);
    await swarm.settle(leecher.client.close());
    await swarm.pass(30_000);
    expect(peers.filter((peer) => peer.handshake !== undefined)).toEqual([]);
    await swarm.close();
  });

  it('closes at any moment', async () => {
    for (const time of [0, 20, 60, 100, 1_000, 2_000]) {
      const swarm = new SimSwarm({ seed: 82 });
      await swarm.seed();
      const leecher = await swarm.node();
      await swarm.pass(time);
      const closing = leecher.client.close();
      expect(leecher.client.close()).toBe(closing);
      await swarm.settle(closing);
      await swarm.close();
      // Nothing is left to happen, but for connections that end by themselves.
      expect(await swarm.world.run({ limit: 60_000 })).toBe('idle');
    }
  });
});
