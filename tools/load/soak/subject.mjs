// @ts-check
/** The process that is measured: one client, and what a sample needs. Run with --expose-gc. */
import { readdirSync, readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { serve } from '../lib/rpc.mjs';
import { Client } from '../lib/shoal.mjs';

/** @typedef {import('../../../packages/client/src/index.ts').AnyTorrent} AnyTorrent */

/** Milliseconds between two looks of the event-loop monitor. */
const DELAY_RESOLUTION = 10;

/** @type {import('../../../packages/client/src/index.ts').Client | undefined} */
let client;
/** By the director's name for it. @type {Map<string, AnyTorrent>} */
const torrents = new Map();
/** Of torrents that are gone. */
const past = { downloaded: 0, uploaded: 0, wasted: 0 };
const counts = { errors: 0, warnings: 0, bans: 0, peersCame: 0, peersLeft: 0, trackerFailures: 0 };
/** The last few, for a person. @type {string[]} */
const lastErrors = [];
const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION });
delay.enable();

/** @param {string} key */
function torrentOf(key) {
  const torrent = torrents.get(key);
  if (torrent === undefined) throw new Error(`the subject has no torrent ${key}`);
  return torrent;
}

/** @param {string} text */
function note(text) {
  lastErrors.push(text);
  if (lastErrors.length > 20) lastErrors.shift();
  console.log(`${new Date().toISOString()} ${text}`);
}

/** @param {string} key @param {AnyTorrent} torrent */
function listen(key, torrent) {
  torrent.on('error', (error) => {
    counts.errors += 1;
    note(`${key}: error: ${error.message}`);
  });
  torrent.on('warning', (error) => {
    counts.warnings += 1;
    note(`${key}: warning: ${error.message}`);
  });
  torrent.on('peer', ({ event }) => {
    if (event === 'connected') counts.peersCame += 1;
    else if (event === 'disconnected') counts.peersLeft += 1;
    else counts.bans += 1;
  });
  torrent.on('tracker', ({ state }) => {
    if (state === 'failed') counts.trackerFailures += 1;
  });
}

/** @param {AnyTorrent} torrent */
function settle(torrent) {
  const { downloadedBytes, uploadedBytes, wastedBytes } = torrent.progress();
  past.downloaded += downloadedBytes;
  past.uploaded += uploadedBytes;
  past.wasted += wastedBytes;
}

/** Active resources by type. */
function resources() {
  /** @type {Record<string, number>} */
  const found = {};
  for (const type of process.getActiveResourcesInfo()) found[type] = (found[type] ?? 0) + 1;
  return found;
}

function sample() {
  const milliseconds = (/** @type {number} */ ns) => Math.round(ns / 1e4) / 100;
  const loop = {
    p50: milliseconds(delay.percentile(50)),
    p99: milliseconds(delay.percentile(99)),
    max: milliseconds(delay.max),
  };
  // What the sample itself costs is not the client's.
  delay.disable();
  globalThis.gc?.();
  const memory = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  let peers = 0;
  const bytes = { ...past };
  for (const torrent of client?.torrents ?? []) {
    const progress = torrent.progress();
    peers += progress.peers;
    bytes.downloaded += progress.downloadedBytes;
    bytes.uploaded += progress.uploadedBytes;
    bytes.wasted += progress.wastedBytes;
  }
  const values = {
    rss: memory.rss,
    anonymous: anonymousMemory(),
    heapUsed: memory.heapUsed,
    external: memory.external,
    arrayBuffers: memory.arrayBuffers,
    fds: readdirSync('/proc/self/fd').length - 1,
    resources: resources(),
    loop,
    torrents: client?.torrents.length ?? 0,
    peers,
    dhtNodes: client?.dht?.nodeCount ?? 0,
    bytes,
    ...counts,
    cpu: Math.round((user + system) / 1e4) / 100,
  };
  delay.reset();
  delay.enable();
  return values;
}

/** Bytes of memory that is no file's, swapped out or not. */
function anonymousMemory() {
  const status = readFileSync('/proc/self/status', 'utf8');
  const kib = (/** @type {string} */ name) =>
    Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  return (kib('RssAnon') + kib('VmSwap')) * 1024;
}

async function close() {
  const start = performance.now();
  await client?.close();
  client = undefined;
  return Math.round(performance.now() - start);
}

process.on('unhandledRejection', (reason) => {
  counts.errors += 1;
  note(`unhandled rejection: ${reason instanceof Error ? reason.stack : String(reason)}`);
});

serve(
  {
    start: async (options) => {
      client = await Client.start(options);
      return { port: client.port };
    },
    add: async ({ key, source, options }) => {
      const started = /** @type {import('../../../packages/client/src/index.ts').Client} */ (
        client
      );
      const bytes = typeof source === 'string' && !source.startsWith('magnet:');
      const torrent = await started.add(bytes ? readFileSync(source) : source, options);
      torrents.set(key, torrent);
      listen(key, torrent);
    },
    /** Resolves once it is complete, or has `share` of its bytes. */
    complete: async ({ key, timeout, share = 1 }) => {
      const torrent = torrentOf(key);
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(new Error(`not done in ${timeout} ms`)), timeout);
      const { signal } = late;
      try {
        if (share === 1) await torrent.completed({ signal });
        else {
          for await (const { completedBytes, totalBytes, state } of torrent.watch({ signal })) {
            if (state === 'seeding' || state === 'error') break;
            if (totalBytes > 0 && completedBytes >= share * totalBytes) break;
          }
          signal.throwIfAborted();
        }
      } catch (error) {
        const { state, completedBytes, totalBytes, peers, seeds } = torrent.progress();
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(
          `${reason}: ${state}, ${completedBytes} of ${totalBytes} bytes, ${peers} peers, ${seeds} seeds`,
          { cause: error },
        );
      } finally {
        clearTimeout(timer);
      }
      const { state, completedBytes, wastedBytes } = torrent.progress();
      return { state, completedBytes, wastedBytes };
    },
    pause: ({ key }) => torrentOf(key).pause(),
    resume: ({ key }) => torrentOf(key).resume(),
    limits: ({ key, limits }) => torrentOf(key).setRateLimits(limits),
    verify: async ({ key }) => {
      await (await torrentOf(key).metadata()).verify();
    },
    peer: ({ key, endpoint }) => torrentOf(key).addPeer(endpoint),
    /** Reads a file in order, while it downloads. */
    stream: async ({ key, file }) => {
      const torrent = await torrentOf(key).metadata();
      let bytes = 0;
      const stream = torrent.file(file)?.createReadStream();
      if (stream !== undefined) for await (const chunk of stream) bytes += chunk.length;
      return { bytes };
    },
    remove: async ({ key, keepResumeData = false }) => {
      const torrent = torrentOf(key);
      torrents.delete(key);
      settle(torrent);
      await torrent.remove({ keepResumeData });
    },
    sample,
    errors: () => ({ lastErrors }),
    close: async () => {
      const ms = await close();
      delay.disable();
      // What was closed is gone a turn of the loop later.
      await new Promise((resolve) => setTimeout(resolve, 100).unref());
      return { ms, ...sample() };
    },
  },
  () => void close().finally(() => process.exit(1)),
);
