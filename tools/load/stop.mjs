// @ts-check
/** SIGTERM at many moments of the command's life: it ends in 5 s, with its state saved. See README.md. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../interop/lib/random.mjs';
import { makeDownload } from './hostile/content.mjs';
import { memoryFolder } from './lib/memory-folder.mjs';
import { record } from './lib/record.mjs';
import { magnetOf, parseMetainfo } from './lib/shoal.mjs';
import { startSeeder } from './stop/around.mjs';
import { scenes } from './stop/scenes.mjs';
import { tryOnce } from './stop/trial.mjs';

const MIB = 2 ** 20;
/** Bytes of the content, with an odd tail. */
const LENGTH = 40 * MIB + 12_345;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seed: { type: 'string', default: `${Date.now() % 2 ** 31}` },
    only: { type: 'string' },
    skip: { type: 'string' },
    record: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const folder = mkdtempSync(join(memoryFolder(), 'shoal-stop-'));
const content = makeDownload(folder, LENGTH);
const torrent = readFileSync(content.torrent);
const magnet = magnetOf(parseMetainfo(torrent));
const seeder = await startSeeder(content, torrent);
const stuckLibrary = buildStuckDisk();
const random = seededRandom(seed);
let failed = 0;
let wrong = 0;
let tried = 0;
let slowest = 0;
let mostLost = 0;
try {
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const scene of scenes) {
      const [from, to] = scene.moment;
      const moment = Math.round(from + random() * (to - from));
      if (values.only !== undefined && !scene.name.includes(values.only)) continue;
      if (values.skip !== undefined && scene.name.includes(values.skip)) continue;
      if (scene.stuckDisk && stuckLibrary === undefined) continue;
      const scenery = { content, torrent, magnet, seeder, folder, stuckLibrary, random };
      const outcome = await tryOnce(scene, moment, scenery);
      const { ms, end, claimed, lost, problems } = outcome;
      tried += 1;
      wrong += outcome.wrong;
      slowest = Math.max(slowest, ms);
      if (!scene.stuckDisk) mostLost = Math.max(mostLost, lost);
      if (problems.length > 0) failed += 1;
      console.log(
        `${problems.length > 0 ? 'FAILED' : 'ok    '} ${scene.name}, at ${moment} ms: ended with ${end} after ${ms} ms, ` +
          `${(claimed / MIB).toFixed(1)} MiB kept, ${(lost / MIB).toFixed(1)} MiB lost${problems.map((problem) => `\n  ${problem}`).join('')}`,
      );
    }
  }
} finally {
  await seeder.close();
  rmSync(folder, { recursive: true, force: true });
}
const result = { passed: failed === 0, tried, failed, slowest, mostLost, seed };
console.log(
  values.json
    ? JSON.stringify(result)
    : `${tried} SIGTERMs, ${failed} failed; the slowest end took ${slowest} ms, ${(mostLost / MIB).toFixed(1)} MiB at most are to be downloaded again`,
);
if (values.record) {
  record(
    'load-stop',
    'SIGTERM at any time',
    `pnpm nx run load:stop -- --rounds ${values.rounds} --seed ${seed}`,
    [
      ['SIGTERMs, in ten situations, at moments drawn from the seed', `${tried}`],
      ['that took more than 5 s, or ended with another code', `${failed}`],
      ['the slowest end', `${(slowest / 1000).toFixed(1)} s`],
      ['wrong pieces believed to be right after a restart', `${wrong}`],
      ['most that is to be downloaded again', `${(mostLost / MIB).toFixed(1)} MiB`],
    ],
  );
}
if (failed > 0)
  console.log(`replay: node tools/load/stop.mjs --seed ${seed} --rounds ${values.rounds}`);
process.exitCode = failed === 0 ? 0 : 1;

/** @returns {string | undefined} undefined: there is no C compiler */
function buildStuckDisk() {
  const library = join(folder, 'stuck.so');
  const source = join(import.meta.dirname, 'stop/stuck.c');
  const { status } = spawnSync('gcc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl']);
  if (status === 0) return library;
  console.log('a disk that hangs is left out: it needs gcc');
  return undefined;
}
