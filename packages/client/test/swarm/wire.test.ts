import { Bitfield, allowedFastSet, BLOCK_LENGTH } from '@shoal/peer-wire';
import { CHOKE_PERIOD, OPTIMISTIC_PERIOD } from '../../src/choke/choker.ts';
import { poseAsSeed, ScriptedPeer } from '../support/scripted-peer.ts';
import { SimSwarm } from '../support/sim-swarm.ts';

const at = ({ host }: { host: { address: string } }): { address: string; port: number } => ({
  address: host.address,
  port: 6881,
});

describe('choking', () => {
  it("gives a seed's slots to each interested peer in its turn", async () => {
    const swarm = new SimSwarm({ seed: 21 });
    const seed = await swarm.seed({ trackerless: true, client: { uploadSlots: 2 } });
    const turns: string[] = [];
    const open = new Set<string>();
    let most = 0;
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      const host = swarm.host();
      const peer = await swarm.settle(
        ScriptedPeer.connect(host, at(seed), swarm.torrent, {
          peerId: new Uint8Array(20).fill(name.charCodeAt(0)),
          onOpen: (each) => each.send((to) => to.interested()),
          onMessage: (_, [message]) => {
            if (message === 'unchoke') {
              turns.push(name);
              open.add(name);
            } else if (message === 'choke') open.delete(name);
            most = Math.max(most, open.size);
          },
        }),
      );
      host.clock.setRepeating(() => peer.send((to) => to.keepAlive()), 60_000);
    }
    // Nobody takes anything here, so turns end early. Both may end at once: a choke and an unchoke cross on their way then.
    await swarm.pass(15 * 60_000);
    expect(new Set(turns)).toEqual(new Set(['a', 'b', 'c', 'd', 'e']));
    expect(turns.length).toBeGreaterThan(6);
    expect(most).toBeLessThanOrEqual(4);
    expect(open.size).toBe(2);
    await swarm.close();
  });

  it('ranks its peers a bounded number of times, however often one changes its mind', async () => {
    const swarm = new SimSwarm({ seed: 34 });
    const seed = await swarm.seed({ trackerless: true });
    const peer = await swarm.settle(
      ScriptedPeer.connect(swarm.host(), at(seed), swarm.torrent, {
        onOpen: (each) =>
          each.send((to) => {
            for (let time = 0; time < 1_000; time += 1) {
              to.interested();
              to.notInterested();
            }
            to.interested();
          }),
      }),
    );
    await swarm.pass(5_000);
    expect(peer.messages.at(-1)).toEqual(['unchoke']);
    expect(peer.count('unchoke')).toBeLessThan(5);
    await swarm.close();
  });

  it('unchokes those who give most, and others for a time by chance', async () => {
    const swarm = new SimSwarm({
      seed: 22,
      files: [{ path: 'film.bin', length: 64 << 20 }],
      pieceLength: 1 << 18,
    });
    const leecher = await swarm.node({
      trackerless: true,
      client: { uploadSlots: 3 },
      line: { bandwidthUp: 100_000, bandwidthDown: 10_000_000 },
      have: [0, 1, 2, 3],
    });
    const unchoked = new Map<string, { since: number | undefined; total: number; times: number }>();
    for (const [index, name] of ['quick', 'fair', 'idle1', 'idle2', 'idle3'].entries()) {
      const entry = { since: undefined as number | undefined, total: 0, times: 0 };
      unchoked.set(name, entry);
      const gives = index < 2;
      await swarm.settle(
        ScriptedPeer.connect(
          swarm.host({ bandwidthUp: index === 0 ? 200_000 : 100_000 }),
          at(leecher),
          swarm.torrent,
          {
            peerId: new Uint8Array(20).fill(index),
            onOpen: (peer) => {
              if (gives) poseAsSeed(peer);
              peer.send((to) => to.interested());
            },
            onRequest: (peer, ...block) => {
              if (gives) peer.serve(...block);
            },
            onMessage: (_, [message]) => {
              if (message === 'unchoke') {
                entry.since = swarm.world.now;
                entry.times += 1;
              } else if (message === 'choke' && entry.since !== undefined) {
                entry.total += swarm.world.now - entry.since;
                entry.since = undefined;
              }
            },
          },
        ),
      );
    }
    await swarm.pass(4 * OPTIMISTIC_PERIOD + CHOKE_PERIOD);
    const now = swarm.world.now;
    const share = (name: string): number => {
      const { since, total } = unchoked.get(name)!;
      return (total + (since === undefined ? 0 : now - since)) / now;
    };
    expect(share('quick')).toBeGreaterThan(0.85);
    expect(share('fair')).toBeGreaterThan(0.85);
    const idle = ['idle1', 'idle2', 'idle3'];
    // One slot for the three of them, handed on every 30 s.
    expect(idle.reduce((sum, name) => sum + share(name), 0)).toBeLessThan(1.3);
    for (const name of idle) expect(share(name)).toBeLessThan(0.75);
    expect(idle.reduce((sum, name) => sum + unchoked.get(name)!.times, 0)).toBeGreaterThanOrEqual(
      4,
    );
    await swarm.close();
  });
});

describe('the fast extension', () => {
  it('serves allowed-fast pieces, and only those, to a choked peer', async () => {
    const swarm = new SimSwarm({ seed: 23 });
    const seed = await swarm.seed({ trackerless: true });
    const host = swarm.host();
    const { infoHash, pieceCount } = swarm.torrent.info;
    const allowed = allowedFastSet(host.address, infoHash!, pieceCount, 10);
    const peer = await swarm.settle(
      ScriptedPeer.connect(host, at(seed), swarm.torrent, {
        onOpen: (open) => {
          for (let piece = 0; piece < pieceCount; piece += 1)
            open.encoder.request(piece, 0, BLOCK_LENGTH);
          open.flush();
        },
      }),
    );
    await swarm.pass(5_000);
    expect(peer.count('unchoke')).toBe(0);
    const named = peer.messages
      .filter(([name]) => name === 'allowed-fast')
      .map(([, piece]) => piece);
    expect(named).toEqual([...allowed]);
    const served = [...peer.blocks.keys()].map((key) => Number(key.split(' ')[0]));
    expect(new Set(served)).toEqual(new Set(allowed));
    expect(peer.count('reject')).toBe(pieceCount - allowed.length);
    for (const piece of allowed)
      expect(peer.blocks.get(`${piece} 0`)).toEqual(peer.blockOf(piece, 0, BLOCK_LENGTH));
    await swarm.close();
  });

  it('serves each allowed-fast piece once to a choked peer', async () => {
    const swarm = new SimSwarm({ seed: 35 });
    const seed = await swarm.seed({ trackerless: true });
    const host = swarm.host();
    const { infoHash, pieceCount } = swarm.torrent.info;
    const [piece = 0] = allowedFastSet(host.address, infoHash!, pieceCount, 10);
    const peer = await swarm.settle(
      ScriptedPeer.connect(host, at(seed), swarm.torrent, {
        onOpen: (open) => {
          // The piece has two blocks.
          for (let time = 0; time < 10; time += 1) open.encoder.request(piece, 0, BLOCK_LENGTH);
          open.flush();
        },
      }),
    );
    await swarm.pass(10_000);
    expect(peer.count('piece')).toBe(2);
    expect(peer.count('reject')).toBe(8);
    await swarm.close();
  });

  it('keeps a choked peer that asks again at once for an allowed-fast piece it does not get', async () => {
    const swarm = new SimSwarm({ seed: 36 });
    const seed = await swarm.seed({ trackerless: true });
    const host = swarm.host();
    const { infoHash, pieceCount } = swarm.torrent.info;
    const [piece = 0] = allowedFastSet(host.address, infoHash!, pieceCount, 10);
    const has = new Bitfield(pieceCount);
    for (let each = 0; each < pieceCount; each += 1) if (each !== piece) has.set(each);
    let asked = 0;
    const ask = (peer: ScriptedPeer): void => {
      asked += 1;
      peer.send((to) => to.request(piece, 0, BLOCK_LENGTH));
    };
    const peer = await swarm.settle(
      ScriptedPeer.connect(host, at(seed), swarm.torrent, {
        onOpen: (open) => {
          open.send((to) => to.bitfield(has.bytes));
          ask(open);
        },
        // As aria2 does.
        onMessage: (open, [name]) => {
          if (name === 'reject') ask(open);
        },
      }),
    );
    await swarm.pass(60_000);
    expect(peer.closed).toBe(false);
    expect(peer.count('piece')).toBe(0);
    expect(peer.count('reject')).toBeGreaterThan(5);
    // By now it has been told at once as often as it may be, and is told so eight times a second.
    await swarm.pass(60_000);
    const before = asked;
    await swarm.pass(60_000);
    expect(asked - before).toBeLessThan(550);
    peer.send((to) => to.interested());
    await swarm.until(() => peer.count('piece') === 1, 30_000);
    await swarm.close();
  });

  it('downloads allowed-fast pieces while choked', async () => {
    const swarm = new SimSwarm({ seed: 24 });
    const host = swarm.host();
    const peers = await ScriptedPeer.listen(host, swarm.torrent, {
      onOpen: (peer) =>
        peer.send((to) => {
          to.haveAll();
          for (const piece of [5, 9, 33]) to.allowedFast(piece);
        }),
      onRequest: (peer, ...block) => peer.serve(...block),
    });
    const leecher = await swarm.node({ trackerless: true, add: { peers: [at({ host })] } });
    await swarm.pass(5_000);
    expect([...leecher.storage.written].sort((one, other) => one - other)).toEqual([5, 9, 33]);
    expect(peers[0]?.count('request')).toBe(6);
    await swarm.close();
  });

  it('trades with a peer that knows BEP 3 only, both ways', async () => {
    const swarm = new SimSwarm({ seed: 25 });
    const seedHost = swarm.host();
    let chokes = 0;
    await ScriptedPeer.listen(seedHost, swarm.torrent, {
      fast: false,
      onOpen: poseAsSeed,
      onRequest: (peer, ...block) => {
        // Now and then it chokes, which drops what was asked for without a word.
        if (peer.count('request') % 50 === 0) {
          chokes += 1;
          peer.send((to) => to.choke());
          peer.send((to) => to.unchoke());
        } else peer.serve(...block);
      },
    });
    const leecher = await swarm.node({
      trackerless: true,
      add: { peers: [at({ host: seedHost })] },
    });
    const taker = await swarm.settle(
      ScriptedPeer.connect(swarm.host(), at(leecher), swarm.torrent, {
        fast: false,
        peerId: new Uint8Array(20).fill(3),
        onOpen: (peer) => peer.send((to) => to.interested()),
        onUnchoke: (peer) => peer.send((to) => to.request(0, 0, BLOCK_LENGTH)),
      }),
    );
    await swarm.finished([leecher], 30_000);
    await swarm.until(() => taker.have.isFull, 1_000);
    taker.send((to) => to.request(7, BLOCK_LENGTH, BLOCK_LENGTH));
    await swarm.until(() => taker.blocks.has(`7 ${BLOCK_LENGTH}`), 5_000);
    expect(chokes).toBeGreaterThan(0);
    for (const name of ['have-all', 'have-none', 'allowed-fast', 'reject', 'suggest'])
      expect(taker.count(name)).toBe(0);
    await swarm.close();
  });
});

describe('a late bitfield', () => {
  it('adds to what haves have said, as aria2 sends it', async () => {
    const swarm = new SimSwarm({ seed: 35 });
    const host = swarm.host();
    const { pieceCount } = swarm.torrent.info;
    const all = new Bitfield(pieceCount);
    all.setAll();
    const peers = await ScriptedPeer.listen(host, swarm.torrent, {
      onOpen: (peer) =>
        peer.send((to) => {
          to.have(0);
          to.bitfield(all.bytes);
          to.unchoke();
        }),
      onRequest: (peer, ...block) => peer.serve(...block),
    });
    const leecher = await swarm.node({ trackerless: true, add: { peers: [at({ host })] } });
    await swarm.finished([leecher], 30_000);
    expect(peers).toHaveLength(1);
    await swarm.close();
  });
});

describe('end-game', () => {
  it('asks a second peer for what the first one owes, and cancels it when the block has come', async () => {
    const swarm = new SimSwarm({ seed: 26 });
    const slow = swarm.host();
    const late: (() => void)[] = [];
    const peers = await ScriptedPeer.listen(slow, swarm.torrent, {
      onOpen: poseAsSeed,
      onRequest: (peer, ...block) => late.push(() => peer.serve(...block)),
    });
    const seed = await swarm.seed({ trackerless: true });
    const leecher = await swarm.node({
      trackerless: true,
      add: { peers: [at({ host: slow }), at(seed)] },
    });
    await swarm.finished([leecher], 8_000);
    await swarm.pass(1_000);
    const peer = peers[0]!;
    expect(peer.count('request')).toBeGreaterThan(0);
    expect(peer.count('cancel')).toBe(peer.count('request'));
    const asked = peer.messages
      .filter(([name]) => name === 'request')
      .map(([, ...block]) => block.join(' '));
    const cancelled = peer.messages
      .filter(([name]) => name === 'cancel')
      .map(([, ...block]) => block.join(' '));
    expect(new Set(cancelled)).toEqual(new Set(asked));
    await swarm.close();
  });
});

describe('who is connected', () => {
  it('lets seeds go, and does not dial them again', async () => {
    const swarm = new SimSwarm({ seed: 27 });
    const one = await swarm.seed();
    const other = await swarm.seed({ trackerless: true, add: { peers: [at(one)] } });
    const events: string[] = [];
    other.torrent.on('peer', ({ event }) => events.push(event));
    await swarm.pass(30 * 60_000);
    expect(events).toEqual(['connected', 'disconnected']);
    await swarm.close();
  });

  it('drops a peer whose id is not the one the tracker named (BEP 3)', async () => {
    const swarm = new SimSwarm({ seed: 28 });
    swarm.tracker.namesPeerIds = true;
    const honest = swarm.host();
    const impostor = swarm.host();
    const served: string[] = [];
    for (const [host, id] of [
      [honest, 1],
      [impostor, 2],
    ] as const)
      await ScriptedPeer.listen(host, swarm.torrent, {
        peerId: new Uint8Array(20).fill(id),
        onOpen: poseAsSeed,
        onRequest: (peer, ...block) => {
          served.push(host.address);
          peer.serve(...block);
        },
      });
    swarm.tracker.put({ ...at({ host: honest }), peerId: new Uint8Array(20).fill(1) });
    swarm.tracker.put({ ...at({ host: impostor }), peerId: new Uint8Array(20).fill(9) });
    const leecher = await swarm.node();
    await swarm.finished([leecher], 8_000);
    expect(new Set(served)).toEqual(new Set([honest.address]));
    await swarm.close();
  });

  it('keeps one connection when two clients dial each other at the same time', async () => {
    const swarm = new SimSwarm({ seed: 29 });
    const one = await swarm.node({ trackerless: true, have: [0] });
    const other = await swarm.node({ trackerless: true, have: [1] });
    one.torrent.addPeer(at(other));
    other.torrent.addPeer(at(one));
    await swarm.until(() => one.storage.has(1) && other.storage.has(0), 10_000);
    await swarm.pass(10_000);
    expect(one.torrent.swarm?.peers.size).toBe(1);
    expect(other.torrent.swarm?.peers.size).toBe(1);
    await swarm.close();
  });

  it('stays within its limits of connections', async () => {
    const swarm = new SimSwarm({ seed: 30 });
    const seed = await swarm.seed({ client: { maxPeers: 5 } });
    const crowd = await Promise.all(
      Array.from({ length: 12 }, () => swarm.node({ add: { maxPeers: 3 } })),
    );
    let most = 0;
    let mostOfCrowd = 0;
    await swarm.until(() => {
      most = Math.max(most, seed.torrent.progress().peers);
      for (const { torrent } of crowd)
        mostOfCrowd = Math.max(mostOfCrowd, torrent.progress().peers);
      return crowd.every(({ torrent }) => torrent.state === 'seeding');
    }, 120_000);
    expect(most).toBeLessThanOrEqual(5);
    expect(mostOfCrowd).toBeLessThanOrEqual(3);
    await swarm.close();
  });

  it('leaves its tracker alone while it seeds and nobody is there', async () => {
    const swarm = new SimSwarm({ seed: 37 });
    const seed = await swarm.seed();
    await swarm.pass(10_000);
    const announced = swarm.tracker.seen.length;
    await swarm.pass(25 * 60_000);
    expect(swarm.tracker.seen.length).toBe(announced);
    expect(seed.torrent.state).toBe('seeding');
    await swarm.close();
  });

  it('keeps a quiet connection alive', async () => {
    const swarm = new SimSwarm({ seed: 31 });
    const seed = await swarm.seed({ trackerless: true });
    const peer = await swarm.settle(ScriptedPeer.connect(swarm.host(), at(seed), swarm.torrent));
    await swarm.pass(110_000);
    expect(peer.count('keep-alive')).toBe(1);
    peer.send((to) => to.keepAlive());
    await swarm.pass(100_000);
    expect(peer.closed).toBe(false);
    await swarm.pass(100_000);
    expect(peer.closed).toBe(true);
    await swarm.close();
  });
});

describe('rate limits', () => {
  const LENGTH = 4 << 20;
  const fast = { bandwidthUp: 20_000_000, bandwidthDown: 20_000_000 };
  const swarmOf = (seed: number): SimSwarm =>
    new SimSwarm({ seed, files: [{ path: 'film.bin', length: LENGTH }], pieceLength: 65_536 });

  it.each([
    ['download, of the client', { client: { maxDownloadRate: 200_000 } }, {}],
    ['download, of the torrent', { add: { maxDownloadRate: 200_000 } }, {}],
    [
      'download, the lower of the two',
      { client: { maxDownloadRate: 200_000 }, add: { maxDownloadRate: 900_000 } },
      {},
    ],
    ['upload, of the client', {}, { client: { maxUploadRate: 200_000 } }],
    ['upload, of the torrent', {}, { add: { maxUploadRate: 200_000 } }],
  ])('hold for the %s', async (_name, leeching, seeding) => {
    const swarm = swarmOf(32);
    const seed = await swarm.seed({ line: fast, trackerless: true, ...seeding });
    const leecher = await swarm.node({
      line: fast,
      trackerless: true,
      ...leeching,
      add: { peers: [at(seed)], ...('add' in leeching ? leeching.add : {}) },
    });
    const time = await swarm.finished([leecher], 60_000);
    const rate = LENGTH / (time / 1000);
    expect(rate).toBeGreaterThan(170_000);
    expect(rate).toBeLessThan(230_000);
    await swarm.close();
  });

  it('hold for the upload to several peers together, and can be changed', async () => {
    const swarm = swarmOf(33);
    const seed = await swarm.seed({
      line: fast,
      trackerless: true,
      add: { maxUploadRate: 300_000 },
    });
    const leechers = await Promise.all(
      [1, 2, 3].map(() =>
        swarm.node({ line: fast, trackerless: true, add: { peers: [at(seed)] } }),
      ),
    );
    await swarm.pass(5_000);
    const before = seed.torrent.progress().uploadedBytes;
    await swarm.pass(10_000);
    const rate = (seed.torrent.progress().uploadedBytes - before) / 10;
    expect(rate).toBeGreaterThan(255_000);
    expect(rate).toBeLessThan(345_000);
    seed.torrent.setRateLimits({ upload: 0 });
    await swarm.finished(leechers, 8_000);
    await swarm.close();
  });
});
