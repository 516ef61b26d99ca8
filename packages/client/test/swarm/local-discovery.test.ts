import { formatMagnet } from '@shoal/metainfo';
import { LSD_GROUPS } from '../../src/discovery/local-discovery.ts';
import {
  decodeLsdAnnounce,
  encodeLsdAnnounce,
  type LsdAnnounce,
} from '../../src/discovery/lsd-message.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { makeRealTorrent } from '../support/real-torrent.ts';
import { type Node, type NodeOptions, SimSwarm } from '../support/sim-swarm.ts';

const [GROUP] = LSD_GROUPS;
const HOME: NodeOptions = { trackerless: true, line: { lan: 'home' } };

/** Notes the announces in a local network. */
async function listen(swarm: SimSwarm) {
  const heard: ({ at: number } & LsdAnnounce)[] = [];
  const host = swarm.host({ lan: 'home' });
  const socket = await host.network.join(GROUP!, {
    onDatagram: (datagram) => {
      const announce = decodeLsdAnnounce(datagram);
      if (announce !== undefined) heard.push({ at: swarm.world.now, ...announce });
    },
    onError: () => undefined,
  });
  return { heard, host, socket };
}

const sourcesOf = ({ torrent }: Node): string[] => {
  const found: string[] = [];
  torrent.peerList.forEach((_, sources) => found.push(...sources));
  return found;
};

describe('local discovery', () => {
  it('finds peers in the local network, and only there', async () => {
    const swarm = new SimSwarm({ seed: 601 });
    const seed = await swarm.seed(HOME);
    const far = await swarm.node({ trackerless: true, line: { lan: 'office' } });
    await swarm.pass(5_000);
    const leech = await swarm.node(HOME);
    await swarm.finished([leech], 30_000);
    expect([...sourcesOf(seed), ...sourcesOf(leech)]).toContain('lsd');
    expect(far.torrent.progress()).toMatchObject({ state: 'downloading', peers: 0 });
    await swarm.close();
  });

  it('finds both swarms of a hybrid, and the peers of a magnet link', async () => {
    for (const known of [
      { v1: true, v2: false },
      { v1: false, v2: true },
    ]) {
      const swarm = new SimSwarm({ seed: 602, hybrid: 200_000 });
      await swarm.seed(HOME);
      const [client] = await swarm.client({}, { lan: 'home' });
      const { infoHash, infoHashV2 } = swarm.torrent.info;
      const magnet = formatMagnet({
        ...(known.v1 ? { infoHash } : {}),
        ...(known.v2 ? { infoHashV2 } : {}),
      });
      const storage = () => new ContentStorage(swarm.torrent);
      const torrent = await client.add(magnet, { directory: '/nowhere', storage });
      await swarm.until(() => torrent.hasMetadata(), 30_000, 'the metadata');
      await swarm.close();
    }
  });

  it('is silent about private torrents, also where somebody asks for one', async () => {
    const swarm = new SimSwarm({ seed: 603, private: true });
    const { heard, socket } = await listen(swarm);
    const seed = await swarm.seed(HOME);
    const infoHash = Buffer.from(swarm.torrent.info.infoHash!).toString('hex');
    socket.send(encodeLsdAnnounce(GROUP!, { port: 5, infoHashes: [infoHash], cookie: undefined }));
    await swarm.pass(600_000);
    expect(heard.filter(({ port }) => port !== 5)).toEqual([]);
    expect(sourcesOf(seed)).toEqual([]);
    await swarm.close();
  });

  it('is off where the client says so, and where it is bound to the machine itself', async () => {
    for (const client of [{ localDiscovery: false }, { bind: '127.0.0.1' }]) {
      const swarm = new SimSwarm({ seed: 604 });
      const { heard } = await listen(swarm);
      await swarm.seed({ ...HOME, client });
      await swarm.pass(10_000);
      expect(heard).toEqual([]);
      await swarm.close();
    }
  });

  it('announces every five minutes, many torrents in one message, and few messages', async () => {
    const swarm = new SimSwarm({ seed: 605 });
    const { heard } = await listen(swarm);
    const [client] = await swarm.client({}, { lan: 'home' });
    for (let index = 0; index < 100; index += 1) {
      const { metainfo } = makeRealTorrent(700 + index, { files: [100], filler: 1 });
      await client.add(metainfo, {
        directory: '/nowhere',
        storage: () => new ContentStorage(swarm.torrent, []),
      });
    }
    await swarm.pass(60 * 60_000);
    const hashes = new Map<string, number>();
    for (const { infoHashes } of heard)
      for (const each of infoHashes) hashes.set(each, (hashes.get(each) ?? 0) + 1);
    expect(hashes.size).toBe(100);
    // One message a minute of ten torrents each, and five at the beginning.
    expect(heard.length).toBeLessThanOrEqual(66);
    expect(Math.min(...hashes.values())).toBeGreaterThanOrEqual(5);
    await swarm.close();
  });

  it('takes its own announces, which come back to it, for nobody', async () => {
    const swarm = new SimSwarm({ seed: 607 });
    const { heard, socket } = await listen(swarm);
    const node = await swarm.node(HOME);
    await swarm.until(() => heard.length > 0, 10_000);
    const { infoHashes, cookie } = heard[0]!;
    expect(cookie).toMatch(/^[0-9a-f]{16}$/);
    socket.send(encodeLsdAnnounce(GROUP!, { port: 1, infoHashes, cookie }));
    await swarm.pass(1_000);
    expect(node.torrent.peerList.total).toBe(0);
    socket.send(encodeLsdAnnounce(GROUP!, { port: 1, infoHashes, cookie: 'another' }));
    await swarm.pass(1_000);
    expect(node.torrent.peerList.total).toBe(1);
    await swarm.close();
  });

  it('hears one address sixty times a minute', async () => {
    const swarm = new SimSwarm({ seed: 608 });
    const { socket } = await listen(swarm);
    const node = await swarm.node(HOME);
    const infoHash = Buffer.from(swarm.torrent.info.infoHash!).toString('hex');
    const say = (hash: string): void =>
      socket.send(encodeLsdAnnounce(GROUP!, { port: 1, infoHashes: [hash], cookie: undefined }));
    for (let count = 0; count < 60; count += 1) say('ab'.repeat(20));
    say(infoHash);
    await swarm.pass(1_000);
    expect(node.torrent.peerList.total).toBe(0);
    await swarm.pass(60_000);
    say(infoHash);
    await swarm.pass(1_000);
    expect(node.torrent.peerList.total).toBe(1);
    await swarm.close();
  });

  it('looks at no more than so many messages of a flood', async () => {
    const swarm = new SimSwarm({ seed: 606 });
    const { socket } = await listen(swarm);
    const node = await swarm.node(HOME);
    const infoHash = Buffer.from(swarm.torrent.info.infoHash!).toString('hex');
    for (let port = 1; port <= 1_000; port += 1) {
      socket.send(encodeLsdAnnounce(GROUP!, { port, infoHashes: [infoHash], cookie: undefined }));
    }
    await swarm.pass(1_000);
    expect(node.torrent.peerList.total).toBeLessThanOrEqual(8);
    await swarm.close();
  });
});
