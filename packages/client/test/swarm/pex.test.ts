import { formatMagnet } from '@shoal/metainfo';
import { encodeExtensionHandshake, ltDontHave, utPex, type UtPexMessage } from '@shoal/peer-wire';
import { TRACKERS_ALONE_TIME } from '../../src/discovery/discovery.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { makeRealTorrent } from '../support/real-torrent.ts';
import { poseAsSeed, ScriptedPeer } from '../support/scripted-peer.ts';
import { type Node, SimSwarm } from '../support/sim-swarm.ts';
import { TRACKER_URL } from '../support/sim-tracker.ts';

const PORT = 6881;
const at = ({ host }: Pick<Node, 'host'>) => ({ address: host.address, port: PORT });
/** Under which number our clients take a message: the place of its name in what they register. */
const DONT_HAVE = 2;
const PEX = 3;

const addressesOf = ({ torrent }: Node, source: string): string[] => {
  const found: string[] = [];
  torrent.peerList.forEach(({ address }, sources) => {
    if (sources.some((each) => each === source)) found.push(address);
  });
  return found;
};

describe('peer exchange', () => {
  it('lets peers find each other through one they know', async () => {
    const swarm = new SimSwarm({ seed: 501 });
    const hub = await swarm.node({ trackerless: true });
    const seed = await swarm.seed({ trackerless: true, add: { peers: [at(hub)] } });
    const leech = await swarm.node({ trackerless: true, add: { peers: [at(hub)] } });
    await swarm.until(() => addressesOf(leech, 'pex').length > 0, 10_000, 'peer exchange');
    // The seed opened its connection to the hub: where it listens is known from what it said.
    expect(addressesOf(leech, 'pex')).toEqual([seed.host.address]);
    await swarm.finished([leech, hub], 30_000);
    await swarm.close();
  });

  it('leads a magnet link to its metadata, from peers that do not have it', async () => {
    const swarm = new SimSwarm({ seed: 502, torrent: makeRealTorrent(502) });
    const seed = await swarm.seed({ trackerless: true });
    const knower = swarm.host();
    await ScriptedPeer.listen(knower, swarm.torrent, {
      extension: true,
      onOpen: (to) => {
        const extensions = new Map([['ut_pex', 9]]);
        to.send((encoder) => encoder.extended(0, encodeExtensionHandshake({ extensions })));
      },
      onExtended: (to, id) => {
        if (id !== 0) return;
        const message = { added: [{ ...at(seed), flags: 0 }], dropped: [] };
        to.send((encoder) => encoder.extended(PEX, utPex.encode(message)));
      },
    });
    const [client] = await swarm.client();
    const { infoHash } = swarm.torrent.info;
    const peers = [{ host: knower.address, port: PORT }];
    const torrent = await client.add(formatMagnet({ infoHash, peers }), {
      directory: '/nowhere',
      storage: () => new ContentStorage(swarm.torrent),
    });
    await swarm.until(() => torrent.state === 'seeding', 60_000, 'the end of the download');
    await swarm.close();
  });

  it('is no matter of private torrents: nothing is offered, told or taken', async () => {
    const swarm = new SimSwarm({ seed: 503, torrent: makeRealTorrent(503, { private: true }) });
    const hub = await swarm.seed({ trackerless: true });
    const told: number[] = [];
    const offered: string[][] = [];
    const peer = await swarm.settle(
      ScriptedPeer.connect(swarm.host(), at(hub), swarm.torrent, {
        extension: true,
        onOpen: (to) => {
          const extensions = new Map([['ut_pex', 9]]);
          to.send((encoder) => encoder.extended(0, encodeExtensionHandshake({ extensions })));
        },
        onExtended: (_, id, payload) => {
          if (id === 9) told.push(payload.length);
          if (id === 0)
            offered.push(
              [
                ...Buffer.from(payload)
                  .toString('latin1')
                  .matchAll(/ut_pex/g),
              ].map(String),
            );
        },
      }),
    );
    const other = await swarm.node({ trackerless: true, add: { peers: [at(hub)] } });
    const message = { added: [{ address: '20.9.9.9', port: 1, flags: 0 }], dropped: [] };
    peer.send((to) => to.extended(PEX, utPex.encode(message)));
    await swarm.pass(130_000);
    expect(told).toEqual([]);
    expect(offered.flat()).toEqual([]);
    expect(addressesOf(hub, 'pex')).toEqual([]);
    expect(other.torrent.state).toBe('seeding');
    await swarm.close();
  });

  it('is off where the client says so', async () => {
    const swarm = new SimSwarm({ seed: 504 });
    const hub = await swarm.node({ trackerless: true, client: { pex: false } });
    await swarm.seed({ trackerless: true, add: { peers: [at(hub)] } });
    const leech = await swarm.node({ trackerless: true, add: { peers: [at(hub)] } });
    await swarm.finished([leech], 60_000);
    expect(addressesOf(leech, 'pex')).toEqual([]);
    await swarm.close();
  });

  it('tells once a minute at most, and survives who floods', async () => {
    const swarm = new SimSwarm({ seed: 505 });
    const hub = await swarm.node({ trackerless: true });
    const told: [number, UtPexMessage][] = [];
    const peer = await swarm.settle(
      ScriptedPeer.connect(swarm.host(), at(hub), swarm.torrent, {
        extension: true,
        onOpen: (to) => {
          const extensions = new Map([['ut_pex', 9]]);
          to.send((encoder) => encoder.extended(0, encodeExtensionHandshake({ extensions })));
        },
        onExtended: (_, id, payload) => {
          if (id === 9) told.push([swarm.world.now, utPex.decode(payload)!]);
        },
      }),
    );
    for (let count = 0; count < 5; count += 1) {
      await swarm.node({ trackerless: true, add: { peers: [at(hub)] } });
      await swarm.pass(20_000);
    }
    const times = told.map(([time]) => time);
    expect(times.length).toBeGreaterThan(1);
    for (const [index, time] of times.entries()) {
      if (index > 0) expect(time - times[index - 1]!).toBeGreaterThanOrEqual(59_000);
    }
    const before = addressesOf(hub, 'pex').length;
    for (let count = 0; count < 200 && !peer.closed; count += 1) {
      const added = Array.from({ length: 100 }, (_, i) => ({
        address: `21.${count}.0.${i}`,
        port: 1,
        flags: 0,
      }));
      peer.send((to) => to.extended(PEX, utPex.encode({ added, dropped: [] })));
      await swarm.pass(100);
    }
    expect(peer.closed).toBe(true);
    expect(addressesOf(hub, 'pex').length - before).toBeLessThanOrEqual(200);
    await swarm.close();
  });
});

describe('a magnet link that names trackers', () => {
  const leechOf = async (swarm: SimSwarm, host: string) => {
    const { infoHash } = swarm.torrent.info;
    const [client] = await swarm.client();
    return client.add(
      formatMagnet({ infoHash, trackers: [TRACKER_URL], peers: [{ host, port: PORT }] }),
      { directory: '/nowhere', storage: () => new ContentStorage(swarm.torrent) },
    );
  };

  /** Somebody without metadata who notes whether it is offered peer exchange. */
  const witness = async (swarm: SimSwarm) => {
    const host = swarm.host();
    const offers: [number, boolean][] = [];
    await ScriptedPeer.listen(host, swarm.torrent, {
      extension: true,
      onExtended: (_, id, payload) => {
        if (id !== 0) return;
        offers.push([swarm.world.now, /ut_pexi3e/.test(Buffer.from(payload).toString('latin1'))]);
      },
    });
    return { host, offers };
  };

  it('is looked for there alone at first, as it may be private', async () => {
    const swarm = new SimSwarm({ seed: 511, torrent: makeRealTorrent(511) });
    const { host, offers } = await witness(swarm);
    await leechOf(swarm, host.address);
    await swarm.until(() => offers.length > 1, 60_000, 'a second handshake');
    expect(offers.map(([, offered]) => offered)).toEqual([false, true]);
    expect(offers[1]![0]).toBeGreaterThanOrEqual(TRACKERS_ALONE_TIME);
    await swarm.close();
  });

  it('is looked for everywhere as soon as all of them have failed', async () => {
    const swarm = new SimSwarm({ seed: 512, torrent: makeRealTorrent(512) });
    swarm.tracker.up = false;
    const { host, offers } = await witness(swarm);
    await leechOf(swarm, host.address);
    await swarm.until(() => offers.some(([, offered]) => offered), 5_000, 'an offer');
    await swarm.close();
  });
});

describe('a piece a peer has no longer (lt_donthave)', () => {
  it('is asked of others, also where it was a seed', async () => {
    for (const fast of [true, false]) {
      const swarm = new SimSwarm({ seed: 521 });
      const leech = await swarm.node({ trackerless: true });
      const asked: number[] = [];
      const peer = await swarm.settle(
        ScriptedPeer.connect(swarm.host(), at(leech), swarm.torrent, {
          fast,
          extension: true,
          onOpen: (to) => {
            poseAsSeed(to);
            to.send((encoder) => encoder.extended(DONT_HAVE, ltDontHave.encode(5)));
          },
          onRequest: (to, piece, begin, length) => {
            asked.push(piece);
            if (piece !== 5) to.serve(piece, begin, length);
          },
        }),
      );
      const count = swarm.torrent.info.pieceCount;
      const have = () => leech.torrent.progress().pieces.have;
      await swarm.until(() => have() === count - 1, 60_000, 'all but one');
      await swarm.pass(5_000);
      expect(asked).not.toContain(5);
      expect(peer.count('not-interested')).toBe(1);
      peer.send((to) => to.have(5));
      await swarm.until(() => asked.includes(5), 10_000, 'the last one');
      expect(peer.closed).toBe(false);
      peer.send((to) => to.extended(DONT_HAVE, ltDontHave.encode(count)));
      await swarm.pass(1_000);
      expect(peer.closed).toBe(true);
      await swarm.close();
    }
  });
});
