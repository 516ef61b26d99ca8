import type { Node } from '../../../../packages/client/test/support/sim-swarm.ts';
import { BLOCK_LENGTH } from '@shoal/peer-wire';
import { scenario, type Theme } from '../scenario.ts';
import { copiesBy, endings, KIB, leechers, mean, MINUTE, SECOND } from '../swarms.ts';

const FILM = { files: [{ path: 'film.bin', length: 6_000_000 }], pieceLength: 64 * KIB };

const meanEnd = (ends: ReadonlyMap<Node, number>, nodes: readonly Node[]): number =>
  mean(nodes.map((node) => ends.get(node) ?? Infinity)) / 1_000;

/** How evenly it was shared, 1 for all the same (Jain). */
function evenness(values: readonly number[]): number {
  const total = values.reduce((sum, each) => sum + each, 0);
  return total ** 2 / (values.length * values.reduce((sum, each) => sum + each ** 2, 0));
}

/** How much of what `from` have sent so far went to `to`, of those they are connected to now; 0–1. */
function shareSentTo(from: readonly Node[], to: readonly Node[]): number {
  const wanted = new Set(to.map(({ host }) => host.address));
  let all = 0;
  let some = 0;
  for (const { torrent } of from)
    for (const { endpoint, uploadedBytes } of torrent.swarm?.peers ?? []) {
      all += uploadedBytes;
      if (wanted.has(endpoint.address)) some += uploadedBytes;
    }
  return some / all;
}

/** One of ten parts of all pieces, so that everybody has something that others want. */
const tenthOf = (pieceCount: number, part: number): number[] =>
  [...Array(pieceCount).keys()].filter((piece) => piece % 10 === part % 10);

/** Peers connected to a seed that is unchoking them. */
const unchokedBy = ({ torrent }: Node): number =>
  [...(torrent.swarm?.peers ?? [])].filter(({ amChoking }) => !amChoking).length;

export const choking: Theme = {
  title: 'Choking, fairness and limits',
  scenarios: [
    scenario(
      'choke-free-riders',
      'A third of fifteen peers never uploads: contributors, who have something to trade, end well before them; mean of three swarms',
      async (sim) => {
        const shares: number[] = [];
        const times: number[] = [];
        for (let round = 0; round < 3; round += 1) {
          const swarm = sim.swarm({ ...FILM, files: [{ path: 'film.bin', length: 6_000_000 }] });
          const { pieceCount } = swarm.torrent.info;
          const line = { bandwidthUp: 100_000, bandwidthDown: 2_000_000 };
          const givers = await leechers(swarm, 10, (index) => ({
            line,
            have: tenthOf(pieceCount, index),
          }));
          const takers = await leechers(swarm, 5, (index) => ({
            line,
            have: tenthOf(pieceCount, index),
            client: { uploadSlots: 0 },
          }));
          const ends = endings(swarm, [...givers, ...takers]);
          await swarm.pass(50 * SECOND);
          shares.push(shareSentTo(givers, takers));
          await swarm.finished([...givers, ...takers], 20 * MINUTE);
          times.push(meanEnd(ends, takers) / meanEnd(ends, givers));
          await sim.close(swarm);
        }
        // By chance it would be five of fourteen, 0.36.
        sim.check('share of uploads to free riders', mean(shares), { atMost: 0.3 });
        sim.check('free riders, in times of the contributors', mean(times), { atLeast: 1.1 });
      },
    ),
    scenario(
      'choke-tit-for-tat',
      'Peers that upload five times as fast as others end before them, as they are unchoked for it; mean of three swarms',
      async (sim) => {
        const shares: number[] = [];
        const times: number[] = [];
        for (let round = 0; round < 3; round += 1) {
          const swarm = sim.swarm({ ...FILM, files: [{ path: 'film.bin', length: 10_000_000 }] });
          const { pieceCount } = swarm.torrent.info;
          const lineOf = (up: number, index: number) => ({
            line: { bandwidthUp: up, bandwidthDown: 2_000_000 },
            have: tenthOf(pieceCount, index),
          });
          const fast = await leechers(swarm, 10, (index) => lineOf(150_000, index));
          const slow = await leechers(swarm, 10, (index) => lineOf(30_000, index));
          const ends = endings(swarm, [...fast, ...slow]);
          await swarm.pass(40 * SECOND);
          shares.push(shareSentTo(fast, fast));
          await swarm.finished([...fast, ...slow], 20 * MINUTE);
          times.push(meanEnd(ends, slow) / meanEnd(ends, fast));
          await sim.close(swarm);
        }
        // Where chance unchokes, it is 0.65 and 1.17 on average: the fast are done with what the slow have, and the slow are not.
        sim.check('share of uploads among the fast', mean(shares), { atLeast: 0.68 });
        sim.check('slow, in times of the fast', mean(times), { atLeast: 1.33 });
      },
    ),
    scenario(
      'choke-seed-shares',
      'A seed with four slots and sixteen peers behind NATs: within ten minutes each has got about the same',
      async (sim) => {
        const swarm = sim.swarm({
          ...FILM,
          files: [{ path: 'film.bin', length: 40_000_000 }],
          pieceLength: 256 * KIB,
        });
        await swarm.seed({ line: { bandwidthUp: 600_000 }, client: { uploadSlots: 4 } });
        const nodes = await leechers(swarm, 16, () => ({ line: { nat: true } }));
        await swarm.pass(10 * MINUTE);
        const got = nodes.map(({ host }) => host.receivedBytes);
        sim.check('evenness', evenness(got), { atLeast: 0.85 });
        sim.check('least, of the mean', Math.min(...got) / mean(got), { atLeast: 0.5 });
      },
    ),
    scenario(
      'choke-newcomer',
      'A peer with nothing to give joins ten that trade with each other: three of them unchoke it, by chance, within 90 s',
      async (sim) => {
        const swarm = sim.swarm({
          ...FILM,
          files: [{ path: 'film.bin', length: 30_000_000 }],
          pieceLength: 256 * KIB,
        });
        const { pieceCount } = swarm.torrent.info;
        const line = { bandwidthUp: 100_000, bandwidthDown: 1_000_000 };
        await leechers(swarm, 10, (index) => ({ line, have: tenthOf(pieceCount, index) }));
        await swarm.pass(40 * SECOND);
        const late = await swarm.node({ line: { ...line, nat: true }, client: { uploadSlots: 0 } });
        const start = swarm.world.now;
        const friends = new Set<string>();
        await swarm.until(
          () => {
            for (const { endpoint, peerChoking } of late.torrent.swarm?.peers ?? [])
              if (!peerChoking) friends.add(endpoint.address);
            return friends.size >= 3;
          },
          5 * MINUTE,
          'three unchokes',
        );
        sim.check('third unchoke after', (swarm.world.now - start) / 1_000, { atMost: 90 }, ' s');
      },
    ),
    scenario(
      'choke-slots-bounded',
      'Thirty peers want something of a peer with three slots: never are more than three unchoked, never fewer for long',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const slots = sim.vary('slots', 3, 1, 6);
        const seed = await swarm.seed({
          client: { uploadSlots: slots },
          line: { bandwidthUp: 300_000 },
        });
        await leechers(swarm, 30, () => ({ line: { nat: true } }));
        await swarm.pass(5 * SECOND);
        let most = 0;
        let least = Infinity;
        for (let look = 0; look < 60; look += 1) {
          await swarm.pass(SECOND);
          most = Math.max(most, unchokedBy(seed));
          least = Math.min(least, unchokedBy(seed));
        }
        sim.check('most', most, { atMost: slots });
        sim.check('least', least, { atLeast: slots });
      },
    ),
    scenario(
      'limit-upload',
      'A seed limited to 100 kB/s for a torrent, on a line of 1 MB/s: it sends 95 to 100 % of that, in any ten seconds but for a burst',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const limit = sim.vary('limit', 100_000, 20_000, 400_000);
        const seed = await swarm.seed({ add: { maxUploadRate: limit } });
        await leechers(swarm, 6, () => ({ line: { nat: true } }));
        await swarm.pass(10 * SECOND);
        let most = 0;
        let least = Infinity;
        const sent = () => seed.torrent.progress().uploadedBytes;
        const start = sent();
        for (let look = 0; look < 6; look += 1) {
          const before = sent();
          await swarm.pass(10 * SECOND);
          most = Math.max(most, sent() - before);
          least = Math.min(least, sent() - before);
        }
        // What may be saved up, and a block that is paid for but for a byte, for each of the six.
        const burst = Math.max(limit / 4, 32 * KIB) + 6 * BLOCK_LENGTH;
        const inTen = 10 * limit;
        sim.check('most in ten seconds, of the limit', most / inTen, { atMost: 1 + burst / inTen });
        sim.check('least', least / inTen, { atLeast: 0.95 - burst / inTen });
        const share = (sent() - start) / (6 * inTen);
        sim.check('in a minute', share, {
          atMost: 1 + burst / (6 * inTen),
          atLeast: 0.95 - burst / (6 * inTen),
        });
      },
    ),
    scenario(
      'limit-download',
      'A client limited to 150 kB/s, with eight seeds: it takes 90 to 100 % of that from the first pieces to the last',
      async (sim) => {
        const swarm = sim.swarm({ ...FILM, files: [{ path: 'film.bin', length: 4_000_000 }] });
        for (let index = 0; index < 8; index += 1) await swarm.seed();
        const limit = sim.vary('limit', 150_000, 50_000, 300_000);
        const node = await swarm.node({ client: { maxDownloadRate: limit } });
        const { world } = swarm;
        const share = (part: number) =>
          swarm.until(() => node.torrent.progress().completedBytes > part * 4_000_000, 5 * MINUTE);
        await share(0.1);
        const [start, before] = [world.now, node.torrent.progress().downloadedBytes];
        await share(0.8);
        const bytes = node.torrent.progress().downloadedBytes - before;
        const rate = bytes / ((world.now - start) / 1_000);
        sim.check('rate, of the limit', rate / limit, { atMost: 1.02, atLeast: 0.9 });
        await swarm.finished([node], 5 * MINUTE);
        sim.figure('rate in all, of the limit', 4_000_000 / (world.now / 1_000) / limit);
      },
    ),
    scenario(
      'limit-changed-midway',
      'Limits set and lifted while it runs take effect within two seconds',
      async (sim) => {
        const swarm = sim.swarm({ ...FILM, files: [{ path: 'film.bin', length: 12_000_000 }] });
        const seed = await swarm.seed();
        const node = await swarm.node();
        const rateOver = async (time: number): Promise<number> => {
          await swarm.pass(2 * SECOND);
          const before = node.torrent.progress().downloadedBytes;
          await swarm.pass(time);
          return (node.torrent.progress().downloadedBytes - before) / (time / 1_000);
        };
        sim.check('free', (await rateOver(2_000)) / 1_000, { atLeast: 700 }, ' kB/s');
        seed.torrent.setRateLimits({ upload: 50_000 });
        sim.check(
          'upload limited',
          (await rateOver(10_000)) / 1_000,
          { atMost: 55, atLeast: 40 },
          ' kB/s',
        );
        seed.torrent.setRateLimits({ upload: 0 });
        node.torrent.setRateLimits({ download: 80_000 });
        sim.check(
          'download limited',
          (await rateOver(10_000)) / 1_000,
          { atMost: 90, atLeast: 60 },
          ' kB/s',
        );
        node.torrent.setRateLimits({ download: 0 });
        sim.check('free again', (await rateOver(2_000)) / 1_000, { atLeast: 700 }, ' kB/s');
        sim.check('copies by the seed', copiesBy(seed), { atMost: 1.05 });
      },
    ),
  ],
};
