// @ts-check
import { basename, resolve } from 'node:path';
import { aria2 } from './aria2.mjs';
import { libtorrent, libtorrentFast } from './libtorrent.mjs';
import {
  createTorrent,
  hashing,
  mktorrent,
  mktorrentOneThread,
  node,
  parseTorrent,
} from './makers.mjs';
import { qbittorrent } from './qbittorrent.mjs';
import { shoal, shoalFrom, shoalNode24 } from './shoal.mjs';
import { bittorrentTracker, opentracker } from './trackers.mjs';
import { transmission } from './transmission.mjs';
import { webtorrent2, webtorrent3 } from './webtorrent.mjs';

/** @typedef {import('./client.mjs').Client} Client */

/** In the order of the tables. @type {readonly Client[]} */
export const clients = [
  shoal,
  shoalNode24,
  libtorrentFast,
  libtorrent,
  aria2,
  qbittorrent,
  transmission,
  webtorrent3,
  webtorrent2,
  mktorrent,
  mktorrentOneThread,
  createTorrent,
  hashing,
  parseTorrent,
  opentracker,
  bittorrentTracker,
  node,
];

/**
 * @param {string} names with commas; `name=path` is another build of shoal, `path` its `bin.js`
 * @returns {Client[]}
 */
export function chooseClients(names) {
  return names
    .split(',')
    .filter(Boolean)
    .map((name) => {
      const at = name.indexOf('=');
      if (at > 0) return shoalFrom(name.slice(0, at), resolve(name.slice(at + 1)));
      const found = clients.find((client) => client.name === name);
      if (!found) {
        throw new Error(
          `there is no client ${basename(name)}; there are ${clients.map((c) => c.name).join(', ')}, and NAME=path/to/bin.js for another build of shoal`,
        );
      }
      return found;
    });
}
