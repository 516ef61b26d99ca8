import { formatMagnet, PieceLayers } from '@shoal/metainfo';
import type { AnyTorrent } from '../../../../packages/client/src/index.ts';
import { checkedStorage } from '../../../../packages/client/test/support/checked-storage.ts';
import { ContentStorage } from '../../../../packages/client/test/support/content-storage.ts';
import { metadataScript } from '../../../../packages/client/test/support/metadata-peer.ts';
import { makeRealTorrent } from '../../../../packages/client/test/support/real-torrent.ts';
import { ScriptedPeer } from '../../../../packages/client/test/support/scripted-peer.ts';
import type { SimSwarm } from '../../../../packages/client/test/support/sim-swarm.ts';
import { TRACKER_URL } from '../../../../packages/client/test/support/sim-tracker.ts';
import { makeV2Torrent } from '../../../../packages/client/test/support/v2-torrent.ts';
import { scenario, type Theme } from '../scenario.ts';
import { copiesBy, KIB, leechers, MINUTE, PORT } from '../swarms.ts';

const SPECS = [
  { path: 'a', length: 900 * KIB + 5 },
  { path: 'b', length: 0 },
  { path: 'c/d', length: 100 * KIB },
  { path: 'c/e', length: 7 },
];

/** A client that knows only a magnet link with the tracker, or with these peers. */
async function byMagnet(
  swarm: SimSwarm,
  peers: readonly string[] = [],
  isChecked = false,
): Promise<AnyTorrent> {
  const { infoHash, infoHashV2 } = swarm.torrent.info;
  const link = formatMagnet({
    infoHash,
    infoHashV2,
    ...(peers.length === 0 ? { trackers: [TRACKER_URL] } : {}),
    peers: peers.map((host) => ({ host, port: PORT })),
  });
  const [client] = await swarm.client();
  const storage = isChecked
    ? checkedStorage(swarm.torrent)
    : () => new ContentStorage(swarm.torrent);
  const torrent = await client.add(link, { directory: '/nowhere', storage });
  torrent.on('error', () => undefined);
  return torrent;
}

const complete = (
  swarm: SimSwarm,
  torrents: readonly AnyTorrent[],
  limit: number,
): Promise<number> =>
  swarm.until(
    () => torrents.every(({ state }) => state === 'seeding'),
    limit,
    'the end of the magnets',
  );

export const versions: Theme = {
  title: 'Version 2, hybrids and magnet links',
  scenarios: [
    scenario(
      'v2-swarm',
      'Ten peers of a v2 torrent with small and empty files, hashed for real: all complete',
      async (sim) => {
        const torrent = makeV2Torrent(SPECS, 64 * KIB, { seed: sim.seed });
        const swarm = sim.swarm({ torrent });
        const seed = await swarm.seed({
          add: { storage: checkedStorage(torrent, { full: true }) },
        });
        const nodes = await leechers(swarm, 10, () => ({
          add: { storage: checkedStorage(torrent) },
        }));
        const time = await swarm.finished(nodes, 2 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 15 }, ' s');
        sim.check('copies by the seed', copiesBy(seed), { atMost: 5 });
      },
    ),
    scenario(
      'v2-without-layers',
      'Six peers know only the info dictionary: each gets the piece layers from peers, and completes',
      async (sim) => {
        const torrent = makeV2Torrent(SPECS, 16 * KIB, { seed: sim.seed });
        const swarm = sim.swarm({ torrent });
        await swarm.seed({ add: { storage: checkedStorage(torrent, { full: true }) } });
        const torrents: AnyTorrent[] = [];
        for (let index = 0; index < 6; index += 1) {
          const [client] = await swarm.client();
          torrents.push(
            await client.add(
              { ...swarm.metainfo, pieceLayers: PieceLayers.unknown(torrent.info) },
              { directory: '/nowhere', storage: checkedStorage(torrent) },
            ),
          );
        }
        const time = await complete(swarm, torrents, 3 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 40 }, ' s');
      },
    ),
    scenario(
      'hybrid-mixed-sides',
      'Peers of a hybrid that know v1 only, v2 only and both: all complete over the bridge of those with both',
      async (sim) => {
        const swarm = sim.swarm({ hybrid: 1_000_000 });
        await swarm.seed({ side: 'v1' });
        const nodes = [
          ...(await leechers(swarm, 3, () => ({ side: 'v1' }))),
          ...(await leechers(swarm, 3)),
          ...(await leechers(swarm, 3, () => ({ side: 'v2' }))),
        ];
        const time = await swarm.finished(nodes, 5 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 90 }, ' s');
      },
    ),
    scenario(
      'magnet-swarm',
      'Ten peers with a magnet link and one seed: all have the metadata soon and complete',
      async (sim) => {
        const swarm = sim.swarm({ torrent: makeRealTorrent(sim.seed, { files: [1_500_000] }) });
        const seed = await swarm.seed();
        const torrents: AnyTorrent[] = [];
        for (let index = 0; index < 10; index += 1) torrents.push(await byMagnet(swarm));
        const known = await swarm.until(
          () => torrents.every((each) => each.hasMetadata()),
          2 * MINUTE,
          'the metadata',
        );
        sim.check('metadata', known / 1_000, { atMost: 15 }, ' s');
        const time = await complete(swarm, torrents, 3 * MINUTE);
        sim.check('end after that', time / 1_000, { atMost: 40 }, ' s');
        sim.check('copies by the seed', copiesBy(seed), { atMost: 5 });
      },
    ),
    scenario(
      'magnet-v2',
      'Magnet links of a v2 torrent: metadata, piece layers and data all come from peers',
      async (sim) => {
        const torrent = makeV2Torrent(SPECS, 32 * KIB, { seed: sim.seed });
        const swarm = sim.swarm({ torrent });
        await swarm.seed({ add: { storage: checkedStorage(torrent, { full: true }) } });
        const torrents: AnyTorrent[] = [];
        for (let index = 0; index < 4; index += 1) torrents.push(await byMagnet(swarm, [], true));
        const time = await complete(swarm, torrents, 3 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 60 }, ' s');
      },
    ),
    scenario(
      'magnet-lying-metadata',
      'Of eight peers five give wrong metadata, none, or say a wrong size: the right one is found within a minute',
      async (sim) => {
        const swarm = sim.swarm({ torrent: makeRealTorrent(sim.seed, { files: [500_000] }) });
        const right = swarm.torrent.info.bytes;
        const wrong = right.map((byte, at) => (at % 97 === 0 ? byte ^ 1 : byte));
        const scripts = [
          { metadata: wrong, seeds: true },
          { metadata: wrong.subarray(0, 20_000) },
          { claims: 30_000_000 },
          { answers: 'nothing' },
          { answers: 'reject' },
        ] as const;
        const peers = [];
        for (const script of scripts) {
          const host = swarm.host();
          const peerId = Buffer.from(host.address.padEnd(20, '-'));
          await ScriptedPeer.listen(
            host,
            swarm.torrent,
            metadataScript({ ...script, peerId }),
            PORT,
          );
          peers.push(host.address);
        }
        for (let index = 0; index < 3; index += 1)
          peers.push((await swarm.seed({ trackerless: true })).host.address);
        const torrent = await byMagnet(swarm, peers);
        const known = await swarm.until(() => torrent.hasMetadata(), 5 * MINUTE, 'the metadata');
        sim.check('metadata', known / 1_000, { atMost: 60 }, ' s');
        await complete(swarm, [torrent], 2 * MINUTE);
      },
    ),
    scenario(
      'magnet-only-leechers-first',
      'Peers with a magnet link wait for three minutes until somebody has the metadata: then all complete soon',
      async (sim) => {
        const swarm = sim.swarm({ torrent: makeRealTorrent(sim.seed, { files: [800_000] }) });
        swarm.tracker.interval = 120;
        const torrents: AnyTorrent[] = [];
        for (let index = 0; index < 5; index += 1) torrents.push(await byMagnet(swarm));
        await swarm.pass(sim.vary('wait', 3 * MINUTE, 10_000, 10 * MINUTE));
        sim.holds(
          'nobody knows it',
          torrents.every((each) => !each.hasMetadata()),
        );
        await swarm.seed();
        const time = await complete(swarm, torrents, 10 * MINUTE);
        sim.check('end after that', time / 1_000, { atMost: 240 }, ' s');
      },
    ),
  ],
};
