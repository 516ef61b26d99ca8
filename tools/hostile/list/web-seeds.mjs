// @ts-check
/** @import { Area, Entry } from '../lib/types.mjs' */

const SRC = 'packages/client/src/web-seed';
const TEST = 'packages/client/test/web-seed';
const JUDGE = `${SRC}/judge-answer.ts`;
const JUDGE_TEST = `${TEST}/judge-answer.test.ts`;
const FAILURES = `${TEST}/failures.test.ts`;
const URLS = `${TEST}/seed-url.test.ts`;

/** @type {readonly Entry[]} */
const entries = [
  {
    id: 'web-seed-200-for-206',
    input: 'The whole file (200) where a range was asked for (206)',
    guard:
      'It is streamed from its beginning, where that is worth it, and never taken for the range',
    test: JUDGE_TEST,
    name: 'the head of an answer is the whole file, unasked or asked',
    remove: {
      file: JUDGE,
      text: "isAll || kind === 'httpseeds' ? { kind: 'bytes', length } : { kind: 'whole' }",
      by: "isAll || kind !== 'httpseeds' ? { kind: 'bytes', length } : { kind: 'whole' }",
    },
  },
  {
    id: 'web-seed-other-range',
    input: 'A `Content-Range` of other bytes than were asked for',
    guard: 'Refused before any byte of the body is taken',
    test: FAILURES,
    name: 'a web seed that fails because it sends another range says so, and is /bytes 1-524288 unasked/',
    remove: {
      file: JUDGE,
      text: 'if (first !== range.first || last < first || last > range.last) {',
      by: 'if (last < first) {',
    },
  },
  {
    id: 'web-seed-no-range',
    input: 'A 206 without a `Content-Range`, or one that cannot be read',
    guard: 'The same',
    test: JUDGE_TEST,
    name: 'the head of an answer is a fault: 206 {"content-type":"multipart/byteranges"}',
    remove: {
      file: JUDGE,
      text: 'if (match === null) {',
      by: "if (match === null && length > 0) return { kind: 'bytes', length: range.last - range.first + 1 };\n  if (match === null) {",
    },
  },
  {
    id: 'web-seed-other-length',
    input: 'A file of another length than the torrent has',
    guard: 'That file is not asked for again',
    test: FAILURES,
    name: 'a web seed that fails because it has a longer file says so, and is /9999999 bytes there/',
    remove: {
      file: JUDGE,
      text: "if (match[3] !== '*' && Number(match[3]) !== length) {",
      by: "if (match[3] === '') {",
    },
  },
  {
    id: 'web-seed-contradiction',
    input: 'A `Content-Length` that contradicts the range',
    guard: 'Refused',
    test: FAILURES,
    name: 'a web seed that fails because it contradicts itself says so, and is /contradicts itself/',
    remove: {
      file: JUDGE,
      text: 'if (said !== undefined && said !== `${size}`) {',
      by: 'if (size < 0) {',
    },
  },
  {
    id: 'web-seed-too-much',
    input: 'More bytes than were asked for',
    guard: 'The request ends, and nothing of it is taken',
    test: FAILURES,
    name: 'a web seed that fails because it sends more than it was asked for',
    remove: {
      file: `${SRC}/web-lane.ts`,
      text: 'if (chunk.length > this.#bodyLeft) {',
      by: 'if (chunk.length < 0) {',
    },
  },
  {
    id: 'web-seed-too-little',
    input: 'Fewer bytes than the head has promised',
    guard: 'A fault; what has come is kept, the rest asked for again later',
    test: FAILURES,
    name: 'a web seed that fails because it sends too little says so, and is /less than it said/',
    remove: {
      file: `${SRC}/web-lane.ts`,
      text: "if (this.#bodyLeft > 0) this.#fail('The server sends less than it said');\n    else if",
      by: 'if',
    },
  },
  {
    id: 'web-seed-packed',
    input: 'A packed body',
    guard: 'Refused: offsets in it would mean nothing, and it could unpack to anything',
    test: FAILURES,
    name: 'a web seed that fails because it packs what it sends says so, and is /packs what it sends \\(gzip\\)/',
    remove: {
      file: JUDGE,
      text: "if (encoding !== '' && encoding !== 'identity') {",
      by: "if (encoding === 'x') {",
    },
  },
  {
    id: 'web-seed-silent',
    input: 'A server that takes the request and never answers',
    guard: 'A deadline',
    test: FAILURES,
    name: 'a web seed that fails because it never answers says so, and is /does not answer/',
    remove: {
      file: `${SRC}/answer-watch.ts`,
      text: "return now - this.#lastAt >= answerTimeout ? 'The server does not answer' : undefined;",
      by: 'return undefined;',
    },
  },
  {
    id: 'web-seed-stops',
    input: 'A server that stops in the middle of a body',
    guard: 'A deadline',
    test: FAILURES,
    name: 'a web seed that fails because it stops says so, and is /stopped sending/',
    remove: {
      file: `${SRC}/answer-watch.ts`,
      text: "if (now - this.#lastAt >= silenceTimeout) return 'The server has stopped sending';",
      by: '',
    },
  },
  {
    id: 'web-seed-drip',
    input: 'A server that drips, a few bytes a second',
    guard: 'A rate that it has to keep',
    test: `${TEST}/answer-watch.test.ts`,
    name: 'an answer that is watched must not drip',
    remove: {
      file: `${SRC}/answer-watch.ts`,
      text: "if (this.#rateBytes * 1000 < minRate * time) return 'The server is too slow';",
      by: '',
    },
  },
  {
    id: 'web-seed-retry-after',
    input: 'A `Retry-After` of years',
    guard: 'An hour at most',
    test: JUDGE_TEST,
    name: 'the head of an answer is a fault: 503 {"retry-after":"99999999"}',
    remove: {
      file: JUDGE,
      text: 'Math.min(Number(seconds) * 1000, webSeedDefaults.maxRetryAfter)',
      by: 'Number(seconds) * 1000',
    },
  },
  {
    id: 'web-seed-corrupt',
    input: 'A server whose bytes are wrong',
    guard: 'It is banned as a peer would be, and another completes the download',
    test: FAILURES,
    name: 'a web seed that fails is banned for corrupt pieces, and another completes the download',
    remove: {
      file: `${SRC}/web-seed.ts`,
      text: "if (total >= webSeedDefaults.maxCorruptPieces) this.#refuse('It sent corrupt data');",
      by: '',
    },
  },
  {
    id: 'web-seed-url-scheme',
    input: 'A web seed whose URL is of no web: `file:`, `ftp:`, `javascript:`',
    guard: 'It is never asked',
    test: URLS,
    name: 'other URLs must be of the web',
    remove: {
      file: `${SRC}/seed-url.ts`,
      text: "if (url.protocol !== 'http:' && url.protocol !== 'https:') {",
      by: "if (url.protocol === 'x:') {",
    },
  },
  {
    id: 'web-seed-path-escape',
    input: "File names that would lead out of the seed's folder: `..`, empty ones, slashes, `%2e`",
    guard: 'Names are escaped, and one that no URL can name is not asked for',
    test: URLS,
    name: 'the URL of a file (BEP 19) is none where a name would lead elsewhere',
    remove: {
      file: `${SRC}/seed-url.ts`,
      text: "if (names.some((name) => name === '' || name === '.' || name === '..')) return undefined;",
      by: '',
    },
  },
  {
    id: 'web-seed-shown-credentials',
    input: 'Credentials in a URL that is shown',
    guard: 'They are left out',
    test: URLS,
    name: 'other URLs are shown without credentials',
    remove: { file: `${SRC}/seed-url.ts`, text: "url.password = '';", by: '' },
  },
];

/** @type {Area} */
export const webSeeds = { name: 'web-seeds', title: 'Web seeds', entries };
