// @ts-check
import { ModelDisk } from '../lib/model-disk.mjs';
import { ModelFs } from '../lib/model-fs.mjs';
import { longestWait } from './savings.mjs';
import { SEEDER_RATE } from './scenarios.mjs';
import { CrashWorld, DOWNLOADS } from './world.mjs';

/** @import { AddOptions, AnyTorrent, Client, Torrent } from '@shoal/client' */
/** @import { JournalEntry } from '../lib/model-disk.mjs' */
/** @import { Content } from '../lib/content.mjs' */
/** @import { Scenario } from './scenarios.mjs' */

/** @typedef {{ fs: ModelFs, boot: number }} Model */

/** What a scenario has at hand. */
export class Stage {
  /** @type {readonly Content[]} */
  contents;
  #world;
  #model;
  #peers;

  /**
   * @param {CrashWorld} world
   * @param {Model} model
   * @param {readonly Content[]} contents
   * @param {ReadonlyMap<Content, { address: string, port: number }>} peers
   */
  constructor(world, model, contents, peers) {
    this.#world = world;
    this.#model = model;
    this.contents = contents;
    this.#peers = peers;
  }

  start() {
    return this.#world.start();
  }

  /** @param {Client} client */
  stop(client) {
    return this.#world.stop(client);
  }

  /**
   * @param {Client} client
   * @param {Content} content
   * @param {Partial<AddOptions>} [options]
   * @returns {Promise<Torrent>}
   */
  async add(client, content, options) {
    const torrent = await client.add(content.metainfo, this.#options(content, options));
    return watched(torrent);
  }

  /**
   * @param {Client} client
   * @param {Content} content whose seeder is asked
   * @param {string} magnet
   * @returns {Promise<AnyTorrent>}
   */
  async addMagnet(client, content, magnet) {
    return watched(await client.add(magnet, this.#options(content)));
  }

  /** @param {() => boolean} until @param {string} what */
  until(until, what) {
    return this.#world.until(until, what);
  }

  /** @param {AnyTorrent} torrent */
  async complete(torrent) {
    await this.#world.until(() => torrent.state === 'seeding', `${torrent.name} complete`);
  }

  /** @param {number} time virtual milliseconds */
  async pass(time) {
    await this.#world.world.run({ limit: time });
  }

  /** @template T @param {Promise<T>} promise */
  settle(promise) {
    return this.#world.settle(promise);
  }

  /**
   * A bit of a file turns, and nothing tells of it.
   *
   * @param {Content} content
   * @param {string} path
   * @param {number} offset
   */
  rot(content, path, offset) {
    const { info } = content.metainfo;
    const file = info.files.find((each) => each.path === path);
    const piece = Math.floor(((file?.offset ?? 0) + offset) / info.pieceLength);
    const { disk } = this.#model.fs;
    disk.rot(this.#model.fs.idOf(`${DOWNLOADS}/${path}`), offset, piece);
  }

  /** The engine was told by now of what has rotted. */
  known() {
    this.#model.fs.disk.known();
  }

  /** @param {Content} content @param {Partial<AddOptions>} [options] */
  #options(content, options) {
    const peer = this.#peers.get(content);
    return { directory: DOWNLOADS, peers: peer === undefined ? [] : [peer], ...options };
  }
}

/**
 * Runs a scenario on an empty model disk.
 *
 * @param {Scenario} scenario
 * @param {number} seed
 * @param {Model} model its disk is exchanged
 * @param {readonly Content[]} contents
 * @returns {Promise<{ journal: readonly JournalEntry[], longest: number }>} all that was done to the disk; and the longest time, in
 *   virtual milliseconds, for which a written byte waited to be remembered
 */
export async function record(scenario, seed, model, contents) {
  const world = new CrashWorld(seed);
  const disk = new ModelDisk(() => Math.floor(world.now) + 1_600_000_000_000);
  model.fs = new ModelFs(disk);
  model.boot = 1;
  /** @type {Map<Content, { address: string, port: number }>} */
  const peers = new Map();
  for (const content of contents) peers.set(content, await world.seed(content, SEEDER_RATE));
  await scenario.run(new Stage(world, model, contents, peers));
  await world.close();
  if (model.fs.openCount > 0) throw new Error(`${model.fs.openCount} files were left open`);
  return { journal: disk.journal, longest: longestWait(disk.journal) };
}

/** @template {AnyTorrent} T @param {T} torrent @returns {T} */
function watched(torrent) {
  torrent.on('error', (error) => {
    throw error;
  });
  return torrent;
}
