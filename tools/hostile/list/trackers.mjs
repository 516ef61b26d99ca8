// @ts-check
/** @import { Area, Entry } from '../lib/types.mjs' */

const SRC = 'packages/tracker/src';
const TEST = 'packages/tracker/test';
const RESPONSE = `${SRC}/response.ts`;
const PEERS = `${SRC}/peers.ts`;
const BODY = `${SRC}/http-body.ts`;
const EXCHANGE = `${SRC}/http-exchange.ts`;
const CLIENT = `${SRC}/http-client.ts`;
const TARGET = `${SRC}/http-target.ts`;
const HTTP = `${TEST}/http-client.test.ts`;
const CODEC = `${TEST}/codec.test.ts`;
const VECTORS = `${TEST}/vectors.test.ts`;
const UDP = `${SRC}/udp/transactions.ts`;
const UDP_TEST = `${TEST}/udp/udp-client.test.ts`;
const PACKETS = `${SRC}/udp/packets.ts`;
const PACKETS_TEST = `${TEST}/udp/packets.test.ts`;
const RESPONDER = `${SRC}/server/udp/udp-responder.ts`;
const RESPONDER_TEST = `${TEST}/server/udp-responder.test.ts`;
const hostile = 'HttpTrackerClient hostile answers';

/** @type {readonly Entry[]} */
const entries = [
  {
    id: 'tracker-not-bencode',
    input: 'An answer that is no bencode: a web page, nothing at all',
    guard: 'A typed error that says so',
    test: HTTP,
    name: `${hostile} refuses what is not bencode`,
    remove: {
      file: RESPONSE,
      text: 'if (!(error instanceof BencodeError)) throw error;',
      by: 'if (bytes.length >= 0) throw error;',
    },
  },
  {
    id: 'tracker-truncated',
    input: 'An answer that ends in the middle of a value',
    guard: 'The same',
    test: VECTORS,
    name: 'announce response vectors truncated',
    remove: {
      file: RESPONSE,
      text: 'if (!(error instanceof BencodeError)) throw error;',
      by: 'if (bytes.length > 0) return new Map();',
    },
  },
  {
    id: 'tracker-list',
    input: 'An answer that is a list or a text',
    guard: 'An answer is a dictionary',
    test: VECTORS,
    name: 'announce response vectors list',
    remove: {
      file: RESPONSE,
      text: 'if (!(value instanceof Map)) {\n    throw',
      by: 'if (value === 0) {\n    throw',
    },
  },
  {
    id: 'tracker-deep',
    input: 'An answer of lists thousands deep',
    guard: 'A limit on depth',
    test: CODEC,
    name: 'responses are read 16 containers deep, and no deeper',
    remove: {
      file: RESPONSE,
      text: '      maxDepth: MAX_DEPTH,\n',
      by: '      maxDepth: Infinity,\n',
    },
  },
  {
    id: 'tracker-endless',
    input: 'An answer without end',
    guard: 'A limit on bytes, at which reading stops',
    test: HTTP,
    name: `${hostile} stops reading an endless answer`,
    remove: { file: BODY, text: 'if (chunk.length > room) overflow();', by: '' },
  },
  {
    id: 'tracker-length-too-large',
    input: 'A `Content-Length` above the limit',
    guard: 'Refused without reading',
    test: HTTP,
    name: `${hostile} believes a length that is too large, without reading`,
    remove: {
      file: BODY,
      text: "beyond === 'fail' && Number(response.headers['content-length']) > maxLength",
      by: 'maxLength < 0',
    },
  },
  {
    id: 'tracker-gzip-bomb',
    input: 'A few kilobytes of gzip that unpack to hundreds of megabytes',
    guard: 'The limit holds behind the unpacker, too, and stops it',
    test: HTTP,
    name: `${hostile} stops unpacking what grows beyond the limit`,
    remove: { file: BODY, text: 'if (chunk.length > room) overflow();', by: '' },
  },
  {
    id: 'tracker-tiny-chunks',
    input: 'An answer in chunks of a byte',
    guard: 'Room for it doubles, so that every byte is copied a few times at most',
    test: `${TEST}/http-body.test.ts`,
    name: 'a body in chunks of a byte takes work in proportion to its length',
    remove: { file: BODY, text: 'Math.max(needed, this.#bytes.length * 2)', by: 'needed' },
  },
  {
    id: 'tracker-gzip-broken',
    input: 'An answer said to be packed that is not, or in a way that was not offered',
    guard: 'A typed error',
    test: HTTP,
    name: `${hostile} refuses plain bytes said to be gzip`,
    remove: {
      file: BODY,
      text: "'ERR_TRACKER_ENCODING', 'The tracker packed its answer wrongly'",
      by: "'ERR_TRACKER_RESPONSE', 'The tracker packed its answer wrongly'",
    },
  },
  {
    id: 'tracker-gzip-cut',
    input: 'Gzip that ends in the middle',
    guard: 'What is there is unpacked, and then fails as bencode',
    test: HTTP,
    name: `${hostile} refuses gzip that ends in the middle`,
    remove: { file: BODY, text: ', finishFlush: constants.Z_SYNC_FLUSH', by: '' },
  },
  {
    id: 'tracker-chunk-size',
    input: 'Chunked encoding with sizes that are no numbers, or beyond 2^64',
    guard: 'A typed error; the connection is given up',
    test: HTTP,
    name: `${hostile} survives chunks of a huge size`,
    remove: {
      file: EXCHANGE,
      text: "if (code?.startsWith('HPE_') === true) {",
      by: "if (code === 'HPE') {",
    },
  },
  {
    id: 'tracker-body-cut',
    input: "A body that stops half-way, by the connection's end or reset",
    guard: 'Every event of a stream has a listener, so that none ends the process',
    test: HTTP,
    name: `${hostile} survives a body that stops short`,
    remove: [
      {
        file: BODY,
        text: "response.on('error', stop);",
        by: "response.on('error', () => undefined);",
      },
      { file: BODY, text: 'if (!response.complete)\n', by: 'if (maxLength < 0)\n' },
    ],
  },
  {
    id: 'tracker-reset',
    input: 'A connection that is reset before any answer',
    guard: 'The same',
    test: HTTP,
    name: `${hostile} survives a connection that is reset`,
    remove: { file: EXCHANGE, text: "request.on('error', fail);", by: '' },
  },
  {
    id: 'tracker-no-answer',
    input: 'A connection that closes in order without an answer, or switches protocols',
    guard: 'A request that is over without an answer has failed',
    test: HTTP,
    name: `${hostile} survives a switch of protocols`,
    remove: {
      file: EXCHANGE,
      text: "if (!answered) fail(new Error('The connection closed without an answer'));",
      by: '',
    },
  },
  {
    id: 'tracker-endless-headers',
    input: 'Headers without end',
    guard: 'A limit of 16 KiB',
    test: HTTP,
    name: `${hostile} survives endless headers`,
    remove: {
      file: EXCHANGE,
      text: 'maxHeaderSize: MAX_HEADER_SIZE,',
      by: 'maxHeaderSize: 2 ** 20,',
    },
  },
  {
    id: 'tracker-slow',
    input: 'A server that takes the connection and says nothing, or drips',
    guard: 'One deadline for a call, redirects included',
    test: HTTP,
    name: 'HttpTrackerClient gives up at its time limit, whether before the answer or within it',
    remove: { file: CLIENT, text: 'timer = setTimeout(() => {', by: 'void ((() => {' },
  },
  {
    id: 'tracker-redirect-circle',
    input: 'Redirects in a circle',
    guard: 'No place is asked twice',
    test: HTTP,
    name: 'HttpTrackerClient redirects refuses circles',
    remove: {
      file: CLIENT,
      text: 'if (visited.has(next.origin + next.path)) {',
      by: 'if (visited.size < 0) {',
    },
  },
  {
    id: 'tracker-redirect-many',
    input: 'Redirects that go on for ever, each to another place',
    guard: 'A limit of five',
    test: HTTP,
    name: 'HttpTrackerClient redirects follows five, relative ones too',
    remove: {
      file: CLIENT,
      text: 'if (visited.size > this.#maxRedirects) {',
      by: 'if (visited.size < 0) {',
    },
  },
  {
    id: 'tracker-redirect-scheme',
    input: 'Redirects to `file:`, `ftp:`, `data:` or what is no URL',
    guard: 'They lead to the web only',
    test: HTTP,
    name: 'HttpTrackerClient redirects refuses file:///etc/passwd',
    remove: {
      file: TARGET,
      text: "if (protocol !== 'http:' && protocol !== 'https:') {",
      by: "if (protocol === 'x:') {",
    },
  },
  {
    id: 'tracker-idna',
    input: 'URLs in which two parsers see two hosts: backslashes, control characters, white space',
    guard: 'Refused',
    test: HTTP,
    name: 'HttpTrackerClient addresses of trackers refuses "http://a\\\\@127.0.0.1/announce"',
    remove: {
      file: `${SRC}/url.ts`,
      text: 'if (/[\\s\\\\\\p{Cc}]/u.test(authority)) {',
      by: "if (authority === '') {",
    },
  },
  {
    id: 'tracker-request-splitting',
    input: 'URLs and parameters with line breaks',
    guard: 'What may not stand in a request line is escaped',
    test: HTTP,
    name: 'HttpTrackerClient addresses of trackers cannot be made to write further headers',
    remove: {
      file: `${SRC}/url.ts`,
      text: 'return text.replace(/[^\\u0021-\\u007e]+/gu, (run) => escapeBytes(encoder.encode(run)));',
      by: 'return text;',
    },
  },
  {
    id: 'tracker-url-long',
    input: 'A tracker URL of any length',
    guard: 'A limit of 4,096 characters',
    test: CODEC,
    name: 'URLs have 4,096 characters at most, and those of a request three times as many',
    remove: {
      file: `${SRC}/url.ts`,
      text: 'if (text.length > maxLength) {',
      by: 'if (text.length < 0) {',
    },
  },
  {
    id: 'tracker-text-escapes',
    input: 'Terminal escapes, marks of direction and invisible characters in what a tracker says',
    guard: 'They become spaces',
    test: CODEC,
    name: 'texts cannot move a cursor, recolour, reorder or hide',
    remove: { file: `${SRC}/text.ts`, text: ".replace(UNSAFE, ' ')", by: '' },
  },
  {
    id: 'tracker-text-long',
    input: 'A message of megabytes',
    guard: 'It is cut to 500 characters, before it is cleaned',
    test: CODEC,
    name: 'texts have 500 characters at most',
    remove: {
      file: `${SRC}/text.ts`,
      text: 'characters.length <= maxLength',
      by: 'characters.length >= 0',
    },
  },
  {
    id: 'tracker-error-page',
    input: 'A web page with markup that comes with an error status',
    guard: 'Its first words are kept, without markup and fit for a terminal',
    test: HTTP,
    name: 'HttpTrackerClient reports a status with the beginning of its page, fit for a terminal',
    remove: { file: CLIENT, text: ".replace(/<[^<>]*>/g, ' ')", by: '' },
  },
  {
    id: 'tracker-peers-type',
    input: '`peers` of a wrong type',
    guard: 'As if there were none',
    test: VECTORS,
    name: 'announce response vectors peers-int',
    remove: {
      file: RESPONSE,
      text: 'else if (Array.isArray(peers)) collector.addList(peers);',
      by: 'else collector.addList(peers as BencodeValue[]);',
    },
  },
  {
    id: 'tracker-peers-length',
    input: '`peers` of no whole number of peers',
    guard: 'What is whole counts',
    test: VECTORS,
    name: 'announce response vectors compact-trailing-bytes',
    remove: [
      {
        file: PEERS,
        text: 'const whole = Math.min(Math.floor(bytes.length / size), this.#limit - this.#seen.size) * size;',
        by: 'const whole = bytes.length;',
      },
      {
        file: 'packages/net/src/compact.ts',
        text: 'at + entry <= bytes.length; at += entry',
        by: 'at < bytes.length; at += entry',
      },
      {
        file: PEERS,
        text: 'if (!Number.isInteger(port) || port < 1 || port > 65535) return false;',
        by: '',
      },
    ],
  },
  {
    id: 'tracker-peers-many',
    input: 'Tens of thousands of peers',
    guard: 'The first 5,000 are taken',
    test: CODEC,
    name: 'responses takes only so many peers, in either form',
    remove: { file: PEERS, text: 'if (this.#seen.size >= this.#limit) return;', by: '' },
  },
  {
    id: 'tracker-peer-port',
    input: 'Peers at port 0, -1 or 70000',
    guard: 'Left out',
    test: VECTORS,
    name: 'announce response vectors dict-bad-ports',
    remove: {
      file: PEERS,
      text: 'if (!Number.isInteger(port) || port < 1 || port > 65535) return false;',
      by: '',
    },
  },
  {
    id: 'tracker-peer-address',
    input:
      'Peers at addresses nobody can be reached at, and in odd spellings: `0.0.0.0`, multicast, `127.1`, `0x7f.0.0.1`',
    guard: 'Left out',
    test: CODEC,
    name: 'responses drops a peer at "0x7f.0.0.1"',
    remove: {
      file: PEERS,
      text: '!/(?:^|\\.)(?:\\d+|0x[0-9a-f]*)\\.?$/i.test(text)',
      by: 'text.length > 0',
    },
  },
  {
    id: 'tracker-interval-zero',
    input: 'An interval of 0, or a negative one: a client that obeys becomes a flood',
    guard: 'A minute at least',
    test: VECTORS,
    name: 'announce response vectors interval-zero',
    remove: {
      file: RESPONSE,
      text: 'return Math.min(high, Math.max(low, value));',
      by: 'return Math.min(high, value);',
    },
  },
  {
    id: 'tracker-interval-huge',
    input: 'An interval of years',
    guard: 'Six hours at most',
    test: VECTORS,
    name: 'announce response vectors interval-huge',
    remove: {
      file: RESPONSE,
      text: 'return Math.min(high, Math.max(low, value));',
      by: 'return Math.max(low, value);',
    },
  },
  {
    id: 'tracker-id-long',
    input: 'A tracker id of kilobytes, which is to be sent back in every URL',
    guard: 'Ignored from 257 bytes on',
    test: CODEC,
    name: 'responses ignores a tracker id that is too long, and keeps others whole',
    remove: {
      file: RESPONSE,
      text: 'trackerId === undefined || trackerId.length > MAX_TRACKER_ID_LENGTH',
      by: 'trackerId === undefined',
    },
  },
  {
    id: 'tracker-scrape-many',
    input: 'A scrape answer of many thousands of swarms',
    guard: 'The first 10,000 are taken',
    test: CODEC,
    name: 'responses takes only so many swarms of a scrape',
    remove: { file: RESPONSE, text: 'if (files.size >= MAX_SCRAPE_FILES) break;', by: '' },
  },
  {
    id: 'udp-other-address',
    input: 'A UDP reply from another address or port than was asked',
    guard: 'It changes nothing',
    test: UDP_TEST,
    name: 'what was not asked for changes nothing: other addresses, ports, transactions, actions, floods',
    remove: {
      file: UDP,
      text: 'from.port !== endpoint.port ||\n      from.address !== endpoint.address ||\n',
      by: '',
    },
  },
  {
    id: 'udp-wrong-transaction',
    input: 'A UDP reply with the wrong transaction id',
    guard: 'Ids are random, and what has none of them is ignored',
    test: UDP_TEST,
    name: 'what was not asked for is counted by kind',
    remove: {
      file: UDP,
      text: 'const transaction = this.#open.get(readUint32(datagram, 4));',
      by: 'const transaction = [...this.#open.values()][0];',
    },
  },
  {
    id: 'udp-wrong-action',
    input: 'A UDP reply to something else than was asked',
    guard: 'It changes nothing',
    test: UDP_TEST,
    name: 'what was not asked for is counted by kind',
    remove: {
      file: UDP,
      text: '(action !== ACTIONS[kind] && action !== UDP_ERROR)',
      by: 'action > 3',
    },
  },
  {
    id: 'udp-short-reply',
    input: 'A UDP reply that is too short for its kind',
    guard: 'Ignored',
    test: PACKETS_TEST,
    name: 'packet vectors ignores connect-response-15: shorter than 16 bytes',
    remove: {
      file: PACKETS,
      text: 'return packet.length < CONNECT_LENGTH\n        ? undefined',
      by: 'return packet.length < 0\n        ? undefined',
    },
  },
  {
    id: 'udp-trailing-bytes',
    input: 'A UDP reply with bytes behind its last peer',
    guard: 'What is whole counts',
    test: PACKETS_TEST,
    name: 'replies come back as they were',
    remove: {
      file: PACKETS,
      text: 'packet.subarray(ANNOUNCE_REPLY_HEADER, packet.length - partial)',
      by: 'packet.subarray(ANNOUNCE_REPLY_HEADER)',
    },
  },
  {
    id: 'udp-silence',
    input: 'A UDP tracker that never answers',
    guard: 'Eight retransmissions, ever further apart, and a deadline',
    test: UDP_TEST,
    name: 'silence is met with 15 · 2ⁿ s between connect requests, eight times',
    remove: {
      file: `${SRC}/udp/udp-exchange.ts`,
      text: 'if (this.#retransmissions === MAX_RETRANSMISSIONS) {',
      by: 'if (this.#retransmissions < 0) {',
    },
  },
  {
    id: 'udp-connect-again',
    input: 'A UDP tracker that refuses each connection id it has given',
    guard: 'It is asked for a new one once',
    test: UDP_TEST,
    name: 'an announce over UDP does not connect anew for ever',
    remove: { file: `${SRC}/udp/udp-exchange.ts`, text: 'this.#reconnected = true;', by: '' },
  },
  {
    id: 'udp-server-forged-id',
    input:
      'To the server: requests with a connection id that was made up, or given to somebody else',
    guard: 'No answer',
    test: RESPONDER_TEST,
    name: 'UdpResponder answers nobody who has not shown the connection id of his own address',
    remove: {
      file: RESPONDER,
      text: 'if (!this.#tokens.accepts(this.#address, now, datagram, 0)) {',
      by: 'if (now < 0) {',
    },
  },
  {
    id: 'udp-server-old-id',
    input: 'To the server: a connection id kept for later',
    guard: 'It is good for two to four minutes',
    test: `${TEST}/server/chaskey.test.ts`,
    name: 'ConnectionTokens accepts an id for two to four minutes, from whom it was given to',
    remove: {
      file: `${SRC}/server/udp/connection-tokens.ts`,
      text: 'if (now < this.#rotateAt) return;',
      by: 'if (now > 0) return;',
    },
  },
  {
    id: 'udp-server-amplification',
    input: 'To the server: small requests with a forged sender, for large answers',
    guard: 'Whoever has not shown a connection id gets no more than was sent',
    test: RESPONDER_TEST,
    name: 'UdpResponder never answers with more than it was sent unless the id is known, whatever comes',
    remove: {
      file: RESPONDER,
      text: 'if (!this.#tokens.accepts(this.#address, now, datagram, 0)) {',
      by: 'if (now < 0) {',
    },
  },
  {
    id: 'udp-server-flood',
    input: 'To the server: requests of one address without end',
    guard: 'A budget for each address, in a table of fixed size',
    test: RESPONDER_TEST,
    name: 'UdpResponder takes no more of an address than its share',
    remove: {
      file: `${SRC}/server/udp/address-limiter.ts`,
      text: 'if (until - now > this.#depth) return false;',
      by: '',
    },
  },
  {
    id: 'udp-server-malformed',
    input: 'To the server: what is no request',
    guard: 'No answer',
    test: RESPONDER_TEST,
    name: 'UdpResponder understands every request of the vectors, and leaves the malformed unanswered',
    remove: {
      file: RESPONDER,
      text: 'if (readUint32(datagram, 0) !== MAGIC_UPPER || readUint32(datagram, 4) !== MAGIC_LOWER) {',
      by: 'if (datagram.length === 0) {',
    },
  },
  {
    id: 'tracker-server-broken-request',
    input: 'To the server over HTTP: an info-hash of 19 bytes, a port of 0, escapes that are none',
    guard: 'A failure reason for each',
    test: `${TEST}/server.test.ts`,
    name: 'TrackerServer refuses "" for its info_hash',
    remove: {
      file: `${SRC}/server/announce-query.ts`,
      text: "if (infoHash?.length !== HASH_LENGTH) return 'info_hash must be 20 bytes';",
      by: '',
    },
  },
  {
    id: 'tracker-server-slow',
    input: 'To the server over HTTP: connections that do not get on, or are too many',
    guard: 'They are ended',
    test: `${TEST}/server.test.ts`,
    name: 'TrackerServer ends connections that do not get on, or are too many',
    remove: {
      file: `${SRC}/server/http-service.ts`,
      text: 'this.#server.maxConnections = options.maxConnections ?? DEFAULT_MAX_CONNECTIONS;',
      by: '',
    },
  },
  {
    id: 'tracker-server-pipelining',
    input: 'To the server over HTTP: requests sent without waiting for answers',
    guard: 'Who goes on without reading is dropped',
    test: `${TEST}/server.test.ts`,
    name: 'TrackerServer answers requests sent in one go, and drops who goes on asking without waiting',
    remove: {
      file: `${SRC}/server/http-service.ts`,
      text: 'if (waiting > MAX_PIPELINED) {',
      by: 'if (waiting < 0) {',
    },
  },
];

/** @type {Area} */
export const trackers = { name: 'trackers', title: 'Trackers', entries };
