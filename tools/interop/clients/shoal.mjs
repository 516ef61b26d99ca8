// @ts-check
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { createHash } from 'node:crypto';
import { decode } from '../lib/bencode.mjs';
import { answersHandshake } from '../lib/probe.mjs';
import { Program, run } from '../lib/process.mjs';
import { ShoalFault } from './client.mjs';

const WORKSPACE = resolve(import.meta.dirname, '../../..');

/** `SHOAL_BIN`: the command under test, words separated by spaces. */
const COMMAND = (process.env['SHOAL_BIN'] ?? 'node packages/cli/dist/bin.js')
  .split(' ')
  .filter(Boolean)
  // Paths are as seen from the workspace's root; the programs run elsewhere.
  .map((word, at) => (at === 0 && word === 'node' ? process.execPath : word))
  .map((word) => (word.includes('/') && !isAbsolute(word) ? join(WORKSPACE, word) : word));

/** Events of one process that go to the log file, in lines. */
const LOGGED_EVENTS = 2_000;

/** Nodes that it is told of to enter the DHT by: one of each kind. */
const DHT_ENTRIES = 3;

/** Events of `--json` that say that a download is complete and verified. */
const COMPLETE_EVENT = /^complete$/;

/**
 * @typedef {object} CreateOptions
 * @property {string} path file or folder
 * @property {string} out path of the .torrent file
 * @property {'v1' | 'hybrid' | 'v2'} [format] default: v1, which every client reads
 * @property {number} [pieceLength] bytes; default: automatic
 * @property {string[]} [trackers]
 * @property {boolean} [isPrivate]
 * @property {string} [source]
 * @property {string} [comment]
 * @property {readonly string[]} [more] options of `shoal create` that a stand-in does not have
 * @property {string[]} [webSeeds]
 * @property {string[]} [httpSeeds]
 */

/** The `shoal` command: one process per torrent. @type {import('./client.mjs').Client} */
export const shoal = {
  name: 'shoal',
  finds: ['udp', 'pex', 'lsd', 'dht'],

  version: async () => {
    const script = COMMAND.find((word) => isAbsolute(word) && /\.[cm]?js$/.test(word));
    if (script && !existsSync(script)) {
      throw new Error(
        `shoal is not built: there is no ${script} (build the cli package, or set SHOAL_BIN)`,
      );
    }
    return `shoal ${(await run([...COMMAND, '--version'], { home: '/', log: '/dev/null', timeout: 30_000 })).trim()}`;
  },

  start: async ({ ip, port, enter, home, log, discovery }) => {
    /** @typedef {{ program: Program, events: Events, seed: boolean, stay: boolean, address: { ip: string, port: number } }} Running */
    /** @type {Map<string, Running>} */
    const running = new Map();
    let nextPort = port;
    mkdirSync(home, { recursive: true });

    return {
      add: async ({
        torrent,
        directory,
        peers = [],
        seed = false,
        stay = false,
        uploadLimit,
        downloadLimit,
        localWebSeeds = false,
        more = [],
      }) => {
        const address = { ip, port: nextPort++ };
        const program = new Program(
          [
            ...enter,
            ...COMMAND,
            ...(seed
              ? ['seed', torrent, '--data', directory]
              : ['download', torrent, '-o', directory, ...(stay ? ['--seed'] : [])]),
            '--bind',
            address.ip,
            '--port',
            `${address.port}`,
            '--json',
            ...(discovery.pex ? [] : ['--no-pex']),
            discovery.lsd ? '--lsd' : '--no-lsd',
            ...(discovery.dht ? [] : ['--no-dht']),
            ...(discovery.dht ?? [])
              .slice(0, DHT_ENTRIES)
              .flatMap((node) => ['--dht-bootstrap', written(node)]),
            ...more,
            ...peers.flatMap((peer) => ['--peer', written(peer)]),
            ...(uploadLimit ? ['--max-upload', `${uploadLimit}`] : []),
            ...(downloadLimit ? ['--max-download', `${downloadLimit}`] : []),
            ...(localWebSeeds ? ['--local-servers', 'all'] : []),
          ],
          { home, log, pipeOutput: true },
        );
        const infoHash = infoHashOf(torrent);
        running.set(infoHash, { program, events: new Events(program, log), seed, stay, address });
        return infoHash;
      },
      status: async (infoHash) => {
        const entry = running.get(infoHash);
        if (!entry) throw new Error(`shoal was not given torrent ${infoHash}`);
        const { program, events, seed, stay, address } = entry;
        if (program.ended && (program.ended.code !== 0 || seed || stay)) {
          throw new ShoalFault(`shoal ${program.verdict}`);
        }
        // A download is complete when the command exits with 0; one that stays, when it says so;
        // a seed is ready when it answers for the torrent.
        const complete = seed
          ? await answersHandshake(address, infoHash)
          : program.ended !== undefined || (stay && events.complete);
        return {
          complete,
          text: events.last || 'it printed no event',
          memory: program.memory,
          ...(events.downloaded === undefined ? {} : { downloaded: events.downloaded }),
        };
      },
      stop: async () => {
        const verdicts = await Promise.all(
          [...running.values()].map(({ program }) => program.stop({ signal: 'SIGINT' })),
        );
        return verdicts.every(Boolean);
      },
      kill: async () => {
        await Promise.all([...running.values()].map(({ program }) => program.kill()));
      },
    };
  },
};

/** @param {import('./client.mjs').Address} address */
function written({ ip, port }) {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** What a shoal process says with `--json`. */
class Events {
  complete = false;
  last = '';
  #logged = 0;
  /** Payload bytes of this process, as far as it told. @type {number | undefined} */
  downloaded;

  /**
   * @param {Program} program
   * @param {string} log
   */
  constructor(program, log) {
    let rest = '';
    program.child.stdout?.setEncoding('utf8').on('data', (/** @type {string} */ chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(line, log);
    });
  }

  /**
   * @param {string} line
   * @param {string} log
   */
  #take(line, log) {
    if (line === '') return;
    this.last = line.slice(0, 300);
    /** @type {Record<string, unknown>} */
    let event;
    try {
      event = /** @type {Record<string, unknown>} */ (JSON.parse(line));
    } catch {
      return;
    }
    // The last of the progress lines is in the message of a failure; the others would only hide the rest.
    if (event['event'] !== 'progress' && this.#logged++ < LOGGED_EVENTS) {
      appendFileSync(log, `${line}\n`);
    }
    // Figures stand in the event itself, or, at the end, in one entry per torrent: here there is one.
    const torrents = Array.isArray(event['torrents']) ? event['torrents'] : [];
    for (const object of [event, ...torrents]) {
      const fields = /** @type {Record<string, unknown>} */ (object);
      if (fields['state'] === 'seeding') this.complete = true;
      if (typeof fields['downloadedBytes'] === 'number')
        this.downloaded = fields['downloadedBytes'];
    }
    if (COMPLETE_EVENT.test(String(event['event']))) this.complete = true;
  }
}

/**
 * @param {string} torrent path of the .torrent file, or a magnet link
 * @returns {string} the 20-byte info-hash of the wire: v1, or, of a torrent without, v2 cut; lower-case hex
 */
export function infoHashOf(torrent) {
  if (torrent.startsWith('magnet:')) {
    const v1 = /urn:btih:([0-9a-f]{40})/.exec(torrent)?.[1];
    const hash = v1 ?? /urn:btmh:1220([0-9a-f]{40})/.exec(torrent)?.[1];
    if (!hash) throw new Error(`${torrent} has no info-hash`);
    return hash;
  }
  const { v1, v2 } = infoHashesOf(torrent);
  return v1 ?? v2?.slice(0, 40) ?? '';
}

/**
 * @param {string} torrent path
 * @returns {{ v1: string | undefined, v2: string | undefined }} lower-case hex, over the bytes as they stand in the file
 */
export function infoHashesOf(torrent) {
  const bytes = readFileSync(torrent);
  const span = decode(bytes).spans.get('info');
  if (!span) throw new Error(`${torrent} has no info dictionary`);
  const info = bytes.subarray(span.start, span.end);
  const { spans } = decode(info);
  /** @param {string} algorithm */
  const hash = (algorithm) => createHash(algorithm).update(info).digest('hex');
  return {
    v1: spans.has('pieces') ? hash('sha1') : undefined,
    v2: spans.has('file tree') ? hash('sha256') : undefined,
  };
}

/**
 * `shoal create`.
 *
 * @param {CreateOptions} options
 * @param {{ home: string, log: string }} where
 * @returns {Promise<string>} what it printed
 */
export function createWithShoal(options, where) {
  const { path, out, format = 'v1', trackers = [], pieceLength, isPrivate, source } = options;
  const { comment, webSeeds = [], httpSeeds = [], more = [] } = options;
  return run(
    [
      ...COMMAND,
      'create',
      path,
      '-o',
      out,
      `--${format}`,
      ...trackers.flatMap((url) => ['--tracker', url]),
      ...(pieceLength ? ['--piece-length', `${pieceLength}`] : []),
      ...(isPrivate ? ['--private'] : []),
      ...(source ? ['--source', source] : []),
      ...(comment ? ['--comment', comment] : []),
      ...more,
      ...webSeeds.flatMap((url) => ['--web-seed', url]),
      ...httpSeeds.flatMap((url) => ['--http-seed', url]),
    ],
    { ...where, timeout: 60_000 },
  );
}

/**
 * `shoal tracker`.
 *
 * @param {{ ip: string, port: number, home: string, log: string }} options
 */
export function startShoalTracker({ ip, port, home, log }) {
  return new Program([...COMMAND, 'tracker', '--bind', ip, '--port', `${port}`], { home, log });
}
