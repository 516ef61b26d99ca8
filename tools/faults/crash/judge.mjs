// @ts-check
import { infoHashHex } from '@shoal/metainfo';
import { ModelDisk } from '../lib/model-disk.mjs';
import { ModelFs } from '../lib/model-fs.mjs';
import { rightPieces } from './disk-truth.mjs';
import { hasBit } from './savings.mjs';
import { claims, CrashWorld, DOWNLOADS } from './world.mjs';

/** @import { AnyTorrent } from '@shoal/client' */
/** @import { Inode } from '../lib/model-disk.mjs' */
/** @import { Content } from '../lib/content.mjs' */
/** @import { Model } from './record.mjs' */
/** @import { Saving } from './savings.mjs' */
/** @import { Scenario } from './scenarios.mjs' */

/** Wall-clock milliseconds, later than anything in a recording. */
const AFTERWARDS = 1_700_000_000_000;

/**
 * @typedef {object} Rot pieces whose bytes changed on disk by themselves
 * @property {ReadonlySet<number>} ever
 * @property {ReadonlySet<number>} hidden those of which the engine cannot know yet
 */

/**
 * @typedef {object} Verdict
 * @property {string[]} faults what must never be
 * @property {number} claimed pieces
 * @property {number} unclaimed pieces that are right on disk and will be downloaded again nevertheless
 */

/**
 * Starts the engine on what a crash has left, and holds what it claims against the disk.
 *
 * @param {object} crash
 * @param {Scenario} crash.scenario
 * @param {readonly Content[]} crash.contents
 * @param {Model} crash.model its disk is exchanged
 * @param {Map<number, Inode>} crash.inodes
 * @param {readonly Saving[]} crash.saved the last finished saving of each torrent
 * @param {Rot} crash.rot
 * @param {boolean} crash.byMagnet where the scenario has a link
 * @param {boolean} crash.goesOn download the rest as well, and look at the result
 * @returns {Promise<Verdict>}
 */
export async function judge({ scenario, contents, model, inodes, saved, rot, byMagnet, goesOn }) {
  const world = new CrashWorld(7);
  model.fs = new ModelFs(ModelDisk.of(inodes, () => Math.floor(world.now) + AFTERWARDS));
  model.boot += 1;
  /** @type {Verdict} */
  const verdict = { faults: [], claimed: 0, unclaimed: 0 };
  const client = await world.start();
  /** @type {{ content: Content, torrent: AnyTorrent }[]} */
  const torrents = [];
  for (const content of contents) {
    const source = (byMagnet ? scenario.magnet?.(content) : undefined) ?? content.bytes;
    torrents.push({ content, torrent: await client.add(source, { directory: DOWNLOADS }) });
  }
  const all = (/** @type {string} */ state) =>
    torrents.every(({ torrent }) => torrent.state === state || torrent.state === 'error');
  await world.until(
    () => torrents.every(({ torrent }) => torrent.state !== 'checking'),
    'the check after the restart',
  );
  for (const { content, torrent } of torrents) {
    if (torrent.state === 'error') {
      verdict.faults.push(`${content.name}: failed after the restart: ${String(torrent.error)}`);
    } else if (torrent.hasMetadata()) {
      // A magnet link whose metadata was lost knows of no piece yet.
      compare(verdict, content, torrent, readerOf(model.fs), saved, rot);
    }
  }
  if (goesOn) {
    for (const { content, torrent } of torrents) {
      torrent.addPeer(await world.seed(content, 1_000_000));
    }
    await world.until(() => all('seeding'), 'the end of the download after the restart');
    for (const { content } of torrents) {
      const right = rightPieces(content, readerOf(model.fs));
      for (const [piece, isRight] of right.entries()) {
        if (isRight || rot.hidden.has(piece)) continue;
        verdict.faults.push(`${content.name}: piece ${piece} of the result is wrong`);
      }
    }
  }
  await world.close();
  if (model.fs.openCount > 0) verdict.faults.push('files were left open');
  return verdict;
}

/**
 * Holds what the engine claims against what is on disk, and against what was saved.
 *
 * @param {Verdict} verdict
 * @param {Content} content
 * @param {AnyTorrent} torrent
 * @param {(path: string) => Uint8Array | undefined} readFile
 * @param {readonly Saving[]} saved
 * @param {Rot} rot
 */
function compare(verdict, content, torrent, readFile, saved, rot) {
  const { name, metainfo } = content;
  const right = rightPieces(content, readFile);
  const hash = infoHashHex(metainfo.info).slice(0, 40);
  const saving = saved.find((each) => each.name.startsWith(hash));
  for (const [piece, isRight] of right.entries()) {
    const isClaimed = claims(torrent, piece);
    if (isClaimed) verdict.claimed += 1;
    if (isClaimed && !isRight && !rot.hidden.has(piece)) {
      verdict.faults.push(`${name}: piece ${piece} is claimed and wrong`);
    }
    if (!isClaimed && isRight) verdict.unclaimed += 1;
    if (!isClaimed && hasBit(saving?.pieces, piece) && !rot.ever.has(piece)) {
      verdict.faults.push(`${name}: piece ${piece} was saved, and is lost`);
    }
  }
}

/** @param {ModelFs} modelFs */
function readerOf(modelFs) {
  return (/** @type {string} */ path) => {
    const whole = `${DOWNLOADS}/${path}`;
    return modelFs.exists(whole) ? modelFs.readFile(whole) : undefined;
  };
}
