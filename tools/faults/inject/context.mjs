// @ts-check
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, clientDefaults } from '@shoal/client';
import { rightPieces } from '../crash/disk-truth.mjs';
import { makeContentIn } from '../lib/content.mjs';

/** @import { AddOptions, AnyTorrent, ClientOptions, Torrent } from '@shoal/client' */
/** @import { Content } from '../lib/content.mjs' */
/** @import { FaultPlan } from '../lib/fault-plan.mjs' */

const K = 1024;
const PIECE = 64 * K;
/** Milliseconds for anything that is waited for. */
const PATIENCE = 20_000;

/** What every scenario starts with: a seeder of two torrents, and an empty folder. */
export class Context {
  /** @type {string} */
  folder = '';
  /** @type {FaultPlan} */
  plan;
  /** The torrent whose files meet faults. @type {Content} */
  content;
  /** Another one, which must not be concerned. @type {Content} */
  other;
  /** Torrents that were seen to fail, and what they said. @type {string[]} */
  messages = [];
  #seeder;
  /** @type {Client[]} */
  #clients = [];
  #base;

  /**
   * @param {string} base
   * @param {FaultPlan} plan
   * @param {readonly [Content, Content]} contents
   * @param {Client} seeder
   */
  constructor(base, plan, [content, other], seeder) {
    this.#base = base;
    this.plan = plan;
    this.content = content;
    this.other = other;
    this.#seeder = seeder;
  }

  /** @param {FaultPlan} plan */
  static async open(plan) {
    // At every tick, which is each second.
    /** @type {{ resumeSaveInterval: number }} */ (clientDefaults).resumeSaveInterval = 100;
    const base = await mkdtemp(join(tmpdir(), 'shoal-inject-'));
    const seeds = join(base, 'seeds');
    await mkdir(seeds);
    const contents = /** @type {const} */ ([
      await makeContentIn(seeds, {
        name: 'struck',
        format: 'v1',
        pieceLength: PIECE,
        files: [
          ['a.bin', 30 * PIECE + 77],
          ['in/b.bin', 20 * PIECE],
          ['in/c.bin', 10 * PIECE - 77],
        ],
      }),
      await makeContentIn(seeds, {
        name: 'spared',
        format: 'v1',
        pieceLength: PIECE,
        files: [['x.bin', 20 * PIECE]],
      }),
    ]);
    const seeder = await Client.start({ bind: '127.0.0.1' });
    for (const { metainfo } of contents) {
      await (await seeder.add(metainfo, { directory: seeds })).checked();
    }
    return new Context(base, plan, contents, seeder);
  }

  async close() {
    await this.#seeder.close();
    await rm(this.#base, { recursive: true, force: true });
  }

  /** @param {string} name */
  async begin(name) {
    this.folder = join(this.#base, name);
    this.messages = [];
    this.plan.set([]);
    await mkdir(this.folder);
    await writeFile(this.torrentFile, this.content.bytes);
  }

  async end() {
    this.plan.set([]);
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
    await rm(this.folder, { recursive: true, force: true });
  }

  get torrentFile() {
    return join(this.folder, 'struck.torrent');
  }

  /** Where the struck torrent goes. */
  get drive() {
    return join(this.folder, 'drive');
  }

  get resume() {
    return join(this.folder, 'resume');
  }

  get peer() {
    return { address: '127.0.0.1', port: this.#seeder.port };
  }

  /** @param {ClientOptions} [options] */
  async client(options = {}) {
    const client = await Client.start({
      bind: '127.0.0.1',
      resumeDirectory: this.resume,
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  /**
   * @param {Client} client
   * @param {Partial<AddOptions>} [options]
   */
  async add(client, options = {}) {
    const torrent = await client.add(this.content.metainfo, {
      directory: this.drive,
      peers: [this.peer],
      ...options,
    });
    torrent.on('error', (error) => this.messages.push(error.message));
    torrent.on('warning', (error) => this.messages.push(`warning: ${error.message}`));
    return torrent;
  }

  /** @param {Client} client */
  async addOther(client) {
    return client.add(this.other.metainfo, {
      directory: join(this.folder, 'elsewhere'),
      peers: [this.peer],
    });
  }

  /**
   * Waits for the state `error`.
   *
   * @param {AnyTorrent} torrent
   * @param {string} code
   */
  async fails(torrent, code) {
    await until(() => torrent.state === 'error', `state error (it is ${torrent.state})`);
    const found = torrent.error !== undefined && 'code' in torrent.error ? torrent.error.code : '';
    if (found !== code)
      throw new Error(`${String(found)} rather than ${code}: ${String(torrent.error)}`);
  }

  /**
   * Lifts all faults, goes on, and looks that nothing is downloaded twice.
   *
   * @param {Torrent} torrent
   */
  async goesOn(torrent) {
    this.plan.set([]);
    const there = this.bytesThere();
    const before = torrent.progress().downloadedBytes;
    await torrent.resume();
    await torrent.completed({ signal: AbortSignal.timeout(PATIENCE) });
    const came = torrent.progress().downloadedBytes - before;
    const missing = this.content.metainfo.info.totalLength - there;
    // What was under way when the torrent stopped is lost: some pieces in memory, which were counted before.
    if (came > missing + PIECE) throw new Error(`${came} bytes came where ${missing} were missing`);
    this.looksRight();
  }

  /** Bytes of pieces that are right on disk. */
  bytesThere() {
    let bytes = 0;
    for (const [piece, isRight] of this.#right().entries()) {
      if (isRight) bytes += this.content.pieceOf(piece).length;
    }
    return bytes;
  }

  /** Throws where the engine claims what is not there. @param {Torrent} torrent */
  claimsNothingWrong(torrent) {
    const { lender } = /** @type {{ lender?: { has(piece: number): boolean } }} */ (
      /** @type {unknown} */ (torrent)
    );
    for (const [piece, isRight] of this.#right().entries()) {
      if (!isRight && lender?.has(piece) === true) throw new Error(`piece ${piece} is claimed`);
    }
  }

  looksRight() {
    if (this.#right().includes(false)) throw new Error('the result is wrong');
  }

  /** @param {string} file below the torrent's folder */
  pathOf(file) {
    return join(this.drive, 'struck', file);
  }

  /** @returns {Promise<string>} the path of the resume file */
  async resumeFile() {
    const { readdir } = await import('node:fs/promises');
    for (const folder of await readdir(this.resume)) {
      const inside = await readdir(join(this.resume, folder)).catch(() => []);
      const name = inside.find((each) => each.endsWith('.resume'));
      if (name !== undefined) return join(this.resume, folder, name);
    }
    throw new Error('there is no resume file');
  }

  async resumeBytes() {
    return readFile(await this.resumeFile());
  }

  #right() {
    return rightPieces(this.content, (path) => {
      try {
        return readFileSync(join(this.drive, path));
      } catch {
        return undefined;
      }
    });
  }
}

/**
 * @param {() => boolean} holds
 * @param {string} what
 */
export async function until(holds, what) {
  const deadline = Date.now() + PATIENCE;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${PATIENCE / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
