// @ts-check
/**
 * What shoal is to reach, for the acceptance table of docs/performance.md.
 *
 * @typedef {object} Target
 * @property {string} measure
 * @property {string} column key
 * @property {string} [peer] the figure is shoal's divided by this one's; without: shoal's own
 * @property {string} [client] default: shoal
 * @property {RegExp} [label] of the case; default: the first
 * @property {number} atMost times the peer's figure, or the figure itself
 * @property {number} [plus] added to that, in the column's unit
 */

/** @type {readonly Target[]} */
export const targets = [
  { measure: 'leech', column: 'wall', peer: 'libtorrent-fast', atMost: 0.95 },
  { measure: 'leech', column: 'wall', peer: 'webtorrent3', atMost: 0.35 },
  { measure: 'leech', column: 'cpu', peer: 'aria2', atMost: 0.95 },
  { measure: 'leech', column: 'peak', peer: 'webtorrent3', atMost: 0.5 },
  { measure: 'leech-disk', column: 'wallSync', peer: 'libtorrent-fast', atMost: 1 },
  { measure: 'leech-disk', column: 'wallSync', peer: 'aria2', atMost: 1 },
  { measure: 'seed', column: 'wall', peer: 'libtorrent-fast', atMost: 0.6 },
  { measure: 'seed', column: 'cpu', peer: 'aria2', atMost: 0.6 },
  { measure: 'many', column: 'wall', peer: 'libtorrent-fast', atMost: 1 },
  { measure: 'create', column: 'wall', peer: 'mktorrent', atMost: 1.1 },
  { measure: 'create-hybrid', column: 'cpu', peer: 'hashing-1t', atMost: 1.15 },
  { measure: 'create-v2', column: 'cpu', peer: 'hashing-1t', atMost: 1.15 },
  { measure: 'verify', column: 'wall', peer: 'libtorrent-fast', atMost: 0.5 },
  { measure: 'verify', column: 'wall', peer: 'aria2', atMost: 0.5 },
  { measure: 'metainfo', column: 'parse', peer: 'libtorrent', label: /^100000 files/, atMost: 1 },
  {
    measure: 'metainfo',
    column: 'rss',
    peer: 'parse-torrent',
    label: /^100000 files/,
    atMost: 0.25,
  },
  { measure: 'startup', column: 'wallMs', peer: 'node', atMost: 1.5, plus: 40 },
  { measure: 'show', column: 'wallMs', peer: 'node', atMost: 1.5, plus: 40 },
  {
    measure: 'tracker',
    column: 'cpuEach',
    peer: 'bittorrent-tracker',
    label: /^UDP/,
    atMost: 0.083,
  },
  {
    measure: 'tracker',
    column: 'cpuEach',
    peer: 'bittorrent-tracker',
    label: /kept/,
    atMost: 0.25,
  },
  {
    measure: 'tracker',
    column: 'cpuEach',
    peer: 'bittorrent-tracker',
    label: /each$/,
    atMost: 0.25,
  },
  { measure: 'idle', column: 'wall', peer: 'libtorrent', label: /^1000 /, atMost: 1.5 },
  { measure: 'idle', column: 'peak', peer: 'libtorrent', label: /^1000 /, atMost: 1.5 },
];
