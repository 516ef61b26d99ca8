import { allowedFastSet } from '@shoal/peer-wire';
import type { PeerReport, TrackerReport } from '../../src/index.ts';
import { MemoryStorage } from '../../src/index.ts';
import type { Peer } from '../../src/peer/peer.ts';
import { oneSideOf } from '../support/v2-torrent.ts';
import { type PeerScript, poseAsSeed, ScriptedPeer } from '../support/scripted-peer.ts';
import { type Node, SimSwarm } from '../support/sim-swarm.ts';
import { TRACKER_URL } from '../support/sim-tracker.ts';

const PIECE = 32_768;
const LENGTH = 8 * PIECE - 1_000;

const at = ({ host }: { host: { address: string } }): { address: string; port: number } => ({
  address: host.address,
  port: 6881,
});

/** A swarm of a hybrid torrent, and its names on the wire. */
function hybridSwarm(seed: number) {
  const swarm = new SimSwarm({ seed, hybrid: LENGTH, pieceLength: PIECE });
  const { infoHash, infoHashV2 } = swarm.torrent.info;
  return { swarm, v1: infoHash!, v2: infoHashV2!.subarray(0, 20) };
}

const peersOf = ({ torrent }: Node): Peer[] => [...(torrent.swarm?.peers ?? [])];

describe('a hybrid torrent', () => {
  it('has two hashes, and is found by each', async () => {
    const { swarm, v1 } = hybridSwarm(201);
    const { client, torrent } = await swarm.seed({ trackerless: true });
    const { infoHash, infoHashV2 } = swarm.torrent.info;
    expect(torrent.infoHashes).toEqual({ v1: infoHash, v2: infoHashV2 });
    const [hex, hexV2] = [v1, infoHashV2!].map((hash) => Buffer.from(hash).toString('hex'));
    expect(torrent.infoHashHex).toBe(hex);
    for (const name of [hex!, hexV2!, hexV2!.slice(0, 40), hexV2!.toUpperCase()]) {
      expect(client.find(name)).toBe(torrent);
    }
    for (const name of ['', hexV2!.slice(0, 39), hexV2!.slice(0, 41), `${hexV2!.slice(0, 63)}x`]) {
      expect(client.find(name)).toBeUndefined();
    }
    expect(client.find(hex!.padEnd(64, '0'))).toBeUndefined();
    await swarm.settle(torrent.remove());
    expect(client.find(hex!) ?? client.find(hexV2!)).toBeUndefined();
    await swarm.close();
  });

  it.each(['v1', 'v2'] as const)('cannot be added again by its %s side', async (side) => {
    const { swarm } = hybridSwarm(202);
    const { client, torrent } = await swarm.seed({ trackerless: true });
    const { metainfo } = swarm;
    const sided = { ...metainfo, info: oneSideOf(metainfo.info, side) };
    const add = { directory: '/nowhere', storage: () => new MemoryStorage(metainfo.info) };
    const duplicate = { code: 'ERR_CLIENT_DUPLICATE' };
    await expect(client.add(sided, add)).rejects.toMatchObject(duplicate);
    await swarm.settle(torrent.remove());
    const [again, other] = await Promise.allSettled([
      client.add(sided, add),
      client.add(metainfo, add),
    ]);
    expect(again.status).toBe('fulfilled');
    expect(other).toMatchObject({ reason: duplicate });
    expect(client.torrents).toHaveLength(1);
    const { infoHash, infoHashV2 } = metainfo.info;
    const hash = side === 'v1' ? infoHash! : infoHashV2!;
    const { infoHashes, infoHashHex } = client.torrents[0]!;
    expect(infoHashes).toEqual({ [side]: hash });
    expect(infoHashHex).toBe(Buffer.from(hash).toString('hex'));
    expect(client.find(infoHashHex)).toBe(client.torrents[0]);
    await swarm.close();
  });

  it.each([
    ['both', undefined, true],
    ['only the v1 hash', 'v1', false],
    ['only the v2 hash', 'v2', true],
  ] as const)('is shared with who knows %s of it', async (_, side, isV2) => {
    for (const opener of ['the one that knows both', 'the other']) {
      const { swarm } = hybridSwarm(203);
      const known = side === undefined ? {} : { side };
      const seed = await swarm.seed({ trackerless: true });
      const leecher = await swarm.node({ trackerless: true, ...known });
      if (opener === 'the other') leecher.torrent.addPeer(at(seed));
      // Somebody who knows only v2 is known to be so from the v2 swarm: nobody else would name them.
      else seed.torrent.peerList.add({ ...at(leecher), knowsV2: side === 'v2' }, 'tracker', 0);
      await swarm.until(() => peersOf(leecher).length + peersOf(seed).length > 1, 10_000);
      expect([...peersOf(seed), ...peersOf(leecher)].map((peer) => peer.isV2)).toEqual([
        isV2,
        isV2,
      ]);
      await swarm.finished([leecher], 30_000);
      expect(leecher.torrent.progress().completedBytes).toBe(LENGTH);
      await swarm.close();
    }
  });

  it('brings together those who know both with those who know either, and tells nobody twice', async () => {
    const { swarm } = hybridSwarm(204);
    const v1 = await swarm.seed({ side: 'v1' });
    const both = [await swarm.node(), await swarm.node()];
    const v2 = [await swarm.node({ side: 'v2' }), await swarm.node({ side: 'v2' })];
    // Seen while they have something to say to each other: those that want nothing more part.
    const versions = { v1: new Set<boolean>(), v2: new Set<boolean>() };
    let twice = false;
    const look = (): boolean => {
      for (const { isV2 } of peersOf(v1)) versions.v1.add(isV2);
      for (const { isV2 } of v2.flatMap(peersOf)) versions.v2.add(isV2);
      for (const node of both) {
        const ids = peersOf(node).map(({ peerId }) => Buffer.from(peerId).toString());
        twice ||= new Set(ids).size < ids.length;
      }
      return [...both, ...v2].every(({ torrent }) => torrent.state === 'seeding');
    };
    // The v2 side has everything from the v1 side through those in the middle.
    await swarm.until(look, 120_000);
    expect(twice).toBe(false);
    expect(versions).toEqual({ v1: new Set([false]), v2: new Set([true]) });
    await swarm.close();
  });
});

describe("a hybrid torrent's handshakes", () => {
  /** A leecher that dials a scripted seed; what it heard. */
  async function dialled(
    seed: number,
    script: (names: { v1: Uint8Array; v2: Uint8Array }) => PeerScript,
  ) {
    const { swarm, v1, v2 } = hybridSwarm(seed);
    const host = swarm.host();
    const seeds = await ScriptedPeer.listen(host, swarm.torrent, {
      onOpen: poseAsSeed,
      onRequest: (peer, piece, begin, length) => peer.serve(piece, begin, length),
      ...script({ v1, v2 }),
    });
    const leecher = await swarm.node({ trackerless: true });
    return { swarm, v1, v2, host, seeds, leecher };
  }
  const opened = (peers: readonly ScriptedPeer[]): [hash: Uint8Array, bit: boolean][] =>
    peers.flatMap(({ handshake }) =>
      handshake === undefined ? [] : [[handshake.infoHash, handshake.reserved.v2]],
    );

  it('end where the answer names another torrent', async () => {
    const { swarm, seeds, leecher, host } = await dialled(211, () => ({
      infoHash: new Uint8Array(20).fill(1),
    }));
    const reports: PeerReport[] = [];
    leecher.torrent.on('peer', (report) => reports.push(report));
    leecher.torrent.addPeer(at({ host }));
    await swarm.until(() => seeds.some(({ closed }) => closed), 10_000);
    expect(reports).toEqual([]);
    await swarm.close();
  });

  it('take v2 from an answer without a bit, as libtorrent gives it to whom it has met before', async () => {
    const { swarm, v1, seeds, leecher, host } = await dialled(212, ({ v2 }) => ({ infoHash: v2 }));
    leecher.torrent.addPeer(at({ host }));
    await swarm.until(() => peersOf(leecher).length > 0, 10_000);
    expect(peersOf(leecher)[0]?.isV2).toBe(true);
    expect(opened(seeds)).toEqual([[v1, true]]);
    await swarm.finished([leecher], 30_000);
    await swarm.close();
  });

  it('begin with v2 the next time, and with v1 again when that fails', async () => {
    const { swarm, v1, v2, seeds, leecher, host } = await dialled(213, (names) => {
      let answers = 0;
      // It upgrades at first; then it has forgotten all of v2, and hangs up on it.
      return {
        mute: true,
        onOpen: (peer) => {
          answers += 1;
          const asked = peer.handshake!.infoHash;
          const isV1 = Buffer.compare(asked, names.v1) === 0;
          if (answers === 1) peer.greet(names.v2);
          else if (isV1) peer.greet(names.v1);
          if (answers < 3) peer.connection.close();
          else poseAsSeed(peer);
        },
      };
    });
    leecher.torrent.addPeer(at({ host }));
    await swarm.until(() => peersOf(leecher).length > 0 && seeds.length > 2, 60_000);
    expect(opened(seeds)).toEqual([
      [v1, true],
      [v2, false],
      [v1, true],
    ]);
    expect(peersOf(leecher)[0]?.isV2).toBe(false);
    await swarm.finished([leecher], 30_000);
    await swarm.close();
  });

  it.each([
    ['v2 by v2', 'v2', false, 'v2'],
    ['v1 with the bit by v2', 'v1', true, 'v2'],
    ['v1 without it by v1', 'v1', false, 'v1'],
  ] as const)('answer %s, and allow the pieces that go with it', async (_, asked, bit, answer) => {
    const { swarm, ...names } = hybridSwarm(214);
    const seed = await swarm.seed({ trackerless: true });
    const host = swarm.host();
    const peer = await swarm.settle(
      ScriptedPeer.connect(host, at(seed), swarm.torrent, { infoHash: names[asked], v2: bit }),
    );
    await swarm.pass(1_000);
    expect(peer.handshake?.infoHash).toEqual(names[answer]);
    expect(peer.handshake?.reserved.v2).toBe(answer === 'v1');
    const { pieceCount } = swarm.torrent.info;
    const allowed = peer.messages.flatMap(([name, piece]) =>
      name === 'allowed-fast' ? piece : [],
    );
    expect(allowed).toEqual(allowedFastSet(host.address, names[answer], pieceCount, pieceCount));
    await swarm.close();
  });

  it('are refused for a hash that is not here', async () => {
    const { swarm } = hybridSwarm(215);
    const seed = await swarm.seed({ trackerless: true });
    const peer = await swarm.settle(
      ScriptedPeer.connect(swarm.host(), at(seed), swarm.torrent, {
        infoHash: swarm.torrent.info.infoHashV2!.subarray(12),
        v2: true,
      }),
    );
    await swarm.until(() => peer.closed, 10_000);
    expect(peer.handshake).toBeUndefined();
    await swarm.close();
  });

  it('over both swarms make one peer of who comes twice', async () => {
    const { swarm, v1, v2 } = hybridSwarm(216);
    const seed = await swarm.seed({ trackerless: true });
    const host = swarm.host();
    const peers: ScriptedPeer[] = [];
    for (const infoHash of [v1, v2]) {
      peers.push(
        await swarm.settle(ScriptedPeer.connect(host, at(seed), swarm.torrent, { infoHash })),
      );
      await swarm.pass(1_000);
    }
    expect(peers.map(({ closed }) => closed)).toEqual([false, true]);
    expect(peersOf(seed)).toHaveLength(1);
    await swarm.close();
  });
});

describe("a hybrid torrent's trackers", () => {
  it('are asked for both swarms, v1 first, each with its own events and the same figures', async () => {
    const { swarm, v1, v2 } = hybridSwarm(221);
    const seed = await swarm.seed();
    const leecher = await swarm.node();
    const reports: TrackerReport[] = [];
    leecher.torrent.on('tracker', (report) => reports.push(report));
    await swarm.finished([leecher], 30_000);
    await swarm.pass(1_000);
    await swarm.close();
    const { address } = leecher.host;
    for (const name of [v1, v2]) {
      expect(swarm.tracker.eventsOf(address, name)).toEqual(['started', 'completed', 'stopped']);
      expect(swarm.tracker.eventsOf(seed.host.address, name)).toEqual(['started', 'stopped']);
    }
    const said = swarm.tracker.seen
      .filter(({ from }) => from === address)
      .map(({ request }) => request);
    expect(said.map(({ infoHash }) => infoHash)).toEqual([v1, v2, v1, v2, v1, v2]);
    expect(said.map(({ left }) => left)).toEqual([LENGTH, LENGTH, 0, 0, 0, 0]);
    expect(said.at(-1)).toMatchObject({ downloaded: LENGTH, uploaded: 0 });
    expect(reports.slice(0, 2)).toMatchObject([
      { url: TRACKER_URL, swarm: 'v1', peers: 1 },
      { url: TRACKER_URL, swarm: 'v2', peers: 1 },
    ]);
  });

  it('name those of the v2 swarm, who are dialled with v2', async () => {
    const { swarm, v1, v2 } = hybridSwarm(222);
    const asked: Uint8Array[] = [];
    for (const infoHash of [v1, v2]) {
      const host = swarm.host();
      await ScriptedPeer.listen(host, swarm.torrent, {
        peerId: infoHash,
        infoHash,
        onOpen: ({ handshake }) => asked.push(handshake!.infoHash),
      });
      swarm.tracker.put(at({ host }), infoHash);
    }
    const leecher = await swarm.node();
    await swarm.until(() => peersOf(leecher).length === 2, 30_000);
    expect(asked).toEqual([v1, v2]);
    for (const peer of peersOf(leecher)) {
      expect(peer.isV2).toBe(Buffer.compare(peer.peerId, v2) === 0);
    }
    await swarm.close();
  });

  it('that a user adds are asked for both as well; one swarm failing leaves the other', async () => {
    const { swarm, v1, v2 } = hybridSwarm(223);
    const leecher = await swarm.node({ trackerless: true });
    const reports: TrackerReport[] = [];
    leecher.torrent.on('tracker', (report) => reports.push(report));
    swarm.tracker.refuses = v2;
    await swarm.pass(1_000);
    leecher.torrent.addTracker(TRACKER_URL);
    await swarm.until(() => reports.length === 2, 10_000);
    expect(reports.map(({ swarm: name, state }) => `${name} ${state}`).sort()).toEqual([
      'v1 working',
      'v2 failed',
    ]);
    expect(swarm.tracker.eventsOf(leecher.host.address, v1)).toEqual(['started']);
    await swarm.close();
  });

  it.each(['v1', 'v2'] as const)('hear of one swarm where there is only %s', async (side) => {
    const { swarm, ...names } = hybridSwarm(224);
    const node = await swarm.seed({ side });
    const reports: TrackerReport[] = [];
    node.torrent.on('tracker', (report) => reports.push(report));
    await swarm.until(() => reports.length > 0, 10_000);
    expect(swarm.tracker.seen.map(({ request }) => request.infoHash)).toEqual([names[side]]);
    expect(reports).toMatchObject([{ swarm: undefined, state: 'working' }]);
    await swarm.close();
  });
});
