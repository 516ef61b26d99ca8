import { BLOCK_LENGTH } from '@shoal/peer-wire';
import { scenario, type Theme } from '../scenario.ts';
import { copiesBy, endpointOf, isWhole, KIB, leechers, MINUTE, SECOND, sum } from '../swarms.ts';

const FILM = { files: [{ path: 'film.bin', length: 4_000_000 }], pieceLength: 64 * KIB };
/** Sixteen pieces each. */
const ALBUM = {
  files: ['one', 'two', 'three', 'four'].map((name) => ({
    path: `album/${name}`,
    length: 16 * 64 * KIB,
  })),
  pieceLength: 64 * KIB,
};

export const life: Theme = {
  title: 'Pause, resume, remove, add again; files and streams',
  scenarios: [
    scenario(
      'life-pause-resume',
      'A peer of ten pauses midway for a minute: it sends and gets nothing meanwhile, then completes with what it had',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        await swarm.seed({ line: { bandwidthUp: 300_000 } });
        const nodes = await leechers(swarm, 9);
        const [node] = nodes;
        if (node === undefined) return;
        await swarm.until(() => node.torrent.progress().pieces.have > 15, MINUTE, 'fifteen pieces');
        await swarm.settle(node.torrent.pause());
        await swarm.pass(6 * SECOND);
        const before = node.host.sentBytes + node.host.receivedBytes;
        const pause = sim.vary('pause', 60_000, 1_000, 600_000);
        await swarm.pass(pause);
        // The nine others knock, each time after four times as long, from a second on: that is refused in less than 100 bytes.
        const knocks = 9 * (2 + Math.log(pause / SECOND) / Math.log(4));
        sim.check(
          'bytes during the pause',
          node.host.sentBytes + node.host.receivedBytes - before,
          { atMost: 100 * knocks },
        );
        await swarm.settle(node.torrent.resume());
        const time = await swarm.finished(nodes, 3 * MINUTE);
        sim.check('end after it', time / 1_000, { atMost: 30 }, ' s');
        sim.check('pieces written', node.storage.written.length, {
          is: node.torrent.info.pieceCount,
        });
      },
    ),
    scenario(
      'life-seed-pauses',
      'The only seed pauses for a minute, and goes on: nobody needs more than 20 s to go on with it',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const seed = await swarm.seed({ line: { bandwidthUp: 200_000 } });
        const nodes = await leechers(swarm, 4);
        await swarm.pass(5 * SECOND);
        await swarm.settle(seed.torrent.pause());
        await swarm.pass(MINUTE);
        const before = copiesBy(seed);
        await swarm.settle(seed.torrent.resume());
        const start = swarm.world.now;
        await swarm.until(() => copiesBy(seed) > before, 10 * MINUTE, 'the first block');
        sim.check('first block after', (swarm.world.now - start) / 1_000, { atMost: 20 }, ' s');
        await swarm.finished(nodes, 3 * MINUTE);
      },
    ),
    scenario(
      'life-remove-add-again',
      'A peer removes the torrent midway and adds it again with what is on its disk: only the rest is fetched',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const seed = await swarm.seed({ trackerless: true });
        const node = await swarm.node({ trackerless: true, add: { peers: [endpointOf(seed)] } });
        await swarm.until(() => node.torrent.progress().pieces.have > 30, MINUTE, 'thirty pieces');
        await swarm.settle(node.torrent.remove());
        swarm.nodes.splice(swarm.nodes.indexOf(node), 1);
        sim.holds('the storage was closed', node.storage.closed);
        await swarm.pass(sim.vary('pause', 5_000, 0, 60_000));
        const again = await node.client.add(swarm.metainfo, {
          directory: '/nowhere',
          storage: () => node.storage,
          peers: [endpointOf(seed)],
        });
        await swarm.until(() => again.state === 'seeding', 2 * MINUTE, 'the end');
        sim.check('pieces written', node.storage.written.length, {
          is: swarm.torrent.info.pieceCount,
        });
        sim.check('copies by the seed', copiesBy(seed), { atMost: 1.4 });
      },
    ),
    scenario(
      'life-all-restart',
      'Every client of a swarm but the seed closes and starts anew at once, twice: all complete',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        await swarm.seed({ line: { bandwidthUp: 400_000 } });
        let nodes = await leechers(swarm, 6);
        for (let round = 0; round < 2; round += 1) {
          await swarm.pass(sim.vary('run', 4_000, 500, 6_000));
          await swarm.settle(Promise.all(nodes.map(({ client }) => client.close())));
          const before = nodes;
          swarm.nodes.splice(1);
          nodes = [];
          for (const { host, storage } of before) nodes.push(await swarm.node({ host, storage }));
        }
        const time = await swarm.finished(nodes, 3 * MINUTE);
        sim.holds('all are whole', nodes.every(isWhole));
        sim.check('end after the last start', time / 1_000, { atMost: 60 }, ' s');
      },
    ),
    scenario(
      'life-many-torrents',
      'Fifteen torrents between two clients with forty connections in all: all complete',
      async (sim) => {
        const worlds = sim.swarm({ ...FILM, files: [{ path: 'film.bin', length: 600_000 }] });
        const count = sim.vary('torrents', 15, 5, 25);
        const seed = await worlds.seed({ client: { maxPeers: 40 } });
        const node = await worlds.node({ client: { maxPeers: 40 } });
        const torrents = [node.torrent];
        for (let index = 1; index < count; index += 1) {
          const infoHash = Uint8Array.from({ length: 20 }, (_, at) => (at * 7 + index) & 255);
          const metainfo = { ...worlds.metainfo, info: { ...worlds.metainfo.info, infoHash } };
          const options = { directory: '/nowhere', check: 'trust' as const };
          await seed.client.add(metainfo, { ...options, storage: () => seed.storage });
          torrents.push(
            await node.client.add(metainfo, {
              directory: '/nowhere',
              storage: () =>
                new (
                  node.storage.constructor as new (
                    torrent: typeof worlds.torrent,
                  ) => typeof node.storage
                )(worlds.torrent),
            }),
          );
        }
        const time = await worlds.until(
          () => torrents.every(({ state }) => state === 'seeding'),
          5 * MINUTE,
          'all',
        );
        sim.check('end', time / 1_000, { atMost: 3 * 0.6 * count + 30 }, ' s');
      },
    ),
    scenario(
      'files-deselected',
      'Two of four files are wanted: nothing of the others is written, and the torrent is complete without',
      async (sim) => {
        const swarm = sim.swarm(ALBUM);
        await swarm.seed();
        const nodes = await leechers(swarm, 4, (index) => ({
          add: { select: index % 2 === 0 ? [0, 1] : [2, 3] },
        }));
        await swarm.finished(nodes, 2 * MINUTE);
        for (const [index, { storage, torrent }] of nodes.entries()) {
          const first = index % 2 === 0 ? 0 : 32;
          sim.holds(
            'only the wanted is written',
            storage.written.every((piece) => piece >= first && piece < first + 32),
          );
          sim.check('pieces', torrent.progress().pieces.have, { is: 32 });
        }
      },
    ),
    scenario(
      'files-deselected-midway',
      'A file is given up midway and another one wanted instead: the first stops at once, the other completes',
      async (sim) => {
        const swarm = sim.swarm(ALBUM);
        await swarm.seed({ line: { bandwidthUp: 200_000 } });
        const node = await swarm.node({ add: { select: [0] } });
        await swarm.until(() => node.torrent.progress().pieces.have > 4, MINUTE, 'four pieces');
        node.torrent.select([3]);
        await swarm.finished([node], 3 * MINUTE);
        const given = node.storage.written.filter((piece) => piece < 16).length;
        sim.check('pieces of the one given up', given, { atMost: 15 });
        sim.check(
          'pieces of the other',
          node.storage.written.filter((piece) => piece >= 48).length,
          { is: 16 },
        );
      },
    ),
    scenario(
      'files-one-each',
      'Four peers want one file each, which only the seed has: each gets its own, and it uploads hardly more than a copy',
      async (sim) => {
        const swarm = sim.swarm(ALBUM);
        const seed = await swarm.seed();
        const nodes = await leechers(swarm, 4, (index) => ({ add: { select: [index] } }));
        const time = await swarm.finished(nodes, 2 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 15 }, ' s');
        // Where both have dialled, one connection ends when the other one is there, with a batch or two of four blocks on it.
        const lost = (4 * 2 * 4 * BLOCK_LENGTH) / swarm.torrent.info.totalLength;
        sim.check('copies by the seed', copiesBy(seed), { atMost: 1 + lost });
      },
    ),
    scenario(
      'stream-under-load',
      'A film is read at 200 kB/s while its torrent downloads from twelve mixed peers: no wait over 5 s for what a leecher has',
      async (sim) => {
        const swarm = sim.swarm({ ...FILM, files: [{ path: 'film.bin', length: 6_000_000 }] });
        for (let index = 0; index < 4; index += 1)
          await swarm.seed({ line: { bandwidthUp: 60_000 + 40_000 * index } });
        // Until then a piece can only come from four seeds with thirteen to serve.
        const sharedSince = new Map<number, number>();
        for (const { torrent } of await leechers(swarm, 8))
          torrent.on('piece', (piece) => {
            if (!sharedSince.has(piece)) sharedSince.set(piece, swarm.world.now);
          });
        const node = await swarm.node();
        const file = node.torrent.files[0];
        if (file === undefined) return;
        const stream = file.createReadStream();
        let read = 0;
        let longest = 0;
        let longestOfShared = 0;
        let first = 0;
        const reading = (async () => {
          let asked = swarm.world.now;
          for await (const chunk of stream) {
            const { now } = swarm.world;
            const since = sharedSince.get(Math.floor(read / swarm.torrent.info.pieceLength)) ?? now;
            if (read === 0) first = now - asked;
            else {
              longest = Math.max(longest, now - asked);
              longestOfShared = Math.max(longestOfShared, now - Math.max(asked, since));
            }
            read += (chunk as Uint8Array).length;
            await new Promise<void>(
              (resolve) =>
                void node.host.clock.setTimer(resolve, (chunk as Uint8Array).length / 200),
            );
            asked = swarm.world.now;
          }
        })();
        await swarm.settle(reading, 5 * MINUTE);
        sim.check('first bytes', first / 1_000, { atMost: 25 }, ' s');
        sim.check(
          'longest wait for what others have',
          longestOfShared / 1_000,
          { atMost: 5 },
          ' s',
        );
        sim.figure('longest wait', longest / 1_000, ' s');
        sim.check('bytes', read, { is: 6_000_000 });
      },
    ),
    scenario(
      'stream-seeks',
      'A reader jumps to eight places: each first byte is there within 6 s, long before the download ends',
      async (sim) => {
        const swarm = sim.swarm({
          ...FILM,
          files: [{ path: 'film.bin', length: 20_000_000 }],
          pieceLength: 128 * KIB,
        });
        for (let index = 0; index < 4; index += 1)
          await swarm.seed({ line: { bandwidthUp: 100_000 } });
        const node = await swarm.node();
        const waits: number[] = [];
        for (let seek = 0; seek < 8; seek += 1) {
          const start = sim.random.integer(19_000_000);
          const stream = node.torrent.files[0]?.createReadStream({ start, end: start + 1_000 });
          if (stream === undefined) return;
          const asked = swarm.world.now;
          const reading = (async () => {
            for await (const _ of stream) break;
          })();
          await swarm.settle(reading, 2 * MINUTE);
          waits.push(swarm.world.now - asked);
        }
        sim.check('longest wait', Math.max(...waits) / 1_000, { atMost: 6 }, ' s');
        sim.check('mean wait', sum(waits) / 8_000, { atMost: 5 }, ' s');
      },
    ),
  ],
};
