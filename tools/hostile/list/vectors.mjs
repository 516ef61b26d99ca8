// @ts-check
/** The sets of hostile vectors among the packages' fixtures, and the tests that assert each of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/workspace.mjs';

/**
 * @typedef {object} VectorSet
 * @property {string} what
 * @property {string} fixture path from the workspace's root
 * @property {string} key of the fixture's list
 * @property {string} test
 * @property {string} names pattern of the names of the tests, one or more for each vector
 * @property {(vector: any) => boolean} [isHostile] which of them are, where some are as they should be
 */

/** @type {readonly VectorSet[]} */
export const vectorSets = [
  {
    what: 'what is no bencode',
    fixture: 'packages/bencode/test/fixtures/invalid.json',
    key: 'vectors',
    test: 'packages/bencode/test/vectors.test.ts',
    names: '^invalid vectors ',
  },
  {
    what: 'bencode that is not canonical',
    fixture: 'packages/bencode/test/fixtures/noncanonical.json',
    key: 'vectors',
    test: 'packages/bencode/test/vectors.test.ts',
    names: '^vectors that are not canonical ',
  },
  {
    what: 'info dictionaries that others hash wrongly',
    fixture: 'packages/metainfo/test/fixtures/infohash-original-bytes.json',
    key: 'vectors',
    test: 'packages/metainfo/test/metainfo-vectors.test.ts',
    names: '^info dictionaries that are not canonical ',
  },
  {
    what: 'hostile .torrent files, on two platforms',
    fixture: 'packages/metainfo/test/fixtures/hostile.json',
    key: 'vectors',
    test: 'packages/metainfo/test/hostile-vectors.test.ts',
    names: '^hostile torrents on ',
  },
  {
    what: 'magnet links, right and wrong',
    fixture: 'packages/metainfo/test/fixtures/magnet.json',
    key: 'vectors',
    test: 'packages/metainfo/test/magnet.test.ts',
    names: '^magnet vectors ',
    isHostile: ({ id, expect }) => expect.valid !== true || /bad|invalid|long/.test(id),
  },
  {
    what: 'requests for hashes of no tree',
    fixture: 'packages/metainfo/test/fixtures/hash-requests.json',
    key: 'to_refuse',
    test: 'packages/metainfo/test/merkle-vectors.test.ts',
    names: '^hash requests of the vectors refuses: ',
  },
  {
    what: 'handshakes that are none',
    fixture: 'packages/peer-wire/test/fixtures/handshakes.json',
    key: 'malformed',
    test: 'packages/peer-wire/test/handshake.test.ts',
    names: '^shared vectors: handshakes (?!\\[object)',
  },
  {
    what: 'malformed messages of peers',
    fixture: 'packages/peer-wire/test/fixtures/malformed.json',
    key: 'vectors',
    test: 'packages/peer-wire/test/vectors.test.ts',
    names: '^shared vectors: malformed messages ',
  },
  {
    what: 'messages that are wrong for the torrent',
    fixture: 'packages/peer-wire/test/fixtures/malformed.json',
    key: 'in_context',
    test: 'packages/peer-wire/test/protocol-guard.test.ts',
    names: '^shared vectors: wrong in context ',
  },
  {
    what: 'answers of trackers, right and wrong',
    fixture: 'packages/tracker/test/fixtures/tracker/http-responses.json',
    key: 'vectors',
    test: 'packages/tracker/test/vectors.test.ts',
    names: '^announce response vectors ',
    isHostile: ({ id, expect }) =>
      expect.ok !== true || /bad|interval|peers-|port|trailing|duplicates|unsorted|many/.test(id),
  },
  {
    what: 'malformed packets of UDP trackers',
    fixture: 'packages/tracker/test/fixtures/tracker/udp.json',
    key: 'malformed',
    test: 'packages/tracker/test/udp/packets.test.ts',
    names: '^packet vectors ignores ',
  },
  {
    what: 'malformed messages of the DHT, read',
    fixture: 'packages/dht/test/fixtures/dht/krpc.json',
    key: 'malformed',
    test: 'packages/dht/test/krpc.test.ts',
    names: '^KRPC vectors malformed: ',
  },
];

/** The vectors of a set: how many there are, and how many of them are hostile. @param {VectorSet} set */
export function countOf({ fixture, key, isHostile = () => true }) {
  const list = JSON.parse(readFileSync(join(root, fixture), 'utf8'))[key];
  if (!Array.isArray(list)) return { all: 0, hostile: 0 };
  return { all: list.length, hostile: list.filter(isHostile).length };
}
