// @ts-check
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Program, run } from '../lib/process.mjs';
import { delay } from '../lib/wait.mjs';

/** Debian's own Python: the one that has python3-libtorrent. */
export const PYTHON = '/usr/bin/python3';
export const SCRIPT = join(import.meta.dirname, 'lt_peer.py');

/** @typedef {{ id: number, error?: string, info_hash?: string, v1?: string, v2?: string, complete?: boolean, progress?: number, state?: string, uploaded?: number, downloaded?: number, counts?: number[], peers?: string[] }} Answer */

/** libtorrent through its Python binding. @type {import('./client.mjs').Client} */
export const libtorrent = {
  name: 'libtorrent',
  finds: ['udp', 'pex', 'lsd', 'dht'],

  version: async () => {
    return (
      await run([PYTHON, SCRIPT, 'version'], { home: '/', log: '/dev/null', timeout: 20_000 })
    ).trim();
  },

  start: async ({ ip, port, enter, home, log, discovery }) => {
    const options = JSON.stringify(discovery);
    const program = new Program([...enter, PYTHON, SCRIPT, 'serve', ip, `${port}`, options], {
      home,
      log,
      pipeOutput: true,
    });
    const call = await talkTo(program);

    return {
      add: async ({ torrent, directory, peers = [], uploadLimit, downloadLimit }) => {
        mkdirSync(directory, { recursive: true });
        const answer = await call({
          op: 'add',
          torrent,
          directory,
          peers: peers.map((peer) => [peer.ip, peer.port]),
          upload_limit: uploadLimit ?? 0,
          download_limit: downloadLimit ?? 0,
        });
        return answer.info_hash ?? '';
      },
      status: async (infoHash) => {
        const answer = await call({ op: 'status', info_hash: infoHash });
        return {
          complete: answer.complete === true,
          text: `${Math.round((answer.progress ?? 0) * 100)} %, ${answer.state}`,
          uploaded: answer.uploaded ?? 0,
          downloaded: answer.downloaded ?? 0,
        };
      },
      infoHashes: async (infoHash) => {
        const { v1 = '', v2 = '' } = await call({ op: 'hashes', info_hash: infoHash });
        return { v1, v2 };
      },
      stop: () => program.stop(),
      kill: () => program.kill(),
    };
  },
};

/**
 * @param {Program} program speaks JSON lines
 * @returns {Promise<(command: Record<string, unknown>) => Promise<Answer>>} once it is ready
 */
export async function talkTo(program) {
  /** @type {Map<number, (answer: Answer) => void>} */
  const waiting = new Map();
  let nextId = 0;
  if (program.child.stdout) {
    createInterface({ input: program.child.stdout }).on('line', (line) => {
      const answer = /** @type {Answer} */ (JSON.parse(line));
      waiting.get(answer.id)?.(answer);
      waiting.delete(answer.id);
    });
  }
  /** @param {number} id @returns {Promise<Answer>} */
  const answerTo = async (id) => {
    /** @type {Promise<Answer>} */
    const answered = new Promise((resolve) => waiting.set(id, resolve));
    const answer = await Promise.race([answered, program.exited, delay(30_000)]);
    if (!answer) {
      throw new Error(
        program.ended ? `libtorrent ${program.verdict}` : 'libtorrent does not answer',
      );
    }
    return answer;
  };
  /**
   * @param {Record<string, unknown>} command
   * @returns {Promise<Answer>}
   */
  const call = async (command) => {
    if (program.ended) throw new Error(`libtorrent ${program.verdict}`);
    const id = ++nextId;
    const answered = answerTo(id);
    program.child.stdin?.write(`${JSON.stringify({ id, ...command })}\n`);
    const answer = await answered;
    if (answer.error) throw new Error(`libtorrent: ${answer.error}`);
    return answer;
  };
  await answerTo(0);
  return call;
}

/**
 * Makes a .torrent file with libtorrent: the stand-in for `shoal create`.
 *
 * @param {import('./shoal.mjs').CreateOptions} options
 * @param {{ home: string, log: string }} where
 */
export async function createWithLibtorrent(options, where) {
  const {
    path,
    out,
    format = 'v1',
    pieceLength,
    trackers = [],
    isPrivate = false,
    source = '',
    comment = '',
  } = options;
  const task = {
    path,
    out,
    format,
    piece_length: pieceLength ?? 0,
    trackers,
    private: isPrivate,
    source,
    comment,
  };
  await run([PYTHON, SCRIPT, 'create', JSON.stringify(task)], { ...where, timeout: 60_000 });
}

/**
 * Loads a torrent and checks its data.
 *
 * @param {string} torrent path
 * @param {string} directory where its data is
 * @param {{ home: string, log: string }} where
 * @returns {Promise<{ v1: string, v2: string, complete: boolean, error: string }>} info-hashes in hex; empty: none
 */
export async function checkWithLibtorrent(torrent, directory, where) {
  const printed = await run([PYTHON, SCRIPT, 'check', torrent, directory], {
    ...where,
    timeout: 60_000,
  });
  return JSON.parse(printed);
}
