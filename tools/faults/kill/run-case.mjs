// @ts-check
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { infoHashHex } from '@shoal/metainfo';
import { rightPieces } from '../crash/disk-truth.mjs';
import { hasBit, piecesIn } from '../crash/savings.mjs';
import { Child } from '../lib/children.mjs';
import { makeContentIn } from '../lib/content.mjs';
import { integer, randomOf } from '../lib/random.mjs';
import { magnetOf } from './cases.mjs';

/** @import { Content } from '../lib/content.mjs' */
/** @import { KillCase } from './cases.mjs' */

const COMMAND = fileURLToPath(new URL('../../../packages/cli/dist/bin.js', import.meta.url));
const SEEDER = fileURLToPath(new URL('seeder.mjs', import.meta.url));
const DOWNLOADER = fileURLToPath(new URL('downloader.mjs', import.meta.url));

/** Bytes per second: a download takes some seconds, and several savings of the library fall into it. */
const RATE = { command: 3_000_000, library: 2_500_000 };
/** Milliseconds a process takes to start. */
const START = 400;
/** Milliseconds after SIGTERM: so long an ending may take at most. */
const CLOSING = 150;
/** Kills after which a download is left to end, and begun anew. */
const KILLS_PER_DOWNLOAD = 5;
/** Milliseconds after which a process that is not killed must be done. */
const PATIENCE = 120_000;

/**
 * @typedef {object} KillSums
 * @property {number} kills
 * @property {number} closings processes that were told to end instead, and did
 * @property {number} downloads brought to their end
 * @property {number} claimsChecked pieces that resume data claimed at a restart
 * @property {number} again bytes right on disk that were not counted as there after a restart, all together
 * @property {number} mostAgain the same of one restart
 * @property {number} restarts where that is known
 */

/**
 * One case: its seeder, and downloads that are killed until it has been done so often.
 *
 * @param {KillCase} killCase
 * @param {{ folder: string, seed: string, kills: number }} options
 * @returns {Promise<KillSums>} throws what must not be
 */
export async function runCase(killCase, { folder, seed, kills }) {
  const random = randomOf(`${seed}/${killCase.name}`);
  const content = join(folder, 'content');
  await mkdir(content, { recursive: true });
  /** @type {{ content: Content, path: string }[]} */
  const torrents = [];
  for (const spec of killCase.specs) {
    const made = await makeContentIn(content, spec);
    const path = join(folder, `${spec.name}.torrent`);
    await writeFile(path, made.bytes);
    torrents.push({ content: made, path });
  }
  const seeder = new Child([SEEDER, content, ...torrents.map(({ path }) => path)]);
  const { port } = (await seeder.hear('port')) ?? {};
  if (typeof port !== 'number') throw new Error(`no seeder: ${seeder.errors}`);
  /** @type {KillSums} */
  const sums = {
    kills: 0,
    closings: 0,
    downloads: 0,
    claimsChecked: 0,
    again: 0,
    mostAgain: 0,
    restarts: 0,
  };
  try {
    for (let round = 0; sums.kills < kills; round++) {
      const target = join(folder, `download-${round}`);
      const runner = new Runner(killCase, torrents, target, port, sums, random);
      const most = Math.min(KILLS_PER_DOWNLOAD, kills - sums.kills);
      const before = sums.kills;
      while (sums.kills - before < most) {
        // It was complete before it could be killed.
        if (await runner.runAndKill()) break;
      }
      await runner.finish();
      await rm(target, { recursive: true, force: true });
    }
  } finally {
    seeder.kill('SIGKILL');
    await seeder.ended;
  }
  return sums;
}

/** One download, whatever becomes of its processes. */
class Runner {
  #case;
  #torrents;
  #target;
  #port;
  #sums;
  #random;

  /**
   * @param {KillCase} killCase
   * @param {readonly { content: Content, path: string }[]} torrents
   * @param {string} target
   * @param {number} port
   * @param {KillSums} sums
   * @param {() => number} random
   */
  constructor(killCase, torrents, target, port, sums, random) {
    this.#case = killCase;
    this.#torrents = torrents;
    this.#target = target;
    this.#port = port;
    this.#sums = sums;
    this.#random = random;
  }

  get #data() {
    return join(this.#target, 'data');
  }

  /** Milliseconds in which a process is killed, from its start: about as long as it would take. */
  get #within() {
    const { by, select, library } = this.#case;
    let bytes = 0;
    for (const { content } of this.#torrents) {
      for (const { index, length } of content.metainfo.info.files) {
        const isWanted = select?.includes(index) ?? true;
        if (isWanted || library?.['selectAllAt'] !== undefined) bytes += length;
      }
    }
    return START + (bytes / RATE[by]) * 1000;
  }

  get #resume() {
    return join(this.#target, 'resume');
  }

  /** @returns {Promise<boolean>} it had come to its end before */
  async runAndKill() {
    const right = this.#truth();
    await this.#checkResume(right);
    const child = this.#start();
    // A third is told to end, and of these half are killed while they do.
    const fate = integer(this.#random, 6);
    const wait = this.#random() * this.#within;
    const isOver = await endsWithin(child, wait);
    if (!isOver && fate >= 4) {
      child.kill('SIGTERM');
      if (fate === 5) await endsWithin(child, this.#random() * CLOSING);
    }
    const wasRunning = child.isRunning;
    if (wasRunning && fate !== 4) child.kill('SIGKILL');
    if (wasRunning && fate === 4 && !(await endsWithin(child, PATIENCE))) {
      child.kill('SIGKILL');
      throw new Error('it did not end after SIGTERM');
    }
    const { signal, code } = await child.ended;
    if (signal === 'SIGKILL') this.#sums.kills += 1;
    else if (wasRunning || signal === 'SIGTERM') this.#sums.closings += 1;
    else if (code !== 0 && code !== 143) {
      throw new Error(`ended with ${code}: ${child.errors}`);
    }
    this.#compareClaims(child, right, this.#truth());
    return isOver && code === 0;
  }

  /** Lets it come to its end, and looks at the result. */
  async finish() {
    const right = this.#truth();
    await this.#checkResume(right);
    const child = this.#start();
    if (!(await endsWithin(child, PATIENCE))) {
      child.kill('SIGKILL');
      throw new Error(`not complete within ${PATIENCE / 1000} s`);
    }
    const { code } = await child.ended;
    if (code !== 0) throw new Error(`ended with ${code}: ${child.errors}`);
    this.#compareClaims(child, right, this.#truth());
    const wanted =
      this.#case.library?.['selectAllAt'] === undefined ? this.#case.select : undefined;
    for (const { content } of this.#torrents) {
      for (const file of content.metainfo.info.files) {
        if (file.attributes.padding || wanted?.includes(file.index) === false) continue;
        const bytes = await readFile(join(this.#data, file.path));
        const expected = content.space.subarray(file.offset, file.offset + file.length);
        if (!bytes.equals(expected)) throw new Error(`${file.path} is wrong in the end`);
      }
    }
    this.#sums.downloads += 1;
    await this.#checkResume(this.#truth());
  }

  #start() {
    const { by, select, library, byMagnet } = this.#case;
    const paths = this.#torrents.map(({ path }) => path);
    if (by === 'library') {
      const order = {
        torrents: paths,
        directory: this.#data,
        resumeDirectory: this.#resume,
        port: this.#port,
        rate: RATE.library,
        select,
        ...library,
      };
      return new Child([DOWNLOADER, JSON.stringify(order)]);
    }
    const sources = byMagnet ? this.#torrents.map(({ content }) => magnetOf(content)) : paths;
    return new Child([
      COMMAND,
      'download',
      ...sources,
      ...['--output', this.#data, '--resume-dir', this.#resume, '--json'],
      ...['--bind', '127.0.0.1', '--peer', `127.0.0.1:${this.#port}`],
      ...['--max-download', String(RATE.command)],
      ...(select === undefined ? [] : ['--select', select.join(',')]),
    ]);
  }

  /** Which pieces are right on disk, of each torrent, found out without the engine. */
  #truth() {
    return this.#torrents.map(({ content }) =>
      rightPieces(content, (path) => {
        try {
          return readFileSync(join(this.#data, path));
        } catch {
          return undefined;
        }
      }),
    );
  }

  /** @param {readonly boolean[][]} right */
  async #checkResume(right) {
    for (const [index, { content }] of this.#torrents.entries()) {
      const name = `${infoHashHex(content.metainfo.info).slice(0, 40)}.resume`;
      for (const folder of await readdir(this.#resume).catch(() => [])) {
        const bytes = await readFile(join(this.#resume, folder, name)).catch(() => undefined);
        if (bytes === undefined) continue;
        const claimed = piecesIn(bytes);
        for (const [piece, isRight] of (right[index] ?? []).entries()) {
          if (!hasBit(claimed, piece)) continue;
          this.#sums.claimsChecked += 1;
          if (!isRight)
            throw new Error(`${content.name}: resume data claims piece ${piece}, which is wrong`);
        }
      }
    }
  }

  /**
   * What a process of the library counted as there after its check, against what was. Copies of equal files may have been made by
   * then, so a claim is wrong only where the piece is not right afterwards either.
   *
   * @param {Child} child
   * @param {readonly boolean[][]} right before it was started
   * @param {readonly boolean[][]} after it has ended
   */
  #compareClaims(child, right, after) {
    const has = child.said.find((each) => 'has' in each)?.['has'];
    if (!Array.isArray(has)) return;
    let again = 0;
    for (const [index, { content }] of this.#torrents.entries()) {
      const claimed = new Set(has[index]);
      for (const [piece, isRight] of (right[index] ?? []).entries()) {
        if (claimed.has(piece) && after[index]?.[piece] !== true) {
          throw new Error(`${content.name}: piece ${piece} is counted as there, and is wrong`);
        }
        if (!claimed.has(piece) && isRight) again += content.pieceOf(piece).length;
      }
    }
    this.#sums.restarts += 1;
    this.#sums.again += again;
    this.#sums.mostAgain = Math.max(this.#sums.mostAgain, again);
  }
}

/**
 * @param {Child} child
 * @param {number} time milliseconds
 */
async function endsWithin(child, time) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(false), time);
  });
  const result = await Promise.race([child.ended.then(() => true), late]);
  clearTimeout(timer);
  return result === true;
}
