// @ts-check
/** A download that is killed ten times goes on from what was verified. */
import { join } from 'node:path';
import { scheduler } from 'node:timers/promises';
import { libtorrent } from '../clients/libtorrent.mjs';
import { seededRandom } from '../lib/random.mjs';
import { waitFor } from '../lib/wait.mjs';

/** @typedef {import('./index.mjs').Scenario} Scenario */

const MIB = 1 << 20;
const KILLS = 10;
/** Bytes per second, of the seeder and of the download: ten sessions cannot come near the end. */
const RATE = 12_000_000;
/** Most of the kills come after a random share of this much payload, in bytes … */
const SHARE = { least: 6 * MIB, most: 18 * MIB };
/** … and these come a random time after the start, in ms: while the program loads, checks or connects. */
const EARLY_KILLS = [4, 8];
const EARLY = { soonest: 30, latest: 800 };
/**
 * How much of the payload of the killed sessions may be downloaded again: pieces that were not whole, and what stood
 * in the sockets' buffers. A client that starts over each time downloads all of it again.
 */
const TOLERATED_LOSS = 0.5;

/** @param {import('../lib/context.mjs').Context} context */
async function killedTenTimes(context) {
  const content = context.content('large');
  const tracker = await context.opentracker([content.infoHash]);
  const torrent = context.torrent(content, tracker.announce);
  const seed = await context.start(libtorrent, 'seed');
  await seed.seed(content, torrent, { uploadLimit: RATE });
  await context.trackerKnows(tracker, content.infoHash, { complete: 1 });
  const uploaded = async () => (await seed.session.status(content.infoHash)).uploaded ?? 0;

  const random = seededRandom(context.seed);
  const home = join(context.folder, 'leech');
  const directory = join(home, 'downloads');
  const moments = [];
  let sentInKilled = 0;
  for (let kill = 1; kill <= KILLS; kill++) {
    const before = await uploaded();
    const leech = await context.start(context.shoal, 'leech', { home });
    await leech.download(content, torrent, { directory, downloadLimit: RATE });
    if (EARLY_KILLS.includes(kill)) {
      const life = between(random, EARLY.soonest, EARLY.latest);
      await pause(life);
      moments.push(`${life} ms`);
    } else {
      const share = between(random, SHARE.least, SHARE.most);
      await waitFor(
        `${mib(share)} MiB before kill ${kill}`,
        context.patience,
        async () => {
          // Throws when the program failed, so that nobody waits for it.
          const { complete } = await leech.session.status(content.infoHash);
          if (complete)
            throw new Error(`complete before kill ${kill}: the rate limit did not hold`);
          return (await uploaded()) - before >= share;
        },
        40,
      );
      await pause(between(random, 0, 100));
      moments.push(`${mib(share)} MiB`);
    }
    await leech.session.kill();
    await pause(300); // for the seeder to notice and to count
    sentInKilled += (await uploaded()) - before;
  }

  const lastFrom = await uploaded();
  const leech = await context.start(context.shoal, 'leech', { home });
  const download = await leech.download(content, torrent, { directory, downloadLimit: RATE });
  await download.verified();
  const { downloaded } = await leech.session.status(content.infoHash);
  const total = await uploaded();

  const again = Math.max(0, total - content.length);
  Object.assign(context.facts, {
    seed: context.seed,
    killsAfter: moments.join(', '),
    sizeMiB: mib(content.length),
    sentInKilledSessionsMiB: mib(sentInKilled),
    sentInLastSessionMiB: mib(total - lastFrom),
    downloadedAgainMiB: mib(again),
    ...(downloaded === undefined ? {} : { lastSessionSaysMiB: mib(downloaded) }),
  });
  if (again > TOLERATED_LOSS * sentInKilled) {
    throw new Error(
      `${mib(again)} MiB were downloaded again after ${KILLS} kills, of ${mib(sentInKilled)} MiB that had arrived ` +
        `(tolerated: ${TOLERATED_LOSS * 100} %)`,
    );
  }
}

/** @param {number} bytes @returns {number} MiB, one decimal */
const mib = (bytes) => Math.round((bytes / MIB) * 10) / 10;

/** @param {number} ms */
const pause = (ms) => scheduler.wait(ms);

/**
 * @param {() => number} random
 * @param {number} least
 * @param {number} most
 */
const between = (random, least, most) => Math.round(least + random() * (most - least));

/** @type {Scenario[]} */
export const resumeScenarios = [
  {
    name: 'resume-kill9',
    shows: `a 200 MiB download, killed with SIGKILL at ${KILLS} random moments, goes on each time and ends whole`,
    needs: ['libtorrent', 'opentracker', 'shoal'],
    run: killedTenTimes,
  },
];
