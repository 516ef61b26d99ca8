// @ts-check
/** @import { Area, Entry } from '../lib/types.mjs' */

const PARSE = 'packages/metainfo/src/magnet/parse-magnet.ts';
const SELECT = 'packages/metainfo/src/magnet/select-only.ts';
const TEST = 'packages/metainfo/test/magnet.test.ts';
const FETCH = 'packages/client/src/metadata/metadata-fetch.ts';
const FETCH_TEST = 'packages/client/test/core/metadata-fetch.test.ts';
const TURNS_TEST = 'packages/client/test/core/metadata-turns.test.ts';
const SOURCES = 'packages/client/src/metadata/torrent-file-fetch.ts';
const SOURCES_TEST = 'packages/client/test/swarm/magnet-sources.test.ts';
const SWARM_TEST = 'packages/client/test/swarm/magnet.test.ts';

/** @type {readonly Entry[]} */
const entries = [
  {
    id: 'magnet-long',
    input: 'A link of megabytes',
    guard: 'A limit of 256 KiB',
    test: TEST,
    name: 'parseMagnet bounds the length of the link',
    remove: {
      file: PARSE,
      text: 'if (uri.length > limits.maxLength) {',
      by: 'if (uri.length < 0) {',
    },
  },
  {
    id: 'magnet-many-trackers',
    input: 'Thousands of `tr=`',
    guard: 'The first 1,000 count',
    test: TEST,
    name: 'parseMagnet bounds trackers',
    remove: { file: PARSE, text: 'if (into.size >= limit || value.length', by: 'if (value.length' },
  },
  {
    id: 'magnet-many-web-seeds',
    input: 'Thousands of `ws=`',
    guard: 'The first 1,000 count',
    test: TEST,
    name: 'parseMagnet bounds webSeeds',
    remove: { file: PARSE, text: 'if (into.size >= limit || value.length', by: 'if (value.length' },
  },
  {
    id: 'magnet-many-peers',
    input: 'Thousands of `x.pe=`',
    guard: 'The first 1,000 count',
    test: TEST,
    name: 'parseMagnet bounds peers, parameters, the name and the selection',
    remove: { file: PARSE, text: 'if (this.#peers.size >= this.#limits.maxPeers) return;', by: '' },
  },
  {
    id: 'magnet-many-parameters',
    input: 'Tens of thousands of other parameters',
    guard: 'The first 10,000 are looked at',
    test: TEST,
    name: 'parseMagnet bounds peers, parameters, the name and the selection',
    remove: {
      file: PARSE,
      text: 'start <= query.length && count < limits.maxParameters',
      by: 'start <= query.length',
    },
  },
  {
    id: 'magnet-huge-selection',
    input: 'A range of billions of files: `so=0-4294967295`',
    guard: 'A range beyond the limit is left out, before anything is made of it',
    test: TEST,
    name: 'parseMagnet bounds peers, parameters, the name and the selection',
    remove: {
      file: SELECT,
      text: 'if (named + count > maxSelected) continue;',
      by: 'if (named + count > 2_000_000) continue;',
    },
  },
  {
    id: 'magnet-repeated-selection',
    input: 'A short text that repeats a long range',
    guard: 'An index counts as often as it is named',
    test: TEST,
    name: 'parseMagnet counts indices as often as they are named, so that repeated ranges cost nothing',
    remove: { file: SELECT, text: 'named += count;', by: 'named = selected.size;' },
  },
  {
    id: 'magnet-long-url',
    input: 'A tracker URL of kilobytes',
    guard: 'Left out from 4,097 characters on',
    test: TEST,
    name: 'parseMagnet bounds trackers',
    remove: {
      file: PARSE,
      text: "if (url === undefined || url === '' || url.length > maxUrlLength) return;",
      by: "if (url === undefined || url === '') return;",
    },
  },
  {
    id: 'magnet-url-line-breaks',
    input: 'URLs with escaped line breaks',
    guard: 'Left out',
    test: TEST,
    name: 'parseMagnet leaves out URLs that could break a request line',
    remove: {
      file: PARSE,
      text: 'if (!/[\\p{Cc}\\s]/u.test(url)) into.add(url);',
      by: 'into.add(url);',
    },
  },
  {
    id: 'magnet-long-name',
    input: 'A display name of any length',
    guard: 'Cut to 1,024 characters, before it is decoded',
    test: TEST,
    name: 'parseMagnet bounds peers, parameters, the name and the selection',
    remove: {
      file: PARSE,
      text: 'decodeLossy(value.slice(0, maxNameLength * 12)).slice(0, maxNameLength)',
      by: 'decodeLossy(value)',
    },
  },
  {
    id: 'magnet-two-torrents',
    input: 'A link that names two torrents',
    guard: 'Refused: nobody knows which one is meant',
    test: TEST,
    name: 'parseMagnet refuses a link that names two torrents',
    remove: {
      file: PARSE,
      text: "if (Buffer.compare(known, found) !== 0) throw invalid('the link names two different torrents');",
      by: '',
    },
  },
  {
    id: 'magnet-hash-malformed',
    input: 'Info-hashes of other lengths, in other alphabets, with other multihash prefixes',
    guard: 'Exact patterns',
    test: TEST,
    name: 'magnet vectors btmh-wrong-length-byte',
    remove: {
      file: PARSE,
      text: 'const MULTIHASH = /^1220([0-9a-f]{64})$/i;',
      by: 'const MULTIHASH = /^12[0-9a-f]{2}([0-9a-f]{64})$/i;',
    },
  },
  {
    id: 'magnet-hash-alphabet',
    input: 'An info-hash of 40 characters that are no hexadecimal',
    guard: 'The same',
    test: TEST,
    name: 'magnet vectors btih-not-hex',
    remove: {
      file: PARSE,
      text: 'const HEX_40 = /^[0-9a-f]{40}$/i;',
      by: 'const HEX_40 = /^.{40}$/i;',
    },
  },
  {
    id: 'magnet-bad-escape',
    input: 'Escapes that are none: `%zz`, `%` at the end',
    guard: 'What is badly escaped is left out; a topic that is, is an error',
    test: TEST,
    name: 'parseMagnet leaves out what is badly escaped or not UTF-8',
    remove: {
      file: 'packages/metainfo/src/magnet/percent.ts',
      text: 'return valid && isUtf8(bytes)\n',
      by: 'return isUtf8(bytes)\n',
    },
  },
  {
    id: 'magnet-peer-zone',
    input: "A peer whose address names an interface of somebody's machine: `fe80::1%eth0`",
    guard: 'Left out',
    test: TEST,
    name: 'parseMagnet leaves out a peer whose address has a zone',
    remove: {
      file: PARSE,
      text: "isIPv6(address) && !address.includes('%') ?",
      by: 'isIPv6(address) ?',
    },
  },
  {
    id: 'magnet-peer-port',
    input: 'Peers at port 0, -1, 65536, or without one',
    guard: 'Left out',
    test: TEST,
    name: 'magnet vectors x.pe-bad-port-65536',
    remove: { file: PARSE, text: 'if (port < 1 || port > 0xffff) return undefined;', by: '' },
  },
  {
    id: 'magnet-shell',
    input: 'A link that is handed to a shell',
    guard: 'Links that we write have nothing that a shell would interpret',
    test: TEST,
    name: 'formatMagnet leaves nothing for a shell to interpret',
    remove: { file: 'packages/metainfo/src/magnet/percent.ts', text: "/[!'()*]/g", by: '/[!]/g' },
  },
  {
    id: 'metadata-wrong-hash',
    input: 'Metadata that has another hash than the link',
    guard: 'It is not taken, and whoever alone sent it is banned',
    test: SWARM_TEST,
    name: 'the metadata of a magnet link bans whoever alone sent metadata of another hash',
    remove: {
      file: FETCH,
      text: "return { type: 'corrupt', culprit: other === undefined ? culprit : undefined };",
      by: "return { type: 'corrupt', culprit: undefined };",
    },
  },
  {
    id: 'metadata-spoilt-among-several',
    input: 'One of several peers that spoils pieces of the metadata',
    guard: 'A whole that is wrong is taken from one peer at a time from then on',
    test: TURNS_TEST,
    name: 'turns of those who give metadata come to an honest peer beside one that trickles what is wrong',
    remove: { file: FETCH, text: 'if (other !== undefined) attempt.solo = true;', by: '' },
  },
  {
    id: 'metadata-length-changes',
    input: 'Peers that claim different lengths of the metadata',
    guard: 'Each length is tried, and nobody is believed',
    test: TURNS_TEST,
    name: 'turns of those who give metadata come to an honest length beside liars that trickle others',
    remove: { file: FETCH, text: 'attempt.hasHadItsTurn(now),', by: 'now < 0,' },
  },
  {
    id: 'metadata-length-huge',
    input: 'Peers that claim 0 bytes, or more than 30 MiB',
    guard: 'Not tried',
    test: FETCH_TEST,
    name: 'MetadataFetch tries no length that is too long, or that is none',
    remove: {
      file: FETCH,
      text: 'if (!Number.isInteger(length) || length < 1 || length > this.#maxLength) return;',
      by: '',
    },
  },
  {
    id: 'metadata-reject-loop',
    input: 'A peer that rejects every request for metadata',
    guard: 'It is left alone, longer each time',
    test: FETCH_TEST,
    name: 'MetadataFetch leaves a peer alone that rejects, longer each time',
    remove: {
      file: FETCH,
      text: 'claim.notBefore = Math.max(claim.notBefore, now + pause);',
      by: 'claim.notBefore = Math.max(claim.notBefore, now + pause * 0);',
    },
  },
  {
    id: 'metadata-trickle',
    input: 'A peer that trickles wrong metadata, to hold up the others',
    guard: 'Turns of 30 seconds, and ever longer ones, where others wait',
    test: TURNS_TEST,
    name: 'turns of those who give metadata come to an honest peer beside one that trickles what is wrong',
    remove: {
      file: FETCH,
      text: 'if (attempt.owner !== undefined) attempt.endTurn(attempt.owner.address, now);',
      by: '',
    },
  },
  {
    id: 'metadata-memory',
    input: 'Many links whose peers claim 30 MiB each',
    guard: 'One budget of memory for all of them',
    test: TURNS_TEST,
    name: 'the memory of all magnet links is not given twice, and comes back',
    remove: {
      file: 'packages/client/src/metadata/metadata-memory.ts',
      text: 'if (free < excess) return false;',
      by: '',
    },
  },
  {
    id: 'metadata-no-torrent',
    input: 'Metadata with the right hash that is no torrent',
    guard: 'A typed error; the torrent ends in the error state',
    test: SWARM_TEST,
    name: 'a torrent of a magnet link fails where its metadata is no torrent',
    remove: {
      file: 'packages/client/src/metadata/metadata-stage.ts',
      text: 'this.#fail(error as Error);\n      return;',
      by: 'return;',
    },
  },
  {
    id: 'metadata-served-without-end',
    input: 'A peer that asks for our metadata again and again',
    guard: 'A budget: twice the whole, then a piece a second',
    test: SWARM_TEST,
    name: 'the metadata of a magnet link is served to whoever asks, up to a budget',
    remove: {
      file: 'packages/client/src/extension/peer-extended.ts',
      text: 'return this.#budget.take(now);',
      by: 'return true;',
    },
  },
  {
    id: 'metadata-path-escape',
    input: 'Metadata whose file names climb out of the download folder',
    guard: 'It is read as a .torrent file is: every name becomes a safe one',
    test: SWARM_TEST,
    name: 'a torrent of a magnet link puts no file outside of its folder, whatever its metadata names',
    remove: {
      file: 'packages/metainfo/src/safe-path.ts',
      text: "if (name === '.' || name === '..') return undefined;",
      by: '',
    },
  },
  {
    id: 'metadata-unwanted',
    input: 'Pieces of metadata that were never asked for, or that are there already',
    guard: 'Not taken',
    test: TURNS_TEST,
    name: 'turns of those who give metadata come to an honest peer beside one that trickles what is wrong',
    remove: {
      file: FETCH,
      text: "if (!wanted || attempt.has(piece)) return { type: 'unwanted' };",
      by: '',
    },
  },
  {
    id: 'link-source-other-torrent',
    input: 'A link that names the .torrent file of another torrent, or what is none',
    guard: 'It is believed only where it has the hash; the next URL is tried',
    test: SOURCES_TEST,
    name: 'the .torrent file that a magnet link names is believed only where it has the hash, and the next URL is tried',
    remove: { file: SOURCES, text: "if (verdict === 'wrong') {", by: 'if (bytes.length === 0) {' },
  },
  {
    id: 'link-source-long',
    input: 'A link that names a file of gigabytes, or without end',
    guard: 'A limit of 30 MiB, at which the request ends',
    test: SOURCES_TEST,
    name: 'the .torrent file that a magnet link names is given up when it is longer than metadata may be',
    remove: {
      file: SOURCES,
      text: 'if (transfer.length > MAX_LENGTH) this.#failed(transfer, TOO_LONG, true);\n        else if',
      by: 'if',
    },
  },
  {
    id: 'link-source-packed',
    input: 'The same, packed: it could unpack to anything',
    guard: 'Refused',
    test: SOURCES_TEST,
    name: 'the .torrent file that a magnet link names is believed only where it has the hash, and the next URL is tried',
    remove: {
      file: SOURCES,
      text: "if (encoding !== '' && encoding !== 'identity') return 'The server packs what it sends';",
      by: '',
    },
  },
  {
    id: 'link-source-silent',
    input: 'A server of such a file that takes the request and never goes on',
    guard: 'A deadline; it is tried again later',
    test: SOURCES_TEST,
    name: 'the .torrent file that a magnet link names is tried again where the server is silent, and not while it is paused',
    remove: {
      file: SOURCES,
      text: 'if (now - transfer.movedAt > patience || now - transfer.since > FETCH_TIME) {',
      by: 'if (now < 0) {',
    },
  },
];

/** @type {Area} */
export const magnet = { name: 'magnet', title: 'Magnet links and their metadata', entries };
