// @ts-check
import { Client, MemoryStorage } from '@shoal/client';
import { FileLayout } from '@shoal/metainfo';
import { SimWorld } from '@shoal/net/sim';
import { MODEL_ROOT } from '../lib/model-fs.mjs';

/** @import { AnyTorrent, ClientOptions } from '@shoal/client' */
/** @import { Content } from '../lib/content.mjs' */

/** Where downloads go. */
export const DOWNLOADS = `${MODEL_ROOT}/downloads`;
/** Where resume data goes. */
export const RESUME = `${MODEL_ROOT}/state/resume`;

/** Virtual milliseconds in which whatever is waited for has happened, or never will. */
const PATIENCE = 600_000;

/** A simulated network, with a client whose files are on the model disk, and seeders whose data is in memory. */
export class CrashWorld {
  /** @type {SimWorld} */
  world;
  /** @type {Client[]} */
  #clients = [];
  #hosts = 0;

  /** @param {number} seed */
  constructor(seed) {
    this.world = new SimWorld({ seed });
  }

  /** Virtual milliseconds. */
  get now() {
    return this.world.now;
  }

  /**
   * The client under test, as anyone would start it.
   *
   * @param {ClientOptions} [options]
   */
  start(options = {}) {
    return this.#start({ resumeDirectory: RESUME, diskWorkers: 1, ...options });
  }

  /**
   * @param {Content} content
   * @param {number} rate bytes per second it uploads
   * @returns {Promise<{ address: string, port: number }>}
   */
  async seed(content, rate) {
    const { info } = content.metainfo;
    const host = this.#host(rate);
    const client = await this.#start({}, host);
    const layout = new FileLayout(info);
    const storing = async (/** @type {MemoryStorage} */ storage) => {
      for (let piece = 0; piece < info.pieceCount; piece++) {
        const length = layout.payloadLengthAt(piece);
        const buffer = content.pieceOf(piece).slice().buffer;
        const { outcome } = await storage.writePiece(piece, buffer, length, false);
        if (outcome !== 'written') throw new Error(`piece ${piece} of ${content.name}: ${outcome}`);
      }
    };
    /** @type {Promise<void> | undefined} */
    let stored;
    await client.add(content.metainfo, {
      directory: '/nowhere',
      check: 'trust',
      reuseLocalData: false,
      storage: (theInfo, _directory, hashes) => {
        const storage = new MemoryStorage(theInfo, hashes);
        stored = storing(storage);
        return storage;
      },
    });
    await this.until(() => stored !== undefined, 'a seeder');
    await stored;
    return { address: host.address, port: client.port };
  }

  /**
   * Lets virtual time pass until something holds.
   *
   * @param {() => boolean} until
   * @param {string} what
   */
  async until(until, what) {
    const end = await this.world.run({ until, limit: PATIENCE });
    if (end !== 'until') throw new Error(`${what} did not happen`);
  }

  /**
   * Lets virtual time pass until a promise is settled.
   *
   * @template T
   * @param {Promise<T>} promise
   * @returns {Promise<T>}
   */
  async settle(promise) {
    let over = false;
    const end = () => void (over = true);
    promise.then(end, end);
    await this.until(() => over, 'the end of what was begun');
    return promise;
  }

  /** @param {Client} client */
  async stop(client) {
    await this.settle(client.close());
  }

  async close() {
    for (const client of this.#clients) await this.settle(client.close());
  }

  /** @param {number} [rate] */
  #host(rate) {
    this.#hosts += 1;
    return this.world.host({
      address: `20.0.${this.#hosts}.7`,
      latency: 15,
      ...(rate === undefined ? {} : { bandwidthUp: rate }),
    });
  }

  /** @param {ClientOptions} options */
  async #start(options, host = this.#host()) {
    const client = await Client.start({
      port: 6881,
      host,
      localDiscovery: false,
      dht: false,
      webSeeds: false,
      ...options,
    });
    this.#clients.push(client);
    return client;
  }
}

/**
 * Whether the engine counts a piece as there.
 *
 * @param {AnyTorrent} torrent
 * @param {number} piece
 */
export function claims(torrent, piece) {
  // Internal: what other torrents of a client ask of this one.
  const { lender } = /** @type {{ lender?: { has(piece: number): boolean } }} */ (
    /** @type {unknown} */ (torrent)
  );
  return lender?.has(piece) === true;
}
