// @ts-check
/**
 * The contract of a client: how it is told to do each thing. What it has no command for, it is not measured at.
 *
 * The client must stay off DHT, LSD, PEX, uTP, port mapping and encryption, and must accept connections: the counterpart
 * dials it. The measured process must be the client itself, not a shell around it.
 *
 * @typedef {object} Task
 * @property {string} ip listen here
 * @property {number} port and here (TCP); port + 1000 on 127.0.0.1 is free for a control interface
 * @property {string} work an empty folder for configuration and session, the client's home
 * @property {string} done a file to create when the download is complete, unless the client ends by itself then
 * @property {string} directory folder that holds, or will hold, the content
 * @property {string} torrent the .torrent file; of `idle`: a folder of them
 *
 * @typedef {object} CreateTask
 * @property {string} work
 * @property {string} file to make a torrent of
 * @property {string} out the .torrent file
 * @property {number} pieceLength bytes
 *
 * @typedef {object} FilesTask
 * @property {string} content a folder of very many files
 * @property {string} torrent the .torrent file, which `stages` makes
 * @property {string} destination a folder to download to
 * @property {string} resume a folder for resume data
 * @property {string} report a file that each command writes its longest stall to, in ms
 *
 * @typedef {object} TrackerTask
 * @property {string} ip serve here
 * @property {number} port and here, over HTTP and UDP
 * @property {string} work an empty folder
 * @property {string} infoHashes file in `work` that lists in hex what a tracker with a white list must know
 *
 * @typedef {object} Command
 * @property {readonly string[]} command
 * @property {Record<string, string>} [env]
 *
 * @typedef {object} Client
 * @property {string} name
 * @property {() => string} version throws when it is not installed
 * @property {(task: Task) => Command} [leech] download, then end or make the file `done`
 * @property {(task: Task) => Command} [seed] may trust the data
 * @property {(task: Task) => Command} [verify] must hash everything before it answers a handshake
 * @property {(task: Task) => Command} [idle] seed every torrent of the folder; may trust the data
 * @property {(task: CreateTask) => Command} [create] v1
 * @property {(task: CreateTask) => Command} [createHybrid] v1 and v2 in one (BEP 52)
 * @property {(task: CreateTask) => Command} [createV2] v2 alone
 * @property {(task: FilesTask) => { stages: Command, commands: Record<string, Command> }} [files] goes through everything with a torrent of them: `stages` prints the longest stall of the event loop by stage
 * @property {() => Command} [startup] the quickest complete run of the command, or the loading of the library
 * @property {(file: string) => Command} [show] says what a .torrent file holds
 * @property {(file: string, seconds: number) => Command} [metainfo] decodes, encodes and parses it; prints `{"decode":,"encode":,"parse":,"rss":}`: ms of CPU each, MiB
 * @property {(task: TrackerTask) => Command} [tracker] a tracker with its usual interval
 * @property {(task: Task, report: string) => Command} [watched] `leech` that writes delays of its event loop to the file `report`
 */

import { spawnSync } from 'node:child_process';
import { cleanEnvironment } from '../../interop/lib/process.mjs';

/** For a client to say its version, in ms. */
const PATIENCE = 30_000;

/**
 * @param {readonly string[]} command
 * @returns {string} the first line of what it says
 */
export function firstLine([file = '', ...args]) {
  const result = spawnSync(file, args, {
    encoding: 'utf8',
    timeout: PATIENCE,
    env: cleanEnvironment('/nonexistent'),
  });
  if (result.error) throw result.error;
  const text = (result.stdout.trim() || result.stderr.trim()).split('\n')[0]?.trim();
  if (!text) throw new Error(`${file} does not say its version`);
  return text;
}
