// @ts-check
/** What a scenario works with: addresses, folders, clients and trackers, all taken back at its end. */
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LOCALHOST, ShoalFault, waitComplete } from '../clients/client.mjs';
import { compareWithSource } from './compare.mjs';
import { makeContent, openTorrentOf, writeTorrent } from './content.mjs';
import { LAN_GATEWAY, makeLan, startMachine } from './lan.mjs';
import { killAllOf } from './process.mjs';
import { scrape } from './probe.mjs';
import { startOpentracker, startOwnTracker } from './trackers.mjs';
import { waitFor } from './wait.mjs';
import { startNginx, startPieceServer } from './web-server.mjs';

/** @typedef {import('./content.mjs').Content} Content */
/** @typedef {import('./content.mjs').Shape} Shape */
/** @typedef {import('../clients/client.mjs').Client} Client */
/** @typedef {import('../clients/client.mjs').Session} Session */
/** @typedef {import('../clients/client.mjs').AddOptions} AddOptions */
/** @typedef {import('../clients/client.mjs').Discovery} Discovery */

/** Ports below the range from which the kernel takes those of outgoing connections. */
const FIRST_PORT = 20_000;
/** Ports per client; shoal takes one per torrent. */
const PORTS_EACH = 10;
/** Last octet of the first address given out. */
const FIRST_HOST = 10;
const HOSTS = 200;

let allocated = 0;

/** @returns {{ ip: string, port: number, rpcPort: number }} for ten ports each, not given out before in this run */
function allocate() {
  const n = allocated++;
  const port = FIRST_PORT + ((n * PORTS_EACH) % 10_000);
  return { ip: `10.99.0.${FIRST_HOST + (n % HOSTS)}`, port, rpcPort: port - 10_000 };
}

/** Content is made once per run and shared; nobody writes to it. @type {Map<Shape, Content>} */
const contents = new Map();

/** A client that was started for a scenario, with the place where it works. */
export class Actor {
  /**
   * @param {Client} client
   * @param {Session} session
   * @param {string} label
   * @param {string} folder
   * @param {{ ip: string, port: number }} address
   * @param {Context} context
   */
  constructor(client, session, label, folder, address, context) {
    this.client = client;
    this.session = session;
    this.label = label;
    this.folder = folder;
    this.address = address;
    this.context = context;
  }

  /**
   * Seeds content and waits until it is ready to.
   *
   * @param {Content} content
   * @param {string} torrent path
   * @param {Pick<AddOptions, 'uploadLimit' | 'peers' | 'more'>} [options]
   */
  async seed(content, torrent, options = {}) {
    const added = { torrent, directory: content.directory, seed: true, ...options };
    await waitComplete(
      this.session,
      await this.session.add(added),
      `${this.label} (seeding)`,
      this.context.patience,
    );
  }

  /**
   * Starts a download.
   *
   * @param {Content} content
   * @param {string} torrent path or magnet link
   * @param {Partial<AddOptions>} [options]
   * @returns {Promise<Download>}
   */
  async download(content, torrent, options = {}) {
    const { directory = join(this.folder, `downloads-${content.infoHash.slice(0, 8)}`), ...rest } =
      options;
    mkdirSync(directory, { recursive: true });
    const infoHash = await this.session.add({ torrent, directory, ...rest });
    const expected = content.infoHashes ?? [content.infoHash];
    if (!expected.includes(infoHash)) {
      throw new Error(`${this.label} says info-hash ${infoHash}, not ${expected.join(' or ')}`);
    }
    return new Download(this, content, directory, infoHash);
  }
}

/** A download under way. */
export class Download {
  /**
   * @param {Actor} actor
   * @param {Content} content
   * @param {string} directory
   * @param {string} infoHash as the client says it
   */
  constructor(actor, content, directory, infoHash) {
    this.actor = actor;
    this.content = content;
    this.directory = directory;
    this.infoHash = infoHash;
  }

  /** Waits for its end and compares the result with the source, byte for byte. */
  async verified() {
    const { actor, content } = this;
    await waitComplete(actor.session, this.infoHash, actor.label, actor.context.patience);
    try {
      const { files, bytes } = compareWithSource(content, this.directory, actor.client);
      actor.context.compared += bytes;
      actor.context.comparedFiles += files;
    } catch (error) {
      const Failure = actor.client.name === 'shoal' ? ShoalFault : Error;
      const message = error instanceof Error ? error.message : String(error);
      throw new Failure(`${actor.label}: ${message}`, { cause: error });
    }
  }
}

/** One run of one scenario. */
export class Context {
  /** Facts for the report. @type {Record<string, number | string>} */
  facts = {};
  /** Bytes that were compared and equal. */
  compared = 0;
  comparedFiles = 0;
  /** @type {(() => Promise<unknown>)[]} */
  #endings = [];
  #over = false;

  /**
   * @param {object} options
   * @param {string} options.folder of this scenario
   * @param {string} options.contentFolder shared by the scenarios of this run
   * @param {string | undefined} options.standIn who plays shoal, when not shoal
   * @param {Client} options.shoal who plays shoal's part
   * @param {number} options.patience ms that one step may take
   * @param {number} options.seed for what is drawn at random
   */
  constructor({ folder, contentFolder, standIn, shoal, patience, seed }) {
    this.folder = folder;
    this.logs = join(folder, 'logs');
    this.contentFolder = contentFolder;
    this.standIn = standIn;
    this.shoal = shoal;
    this.patience = patience;
    this.seed = seed;
    mkdirSync(this.logs, { recursive: true });
  }

  /** @param {Shape} shape */
  content(shape) {
    const content = contents.get(shape) ?? makeContent(shape, join(this.contentFolder, shape));
    contents.set(shape, content);
    return content;
  }

  /**
   * Content in a torrent of this scenario's own, which is not private.
   *
   * @param {Shape} shape
   * @param {string} [label] what tells several such torrents from each other
   */
  openContent(shape, label = '') {
    return openTorrentOf(this.content(shape), `${basename(this.folder)}${label}`);
  }

  /**
   * @param {Content} content
   * @param {string} [announce]
   * @returns {string} path
   */
  torrent(content, announce) {
    const path = join(this.folder, `${content.infoHash}.torrent`);
    writeTorrent(content, announce, path);
    return path;
  }

  /**
   * @param {Client} client
   * @param {string} label its part in the scenario
   * @param {{ home?: string, udpTrackers?: boolean, discovery?: Discovery, ipv6?: boolean }} [options] `home`: of an actor that is started again; `discovery`: it has a
   *   machine of its own in the local network, and finds peers so; `ipv6`: the machine has no other address
   */
  async start(client, label, { home, udpTrackers = false, discovery, ipv6 = false } = {}) {
    const address = allocate();
    const place = discovery ? await this.machine({ ipv6 }) : undefined;
    if (place) address.ip = place.ip;
    const folder = home ?? join(this.folder, label);
    const session = await client.start({
      ...address,
      rpcIp: place?.ip ?? LOCALHOST,
      enter: place?.enter ?? [],
      discovery: discovery ?? {},
      home: join(folder, 'home'),
      log: join(this.logs, `${label}.log`),
      udpTrackers: udpTrackers || discovery !== undefined,
    });
    await this.onEnd(() => session.kill());
    return new Actor(client, session, `${label} (${client.name})`, folder, address, this);
  }

  /** A machine in the local network. @param {{ addresses?: number, ipv6?: boolean }} [options] */
  async machine(options) {
    const machine = await startMachine(options);
    await this.onEnd(() => machine.end());
    return machine;
  }

  /** @param {string[]} infoHashes @param {{ lan?: boolean }} [options] `lan`: for those who have a machine of their own */
  async opentracker(infoHashes, options = {}) {
    const place = this.#serverPlace('opentracker', options);
    const tracker = await startOpentracker({ ...place, infoHashes });
    await this.onEnd(() => tracker.program.kill());
    return tracker;
  }

  /** shoal's tracker, or its stand-in. @param {string[]} infoHashes @param {{ lan?: boolean }} [options] */
  async shoalTracker(infoHashes, options = {}) {
    if (this.standIn) return this.opentracker(infoHashes, options);
    const place = this.#serverPlace('shoal-tracker', options);
    const tracker = await startOwnTracker({ ...place, infoHashes });
    await this.onEnd(() => tracker.program.stop({ signal: 'SIGINT', patience: 5_000 }));
    return tracker;
  }

  /**
   * Serves a folder.
   *
   * @param {string} root
   * @param {boolean} ranges
   * @param {{ lan?: boolean }} [options] `lan`: for those who have a machine of their own
   */
  async nginx(root, ranges, options = {}) {
    const server = await startNginx({ ...this.#serverPlace('nginx', options), root, ranges });
    await this.onEnd(() => server.program.kill());
    return server;
  }

  /** A web seed of the older kind. @param {{ path: string, pieceLength: number, length: number }} file */
  async pieceServer(file) {
    const server = await startPieceServer({ ...allocate(), ...file });
    await this.onEnd(() => server.close());
    return server;
  }

  /** A server of the harness's own in the local network. @returns {import('../clients/client.mjs').Address} with ten ports from there */
  ownPlace() {
    makeLan();
    return { ip: LAN_GATEWAY, port: allocate().port };
  }

  /** @param {string} label @param {{ lan?: boolean }} options */
  #serverPlace(label, { lan = false }) {
    const { ip: own, port } = allocate();
    if (lan) makeLan();
    const ip = lan ? LAN_GATEWAY : own;
    return { ip, port, home: join(this.folder, label), log: join(this.logs, `${label}.log`) };
  }

  /**
   * Waits until a tracker counts this many seeds and peers in all: whoever comes next is told of them.
   *
   * @param {import('./probe.mjs').Address} tracker
   * @param {string} infoHash
   * @param {{ complete?: number, total?: number }} counts at least
   */
  async trackerKnows(tracker, infoHash, { complete = 0, total = complete }) {
    let last = '';
    await waitFor(
      `the tracker counts ${complete} seeds, ${total} peers`,
      this.patience,
      async () => {
        const numbers = await scrape(tracker, infoHash);
        last = `${numbers.complete} seeds, ${numbers.incomplete} others`;
        return numbers.complete >= complete && numbers.complete + numbers.incomplete >= total;
      },
    ).catch((/** @type {unknown} */ error) => {
      throw new Error(`${error instanceof Error ? error.message : String(error)} (last: ${last})`, {
        cause: error,
      });
    });
  }

  /** @param {() => Promise<unknown>} ending called at the end, last added first; at once when the end has come */
  async onEnd(ending) {
    if (this.#over) await ending();
    else this.#endings.push(ending);
  }

  async end() {
    this.#over = true;
    for (const ending of this.#endings.reverse()) {
      await ending();
    }
    this.#endings = [];
    await killAllOf(this.logs);
  }
}
