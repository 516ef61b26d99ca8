import type { Metainfo } from '@shoal/metainfo';
import { SimWorld, type SimHost, type SimHostOptions } from '@shoal/net/sim';
import { type AddOptions, Client, type ClientOptions, type Torrent } from '../../src/index.ts';
import { type FileSpec, makeTorrent, type TestTorrent } from '../disk/fixture.ts';
import { ContentStorage } from './content-storage.ts';
import { metainfoOf } from './metainfo.ts';
import { SimTracker, TRACKER_URL } from './sim-tracker.ts';
import { makeV2Torrent, oneSideOf, type V2Torrent } from './v2-torrent.ts';

/** A line of 1 MB/s each way, 15 ms from the middle of the network: two of them are 30 ms apart. */
export const HOME_LINE = { bandwidthUp: 1_000_000, bandwidthDown: 1_000_000, latency: 15 } as const;

/** Clients that are told of when something does not happen. */
const MOST_SHOWN = 24;

/** One client of a simulated swarm. */
export interface Node {
  readonly host: SimHost;
  readonly client: Client;
  readonly torrent: Torrent;
  readonly storage: ContentStorage;
  /** Connections its torrent may have; undefined: as by default. */
  readonly maxPeers?: number | undefined;
}

export interface NodeOptions {
  readonly line?: Partial<SimHostOptions>;
  /** The machine it runs on. Default: one of its own, with that line. */
  readonly host?: SimHost;
  /** Pieces it has from the beginning. */
  readonly have?: Iterable<number> | 'all';
  readonly client?: ClientOptions;
  readonly add?: Partial<AddOptions>;
  readonly storage?: ContentStorage;
  /** Do not announce. */
  readonly trackerless?: boolean;
  /** Of a hybrid: which hash it knows. Default: both. */
  readonly side?: 'v1' | 'v2';
}

export interface SwarmSetup {
  readonly seed: number;
  readonly files?: readonly FileSpec[];
  readonly pieceLength?: number;
  readonly private?: boolean;
  /** Both v1 and v2, with one file of this many bytes. */
  readonly hybrid?: number;
  /** Instead of one made of {@link files}. */
  readonly torrent?: V2Torrent;
}

/** A simulated world with a tracker and clients of one torrent. */
export class SimSwarm {
  readonly world: SimWorld;
  readonly tracker: SimTracker;
  readonly torrent: TestTorrent;
  readonly metainfo: Metainfo;
  readonly nodes: Node[] = [];
  /** Hears of every client that gets the torrent, before anything happens to it. */
  onNode: ((node: Node) => void) | undefined;
  readonly #clients: Client[] = [];
  #hosts = 0;

  constructor(setup: SwarmSetup) {
    const { seed, files, pieceLength = 32_768, private: isPrivate = false, hybrid } = setup;
    this.world = new SimWorld({ seed });
    this.tracker = new SimTracker(this.world.random);
    const made =
      hybrid === undefined
        ? setup.torrent
        : makeV2Torrent([{ path: 'film.bin', length: hybrid }], pieceLength, {
            hybrid: true,
            seed,
          });
    this.torrent =
      made ?? makeTorrent(files ?? [{ path: 'film.bin', length: 2 << 20 }], pieceLength, seed);
    const trackers = [[TRACKER_URL]];
    this.metainfo =
      made === undefined
        ? metainfoOf(this.torrent, { private: isPrivate, trackers })
        : { ...made.metainfo, trackers };
  }

  /** A machine with a home line and an address of its own. */
  host(line: Partial<SimHostOptions> = {}): SimHost {
    this.#hosts += 1;
    const address = `20.${this.#hosts >> 8}.${this.#hosts & 255}.7`;
    return this.world.host({ ...HOME_LINE, address, ...line });
  }

  /** A client on a machine of its own, without torrents. */
  async client(
    options: ClientOptions = {},
    line: Partial<SimHostOptions> = {},
    host: SimHost = this.host(line),
  ): Promise<[Client, SimHost]> {
    const trackerClient = this.tracker.clientFor(host);
    const client = await Client.start({ port: 6881, host, trackerClient, ...options });
    this.#clients.push(client);
    return [client, host];
  }

  /** A client that has the torrent. */
  async node(options: NodeOptions = {}): Promise<Node> {
    const [client, host] = await this.client(options.client, options.line, options.host);
    const storage = options.storage ?? new ContentStorage(this.torrent, options.have);
    const { info, trackers } = this.metainfo;
    const metainfo: Metainfo = {
      ...this.metainfo,
      trackers: options.trackerless === true ? [] : trackers,
      info: options.side === undefined ? info : oneSideOf(info, options.side),
    };
    const torrent = await client.add(metainfo, {
      directory: '/nowhere',
      storage: () => storage,
      ...options.add,
    });
    torrent.on('error', () => undefined);
    const node = { host, client, torrent, storage, maxPeers: options.add?.maxPeers };
    this.nodes.push(node);
    this.onNode?.(node);
    return node;
  }

  seed(options: NodeOptions = {}): Promise<Node> {
    return this.node({ have: 'all', ...options });
  }

  /** Lets virtual time pass until `until` holds; throws when it does not within `limit` virtual milliseconds. */
  async until(until: () => boolean, limit: number, what = 'what was waited for'): Promise<number> {
    const start = this.world.now;
    const end = await this.world.run({ until, limit });
    if (end !== 'until') {
      const states = this.nodes.slice(0, MOST_SHOWN).map(({ torrent }) => {
        const { state, pieces, peers } = torrent.progress();
        return `${state} ${pieces.have}/${pieces.total} with ${peers} peers`;
      });
      throw new Error(`${what} did not happen in ${limit} ms (${end}): ${states.join('; ')}`);
    }
    return this.world.now - start;
  }

  /** Lets virtual time pass. */
  async pass(time: number): Promise<void> {
    await this.world.run({ limit: time });
  }

  /** Lets virtual time pass until a promise is settled. */
  async settle<T>(promise: Promise<T>, limit = 60_000): Promise<T> {
    let over = false;
    const end = (): void => {
      over = true;
    };
    promise.then(end, end);
    await this.until(() => over, limit, 'the promise');
    return promise;
  }

  /** Lets virtual time pass until the nodes have all they want. */
  finished(nodes: readonly Node[], limit: number): Promise<number> {
    const left = new Set(nodes);
    const isDone = (): boolean => {
      for (const node of left) {
        if (node.torrent.state !== 'seeding') return false;
        left.delete(node);
      }
      return true;
    };
    return this.until(isDone, limit, 'the end of the download');
  }

  async close(): Promise<void> {
    await this.settle(Promise.all(this.#clients.map((client) => client.close())));
  }
}
