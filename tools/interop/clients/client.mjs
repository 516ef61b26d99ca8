// @ts-check
/**
 * The contract of a client adapter. Every role in a scenario, shoal's too, is played through it.
 *
 * @typedef {object} StartOptions
 * @property {string} ip bind here
 * @property {number} port accept peers here (TCP)
 * @property {number} rpcPort free port on `rpcIp` for the client's control interface
 * @property {string} rpcIp 127.0.0.1, or, of a client with a machine of its own, its address
 * @property {string[]} enter words that go before the command, to run it on a machine of its own
 * @property {string} home configuration and session; the same folder again means the same client again
 * @property {string} log path of the log file
 * @property {boolean} udpTrackers trackers over UDP are needed: some have to be told
 * @property {Discovery} discovery
 *
 * @typedef {object} Discovery the ways in which a client may find peers, besides trackers and those it is told
 * @property {boolean} [pex] peer exchange
 * @property {boolean} [lsd] local discovery
 * @property {readonly Address[]} [dht] the DHT, to be entered by these nodes
 *
 * @typedef {{ ip: string, port: number }} Address
 *
 * @typedef {object} AddOptions
 * @property {string} torrent path of the .torrent file, or a magnet link
 * @property {Address[]} [peers] to connect to at once; not every adapter can
 * @property {string} directory the folder that holds, or will hold, the torrent's top file or folder
 * @property {boolean} [seed] the content is there and whole: check it, then seed
 * @property {boolean} [stay] a leecher that goes on seeding when it is done (default: may leave)
 * @property {readonly string[]} [more] options of shoal that no other adapter has
 * @property {number} [uploadLimit] bytes per second
 * @property {number} [downloadLimit] bytes per second
 * @property {boolean} [localWebSeeds] web seeds that the torrent names may be in private networks; not every adapter can
 *
 * @typedef {object} Status
 * @property {boolean} complete all is there and verified
 * @property {string} text progress in words, for messages
 * @property {number} [uploaded] payload bytes, where the client tells
 * @property {number} [downloaded] payload bytes, where the client tells
 * @property {number} [memory] bytes that it holds (RSS), where it is known
 *
 * @typedef {object} Session one running client
 * @property {(options: AddOptions) => Promise<string>} add the info-hash as the client says it, lower-case hex
 * @property {(infoHash: string) => Promise<Status>} status throws when the client or the torrent failed
 * @property {(infoHash: string) => Promise<{ v1: string, v2: string }>} [infoHashes] both as the client says them, lower-case hex, 40 and 64 digits; empty: none
 * @property {() => Promise<boolean>} stop asks it to end (it says `stopped` to its trackers); false: it had to be killed
 * @property {() => Promise<void>} kill SIGKILL
 *
 * @typedef {object} Client
 * @property {string} name
 * @property {() => Promise<string>} version rejects when it is not installed
 * @property {(options: StartOptions) => Promise<Session>} start
 * @property {RegExp} [leaves] files of its own that it leaves beside the content
 * @property {readonly ('udp' | 'pex' | 'lsd' | 'dht')[]} finds the ways to find peers that it knows besides HTTP trackers
 * @property {boolean} [skipsEmpty] does not create a torrent's empty files
 */

import { scheduler } from 'node:timers/promises';
import { waitFor } from '../lib/wait.mjs';

/** What no other program can be the cause of: shoal ended by itself, or what it calls complete is wrong. */
export class ShoalFault extends Error {
  /** @override */
  name = 'ShoalFault';
}

/** Where clients are controlled that have no machine of their own. */
export const LOCALHOST = '127.0.0.1';

/** ms until a client that was started must answer; the machine may be busy. */
const START_PATIENCE = 60_000;

/**
 * Waits until a client that was started answers at its control interface.
 *
 * @param {import('../lib/process.mjs').Program} program
 * @param {string} who
 * @param {() => Promise<unknown>} question rejects while there is no answer
 */
export async function untilAnswers(program, who, question) {
  await waitFor(`${who} answers`, START_PATIENCE, async () => {
    try {
      await question();
      return true;
    } catch (error) {
      if (program.ended) throw new Error(`${who} ${program.verdict}`, { cause: error });
      return false;
    }
  });
}

/**
 * Waits until a torrent is complete.
 *
 * @param {Session} session
 * @param {string} infoHash
 * @param {string} who
 * @param {number} timeout ms
 */
export async function waitComplete(session, infoHash, who, timeout) {
  const deadline = Date.now() + timeout;
  for (;;) {
    const status = await session.status(infoHash);
    if (status.complete) return status;
    if (Date.now() > deadline) {
      throw new Error(`${who} is not complete within ${timeout / 1000} s (${status.text})`);
    }
    await scheduler.wait(150);
  }
}
