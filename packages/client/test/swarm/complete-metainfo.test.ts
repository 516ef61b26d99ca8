import {
  encodeMetainfo,
  formatMagnet,
  type MagnetInput,
  parseMetainfo,
  PieceLayers,
} from '@shoal/metainfo';
import type { AddOptions, AnyTorrent } from '../../src/index.ts';
import { checkedStorage } from '../support/checked-storage.ts';
import { poseAsSeed, ScriptedPeer } from '../support/scripted-peer.ts';
import { type Node, SimSwarm } from '../support/sim-swarm.ts';
import { TRACKER_URL } from '../support/sim-tracker.ts';
import { makeV2Torrent, type V2Torrent } from '../support/v2-torrent.ts';

const K = 1024;
const PORT = 6881;
const SPECS = [
  { path: 'a', length: 700 * 16 * K + 5 },
  { path: 'b', length: 3 },
  { path: 'c', length: 70 * K },
];
const torrents = {
  'v2-only': makeV2Torrent(SPECS, 16 * K),
  hybrid: makeV2Torrent(SPECS, 16 * K, { hybrid: true }),
};
const KINDS = ['v2-only', 'hybrid'] as const;

function magnetOf({ info }: V2Torrent, more: MagnetInput = {}): string {
  const { infoHash, infoHashV2 } = info;
  return formatMagnet({ infoHash, infoHashV2, trackers: [TRACKER_URL], ...more });
}

function seedOf(swarm: SimSwarm): Promise<Node> {
  return swarm.node({ add: { storage: checkedStorage(swarm.torrent, { full: true }) } });
}

async function add(
  swarm: SimSwarm,
  magnet: string,
  options: Partial<AddOptions>,
): Promise<AnyTorrent> {
  const [client] = await swarm.client();
  const torrent = await client.add(magnet, { directory: '/nowhere', ...options });
  torrent.on('error', () => undefined);
  return torrent;
}

describe.each(KINDS)('the metadata alone of a %s magnet link', (kind) => {
  const made = torrents[kind];

  it('comes with the piece layers, and nothing else', async () => {
    const swarm = new SimSwarm({ seed: 501, torrent: made });
    const seed = await seedOf(swarm);
    const torrent = await add(swarm, magnetOf(made), { metadataOnly: true });
    const known = await swarm.settle(torrent.metadata());
    const metainfo = await swarm.settle(known.completeMetainfo());
    await swarm.settle(torrent.completed());
    const read = parseMetainfo(encodeMetainfo(metainfo));
    expect(read.info.infoHashV2).toEqual(made.info.infoHashV2);
    expect(read.trackers).toEqual([[TRACKER_URL]]);
    for (let piece = 0; piece < made.info.pieceCount; piece += 1) {
      const expected = Buffer.from(made.metainfo.pieceLayers.pieceHash(piece)!);
      expect(Buffer.from(read.pieceLayers.pieceHash(piece)!)).toEqual(expected);
    }
    expect(torrent.state).toBe('seeding');
    expect(torrent.progress()).toMatchObject({ downloadedBytes: 0, pieces: { have: 0 } });
    expect(seed.torrent.progress().uploadedBytes).toBe(0);
    await swarm.close();
  });

  it('is waited for until somebody has the layers, the signal fires or the torrent is closed', async () => {
    const swarm = new SimSwarm({ seed: 502, torrent: made });
    const torrent = await add(swarm, magnetOf(made), { metadataOnly: true });
    // It has everything, but tells no piece hashes.
    const host = swarm.host();
    const seed = await seedOf(swarm);
    await swarm.settle(torrent.metadata());
    await swarm.settle(seed.client.close());
    await ScriptedPeer.listen(host, made, { onOpen: poseAsSeed }, PORT);
    torrent.addPeer({ address: host.address, port: PORT });
    const abort = new AbortController();
    const known = await torrent.metadata();
    const aborted = known.completeMetainfo({ signal: abort.signal });
    const outcome = Promise.allSettled([aborted]);
    await swarm.pass(5_000);
    abort.abort(new Error('enough'));
    expect((await outcome)[0]).toMatchObject({ reason: { message: 'enough' } });
    const waiting = Promise.allSettled([known.completeMetainfo()]);
    await swarm.settle(torrent.close());
    expect((await waiting)[0]).toMatchObject({ reason: { code: 'ERR_CLIENT_TORRENT_CLOSED' } });
    await swarm.close();
  });
});

describe('a complete torrent without piece layers', () => {
  it('has them fetched from whoever comes while somebody waits for them', async () => {
    const made = torrents.hybrid;
    const swarm = new SimSwarm({ seed: 503, torrent: made });
    const seed = await seedOf(swarm);
    const { infoHash } = made.info;
    // Its first peers know nothing of version 2.
    const host = swarm.host();
    await ScriptedPeer.listen(
      host,
      made,
      {
        infoHash: infoHash!,
        onOpen: poseAsSeed,
        onRequest: (peer, ...block) => peer.serve(...block),
      },
      PORT,
    );
    await swarm.settle(seed.client.close());
    const [client] = await swarm.client();
    const torrent = await client.add(
      { ...swarm.metainfo, pieceLayers: PieceLayers.unknown(made.info) },
      {
        directory: '/nowhere',
        storage: checkedStorage(made),
        peers: [{ address: host.address, port: PORT }],
      },
    );
    await swarm.until(() => torrent.state === 'seeding', 120_000);
    await swarm.pass(60_000);
    const waiting = torrent.completeMetainfo();
    const again = await seedOf(swarm);
    torrent.addPeer({ address: again.host.address, port: PORT });
    const metainfo = await swarm.settle(waiting, 120_000);
    expect(metainfo.pieceLayers.layerOf(0)).toHaveLength(701 * 32);
    expect(torrent.state).toBe('seeding');
    await swarm.close();
  });
});

it('metadata of a v1 torrent is complete as it is', async () => {
  const swarm = new SimSwarm({ seed: 504 });
  const seed = await swarm.seed();
  await swarm.settle(seed.torrent.checked());
  expect(await seed.torrent.completeMetainfo()).toEqual(swarm.metainfo);
  await swarm.close();
});
