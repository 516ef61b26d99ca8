import { formatMagnet, type MagnetInput } from '@shoal/metainfo';
import type { AddOptions, AnyTorrent, Client, PeerReport } from '../../src/index.ts';
import { checkedStorage } from '../support/checked-storage.ts';
import { metadataScript } from '../support/metadata-peer.ts';
import { ScriptedPeer } from '../support/scripted-peer.ts';
import { type Node, SimSwarm } from '../support/sim-swarm.ts';
import { TRACKER_URL } from '../support/sim-tracker.ts';
import { makeRealTorrent } from '../support/real-torrent.ts';
import { makeV2Torrent, type V2Torrent } from '../support/v2-torrent.ts';

const K = 1024;
const PORT = 6881;
const SPECS = [
  { path: 'a', length: 90 * K },
  { path: 'b', length: 100 * K },
];
const torrents = {
  'v2-only': makeV2Torrent(SPECS, 16 * K),
  hybrid: makeV2Torrent(SPECS, 16 * K, { hybrid: true }),
};
const KINDS = ['v2-only', 'hybrid'] as const;

function seedOf(swarm: SimSwarm, trackerless = true): Promise<Node> {
  return swarm.node({
    trackerless,
    add: { storage: checkedStorage(swarm.torrent, { full: true }) },
  });
}

async function leechOf(
  swarm: SimSwarm,
  magnet: MagnetInput,
  options: Partial<AddOptions> = {},
): Promise<{ client: Client; torrent: AnyTorrent; address: string; banned: PeerReport[] }> {
  const [client, host] = await swarm.client();
  const torrent = await client.add(formatMagnet(magnet), {
    directory: '/nowhere',
    storage: checkedStorage(swarm.torrent),
    ...options,
  });
  torrent.on('error', () => undefined);
  const banned: PeerReport[] = [];
  torrent.on('peer', (report) => {
    if (report.event === 'banned') banned.push(report);
  });
  return { client, torrent, address: host.address, banned };
}

function v2NameOf({ info }: V2Torrent): Uint8Array {
  return info.infoHashV2!.subarray(0, 20);
}

describe.each(KINDS)('a magnet link with the v2 name in the place of a v1 hash: %s', (kind) => {
  const made = torrents[kind];

  it('is downloaded, piece layers and all, and goes by its true names from then on', async () => {
    const swarm = new SimSwarm({ seed: 401, torrent: made });
    const seed = await seedOf(swarm);
    const peers = [{ host: seed.host.address, port: PORT }];
    const { client, torrent, banned } = await leechOf(swarm, { infoHash: v2NameOf(made), peers });
    const known = await swarm.settle(torrent.metadata());
    const { infoHash, infoHashV2 } = made.info;
    expect(known.infoHashes).toEqual({ ...(infoHash && { v1: infoHash }), v2: infoHashV2 });
    await swarm.until(() => torrent.state === 'seeding', 60_000);
    expect(torrent.swarm?.hashTraffic?.exchange.rangesLeft).toBe(0);
    expect(client.find(Buffer.from(infoHashV2!).toString('hex'))).toBe(torrent);
    const duplicate = { code: 'ERR_CLIENT_DUPLICATE' };
    for (const hashes of [{ infoHash, infoHashV2 }, { infoHashV2 }, { infoHash: v2NameOf(made) }])
      await expect(client.add(formatMagnet(hashes), { directory: '/' })).rejects.toMatchObject(
        duplicate,
      );
    expect(banned).toEqual([]);
    await swarm.close();
  });

  it('asks its trackers for each swarm once', async () => {
    const swarm = new SimSwarm({ seed: 402, torrent: made });
    await seedOf(swarm, false);
    const magnet = { infoHash: v2NameOf(made), trackers: [TRACKER_URL] };
    const { torrent, address } = await leechOf(swarm, magnet);
    await swarm.until(() => torrent.state === 'seeding', 60_000);
    await swarm.pass(5_000);
    const started = (name: Uint8Array): number =>
      swarm.tracker.eventsOf(address, name).filter((event) => event === 'started').length;
    expect(started(v2NameOf(made))).toBe(1);
    if (made.info.infoHash !== undefined) expect(started(made.info.infoHash)).toBe(1);
    await swarm.close();
  });
});

describe('a magnet link with the hashes of two torrents', () => {
  it.each(['v1', 'v2'] as const)(
    'fails as soon as there is metadata of %s, and nobody is banned',
    async (side) => {
      const made = side === 'v1' ? makeRealTorrent(403) : torrents['v2-only'];
      const swarm = new SimSwarm({ seed: 403, torrent: made });
      for (let count = 0; count < 2; count += 1) {
        await swarm.node({ add: { storage: checkedStorage(swarm.torrent, { full: true }) } });
      }
      await swarm.until(() => swarm.tracker.seen.length >= 2, 10_000);
      const { infoHash = new Uint8Array(20).fill(1), infoHashV2 = new Uint8Array(32).fill(2) } =
        made.info;
      const magnet = { infoHash, infoHashV2, trackers: [TRACKER_URL] };
      const { torrent, banned } = await leechOf(swarm, magnet);
      await expect(swarm.settle(torrent.metadata(), 60_000)).rejects.toMatchObject({
        name: 'MagnetContradictionError',
        code: 'ERR_CLIENT_CONTRADICTORY_MAGNET',
      });
      expect(torrent.state).toBe('error');
      await swarm.pass(30_000);
      expect(banned).toEqual([]);
      await swarm.settle(torrent.resume());
      await swarm.until(() => torrent.state === 'error', 60_000);
      expect(banned).toEqual([]);
      await swarm.close();
    },
  );

  it('ends also where all who have it go on with v2 as soon as they may', async () => {
    const made = torrents.hybrid;
    const swarm = new SimSwarm({ seed: 405, torrent: made });
    const seed = await swarm.seed({ trackerless: true });
    const peers = [{ host: seed.host.address, port: PORT }];
    const { infoHash } = made.info;
    const infoHashV2 = new Uint8Array(32).fill(9);
    const { torrent, banned } = await leechOf(swarm, { infoHash, infoHashV2, peers });
    await expect(swarm.settle(torrent.metadata(), 60_000)).rejects.toMatchObject({
      code: 'ERR_CLIENT_CONTRADICTORY_MAGNET',
    });
    expect(banned).toEqual([]);
    await swarm.close();
  });

  it('goes on beside those who give what has neither', async () => {
    const made = torrents.hybrid;
    const swarm = new SimSwarm({ seed: 404, torrent: made });
    const host = swarm.host();
    const metadata = made.info.bytes.slice();
    metadata[20]! ^= 1;
    await ScriptedPeer.listen(host, made, metadataScript({ metadata }), PORT);
    const peers = [{ host: host.address, port: PORT }];
    const { infoHash, infoHashV2 } = made.info;
    const { torrent, banned } = await leechOf(swarm, { infoHash, infoHashV2, peers });
    await swarm.until(() => banned.length > 0, 30_000);
    expect(torrent.state).toBe('metadata');
    await swarm.close();
  });
});
