import { DhtError, DhtNode } from '@shoal/dht';
import { formatMagnet } from '@shoal/metainfo';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContentStorage } from '../support/content-storage.ts';
import { makeRealTorrent } from '../support/real-torrent.ts';
import { ScriptedPeer } from '../support/scripted-peer.ts';
import { type NodeOptions, SimSwarm } from '../support/sim-swarm.ts';

const PORT = 6881;

/** A swarm beside a small DHT. */
async function withDht(setup: ConstructorParameters<typeof SimSwarm>[0], count = 8) {
  const swarm = new SimSwarm(setup);
  const first = swarm.host();
  const entry = { address: first.address, port: PORT };
  const nodes: DhtNode[] = [];
  for (let index = 0; index < count; index += 1) {
    const host = index === 0 ? first : swarm.host();
    const bootstrap = index === 0 ? [] : [entry];
    nodes.push(await DhtNode.open({ host, port: PORT, addresses: [host.address], bootstrap }));
  }
  await swarm.pass(30_000);
  const dht = { bootstrap: [entry] };
  const options: NodeOptions = { trackerless: true, client: { dht } };
  const stored = () => nodes.reduce((sum, { stats }) => sum + stats.stored.peers, 0);
  const close = async () => {
    await swarm.close();
    await swarm.settle(Promise.all(nodes.map((node) => node.close())));
  };
  return { swarm, nodes, entry, dht, options, stored, close };
}

const storageOf = (swarm: SimSwarm) => () => new ContentStorage(swarm.torrent);

describe('the DHT', () => {
  it('leads a magnet link to its peers', async () => {
    const { swarm, dht, options, close } = await withDht({
      seed: 701,
      torrent: makeRealTorrent(701),
    });
    await swarm.seed(options);
    await swarm.pass(30_000);
    const [client] = await swarm.client({ dht });
    const { infoHash } = swarm.torrent.info;
    const torrent = await client.add(formatMagnet({ infoHash }), {
      directory: '/nowhere',
      storage: storageOf(swarm),
    });
    await swarm.until(() => torrent.state === 'seeding', 120_000, 'the end of the download');
    expect(client.dht?.nodeCount).toBeGreaterThan(0);
    await close();
  });

  it('tells what goes wrong that should not, and nothing of what may', async () => {
    const { swarm, options, close } = await withDht({ seed: 712 });
    const { torrent, client } = await swarm.node(options);
    const warnings: string[] = [];
    torrent.on('warning', ({ message }) => warnings.push(message));
    await swarm.until(() => (client.dht?.nodeCount ?? 0) > 0, 60_000);
    const fails = (error: Error) => () => Promise.reject(error);
    client.dht!.announce = fails(new DhtError('ERR_DHT_NO_NODES', 'nobody'));
    await swarm.pass(300_000);
    expect(warnings).toEqual([]);
    client.dht!.announce = fails(new TypeError('a bug'));
    await swarm.until(() => warnings.length > 0, 300_000);
    expect(warnings[0]).toBe('a bug');
    await close();
  });

  it('knows both swarms of a hybrid', async () => {
    const { swarm, dht, options, stored, close } = await withDht({ seed: 702, hybrid: 200_000 });
    await swarm.seed(options);
    await swarm.until(() => stored() > 0, 60_000, 'the announce');
    await swarm.pass(20_000);
    const { infoHash, infoHashV2 } = swarm.torrent.info;
    for (const only of [{ infoHash }, { infoHashV2 }]) {
      const [client] = await swarm.client({ dht });
      const torrent = await client.add(formatMagnet(only), {
        directory: '/nowhere',
        storage: storageOf(swarm),
      });
      await swarm.until(() => torrent.hasMetadata(), 120_000, 'the metadata');
    }
    await close();
  });

  it('is neither asked nor answered where the IP filter blocks it', async () => {
    const { swarm, dht, options, close } = await withDht({ seed: 704 });
    const blocks = (): boolean => true;
    const blind = await swarm.node({ ...options, client: { dht, ipFilter: { blocks } } });
    await swarm.pass(60_000);
    expect(blind.client.dht?.nodeCount).toBe(0);
    blind.client.setIpFilter(undefined);
    const asked = (): number => blind.client.dht?.nodeCount ?? 0;
    await swarm.until(() => asked() > 0, 30 * 60_000, 'a node that answers');
    await close();
  });

  it('hears nothing of private torrents, nor do their peers hear of it', async () => {
    const { swarm, dht, options, stored, close } = await withDht({ seed: 703, private: true });
    const seed = await swarm.seed(options);
    const { infoHash } = swarm.torrent.info;
    const [client] = await swarm.client({ dht });
    const magnet = await client.add(formatMagnet({ infoHash }), {
      directory: '/nowhere',
      storage: storageOf(swarm),
      private: true,
    });
    const reserved: unknown[] = [];
    const peer = await swarm.settle(
      ScriptedPeer.connect(
        swarm.host(),
        { address: seed.host.address, port: PORT },
        swarm.torrent,
        {
          onOpen: (self) => reserved.push(self.handshake?.reserved.dht),
        },
      ),
    );
    await swarm.pass(120_000);
    expect([stored(), client.dht, seed.client.dht]).toEqual([0, undefined, undefined]);
    expect([reserved, peer.count('port')]).toEqual([[false], 0]);
    expect(magnet.state).toBe('metadata');
    await close();
  });

  it('is entered through peers, too', async () => {
    const { swarm, options, close } = await withDht({ seed: 704 });
    const seed = await swarm.seed(options);
    await swarm.until(() => (seed.client.dht?.nodeCount ?? 0) > 0, 60_000, 'the first nodes');
    const leech = await swarm.node({
      trackerless: true,
      client: { dht: { bootstrap: [] } },
      add: { peers: [{ address: seed.host.address, port: PORT }] },
    });
    await swarm.until(() => (leech.client.dht?.nodeCount ?? 0) > 1, 300_000, 'nodes by PORT');
    await close();
  });

  it('is entered by the nodes that a torrent names, unless it is private', async () => {
    const { swarm, entry, options, close } = await withDht({ seed: 707 });
    await swarm.seed(options);
    await swarm.pass(30_000);
    const asked: string[] = [];
    const resolve = (name: string): Promise<string[]> => {
      asked.push(name);
      return name === 'dead.test' ? Promise.reject(new Error(name)) : Promise.resolve([name]);
    };
    const nodes = [
      { host: 'dead.test', port: 1 },
      { host: entry.address, port: entry.port },
      ...Array.from({ length: 100 }, (_, index) => ({ host: `10.7.7.${index}`, port: 9 })),
    ];
    for (const isPrivate of [true, false]) {
      const [client] = await swarm.client({ dht: { bootstrap: [], resolve } });
      const { info } = swarm.torrent;
      const metainfo = { ...swarm.metainfo, trackers: [], nodes };
      const torrent = await client.add(
        isPrivate ? { ...metainfo, info: { ...info, private: true } } : metainfo,
        { directory: '/nowhere', storage: storageOf(swarm) },
      );
      if (isPrivate) {
        await swarm.pass(120_000);
        expect([asked, client.dht, torrent.state]).toEqual([[], undefined, 'downloading']);
      } else {
        await swarm.until(() => torrent.state === 'seeding', 300_000, 'the end of the download');
        expect(asked.slice(0, 2)).toEqual(['dead.test', entry.address]);
        expect(asked).toHaveLength(16);
      }
    }
    await close();
  });

  it('is remembered, so that no bootstrap nodes are needed', async () => {
    const resumeDirectory = await mkdtemp(join(tmpdir(), 'shoal-dht-'));
    const { swarm, dht, options, close } = await withDht({ seed: 705 });
    await swarm.seed(options);
    // Files take real time.
    const until = async (met: () => boolean) => {
      while (!met()) {
        await swarm.pass(100);
        await new Promise(setImmediate);
      }
    };
    const run = async (bootstrap: typeof dht.bootstrap) => {
      const node = await swarm.node({
        trackerless: true,
        client: { resumeDirectory, dht: { bootstrap } },
      });
      await until(() => (node.client.dht?.nodeCount ?? 0) > 1);
      let closed = false;
      void node.client.close().finally(() => (closed = true));
      await until(() => closed);
    };
    await run(dht.bootstrap);
    await run([]);
    await rm(resumeDirectory, { recursive: true });
    await close();
  });

  it('shares its socket with trackers, and is off where that is asked for', async () => {
    const { swarm, options, stored, close } = await withDht({ seed: 706 }, 3);
    await swarm.seed({ ...options, client: { dht: false } });
    await swarm.pass(60_000);
    expect(stored()).toBe(0);
    await close();
  });
});
