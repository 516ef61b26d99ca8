// @ts-check
/** @import { Area, Entry } from '../lib/types.mjs' */

const TAPE = 'packages/bencode/src/tape.ts';
const NODE = 'packages/bencode/src/node.ts';
const MATERIALISE = 'packages/bencode/src/materialise.ts';
const DECODE = 'packages/bencode/test/decode.test.ts';
const VECTORS = 'packages/bencode/test/vectors.test.ts';
const WORK = 'packages/bencode/test/linear-work.test.ts';

/** @type {readonly Entry[]} */
const entries = [
  {
    id: 'bencode-deep-nesting',
    input: 'Lists inside one another, more than a hundred thousand deep',
    guard: 'A limit on containers that are open at once',
    test: VECTORS,
    name: 'invalid vectors deep-list',
    remove: { file: TAPE, text: 'stack.length >= this.#maxDepth', by: 'stack.length < 0' },
  },
  {
    id: 'bencode-deep-dictionaries',
    input: 'Dictionaries inside one another, as deep',
    guard: 'The same limit, whatever the kinds',
    test: VECTORS,
    name: 'invalid vectors deep-dict',
    remove: {
      file: TAPE,
      text: 'stack.length >= this.#maxDepth',
      by: 'byte === BYTE_LIST && stack.length >= this.#maxDepth',
    },
  },
  {
    id: 'bencode-deeper-than-the-call-stack',
    input: 'Nesting deeper than any call stack, where the caller allows it',
    guard: 'A stack of our own, no recursion',
    test: DECODE,
    name: 'limits bounds the depth',
    remove: {
      file: MATERIALISE,
      text: `  const keys = new KeyCache(bytes);`,
      by: `  const descend = (depth: number): number => {
    const byte = bytes[words[2 * depth] ?? 0];
    return byte === BYTE_LIST ? 1 + descend(depth + 1) : 0;
  };
  descend(token);
  const keys = new KeyCache(bytes);`,
    },
  },
  {
    id: 'bencode-negative-string-length',
    input: 'A byte string of negative length: `-9:…`',
    guard: 'A value begins with a digit, `i`, `l` or `d`; all else is an error',
    test: VECTORS,
    name: 'invalid vectors str-neg-len',
    remove: {
      file: TAPE,
      text: 'if (byte >= BYTE_0 && byte <= BYTE_9) {',
      by: 'if ((byte >= BYTE_0 && byte <= BYTE_9) || byte === BYTE_MINUS) {',
    },
  },
  {
    id: 'bencode-string-length-leading-zero',
    input: 'The length of a byte string with zeros in front: `09:…`',
    guard: 'An error; where the caller is lenient, remarked upon',
    test: VECTORS,
    name: 'vectors that are not canonical str-len-leading-zero',
    remove: {
      file: TAPE,
      text: 'if (byte === BYTE_0 && at > start + 1) {',
      by: 'if (at < start) {',
    },
  },
  {
    id: 'bencode-string-longer-than-input',
    input: 'A byte string that claims more bytes than follow',
    guard: 'The length is compared with what is there before anything is made of it',
    test: VECTORS,
    name: 'invalid vectors str-truncated',
    remove: [
      { file: TAPE, text: 'if (length > bytes.length - at) throw tooShort(start);', by: '' },
    ],
  },
  {
    id: 'bencode-string-length-2-53',
    input: 'A length beyond 2^53, 2^64, or of four hundred digits',
    guard: 'Digits are summed up only while the length can be within the input',
    test: VECTORS,
    name: 'invalid vectors str-len-400-digits',
    remove: [
      { file: TAPE, text: 'if (length > bytes.length) throw tooShort(start);', by: '' },
      {
        file: TAPE,
        text: 'if (length > bytes.length - at) throw tooShort(start);',
        by: 'if (Number.isFinite(length) && length > bytes.length - at) throw tooShort(start);',
      },
    ],
  },
  {
    id: 'bencode-string-length-wraps',
    input: 'A length of 2^32 or 2^64 plus the right one, for those who count in 32 or 64 bits',
    guard: 'Lengths are not cut to any width',
    test: VECTORS,
    name: 'invalid vectors str-huge-len-2^32+len',
    remove: [
      { file: TAPE, text: 'if (length > bytes.length) throw tooShort(start);', by: '' },
      {
        file: TAPE,
        text: 'length = length * 10 + (next - BYTE_0);',
        by: 'length = (length * 10 + (next - BYTE_0)) % 2 ** 32;',
      },
    ],
  },
  {
    id: 'bencode-string-length-with-space',
    input: 'White space or another character between a length and its colon',
    guard: 'Digits and the colon only',
    test: VECTORS,
    name: 'invalid vectors str-len-space-colon',
    remove: {
      file: TAPE,
      text: 'if (next < BYTE_0 || next > BYTE_9) {',
      by: `if (next === 0x20) {
        at++;
        continue;
      }
      if (next < BYTE_0 || next > BYTE_9) {`,
    },
  },
  {
    id: 'bencode-negative-zero',
    input: 'The integer `i-0e`',
    guard: 'An error; where the caller is lenient, remarked upon',
    test: VECTORS,
    name: 'vectors that are not canonical neg-zero',
    remove: { file: TAPE, text: 'if (!negative) return;', by: 'if (end >= first) return;' },
  },
  {
    id: 'bencode-negative-zero-value',
    input: 'The same read leniently: the value must not be the -0 of floating point',
    guard: 'Zero has one sign',
    test: DECODE,
    name: 'decode never gives negative zero',
    remove: {
      file: 'packages/bencode/src/content.ts',
      text: 'negative && value !== 0 ? -value : value',
      by: 'negative ? -value : value',
    },
  },
  {
    id: 'bencode-integer-leading-zero',
    input: 'An integer with zeros in front: `i0881e`',
    guard: 'An error; where the caller is lenient, remarked upon',
    test: VECTORS,
    name: 'vectors that are not canonical int-leading-zero',
    remove: { file: TAPE, text: 'if (end - first > 1) {', by: 'if (end < first) {' },
  },
  {
    id: 'bencode-integer-without-digits',
    input: 'An integer without digits: `ie`, `i-e`',
    guard: 'One digit at least',
    test: VECTORS,
    name: 'invalid vectors int-empty',
    remove: {
      file: TAPE,
      text: 'if (next !== BYTE_END || at === first) {',
      by: 'if (next !== BYTE_END) {',
    },
  },
  {
    id: 'bencode-integer-with-other-characters',
    input:
      'An integer with a space, a point, an exponent or letters: `i 881e`, `i881.5e`, `i0x371e`',
    guard: 'Digits and the `e` only',
    test: VECTORS,
    name: 'invalid vectors int-float',
    remove: {
      file: TAPE,
      text: 'if (next !== BYTE_END || at === first) {',
      by: `while (next !== BYTE_END && at < bytes.length) next = bytes[++at] ?? END_OF_INPUT;
    if (next !== BYTE_END || at === first) {`,
    },
  },
  {
    id: 'bencode-integer-beyond-2-53',
    input: 'Integers that floating point cannot hold: 2^53, 2^64',
    guard: 'They are exact, as `bigint`',
    test: DECODE,
    name: 'decode reads i9007199254740992e as a number while it is exact',
    remove: {
      file: 'packages/bencode/src/content.ts',
      text: 'if (last - at > MAX_EXACT_DIGITS) {',
      by: 'if (last < at) {',
    },
  },
  {
    id: 'bencode-integer-of-many-digits',
    input: 'An integer of thousands of digits, which takes more than linear time to convert',
    guard: 'A limit on its characters',
    test: DECODE,
    name: 'limits bounds the digits of an integer',
    remove: { file: TAPE, text: 'if (at >= limit) {', by: 'if (at < start) {' },
  },
  {
    id: 'bencode-integer-cut-off',
    input: 'Input that ends inside an integer',
    guard: 'The end of the input stops every loop',
    test: VECTORS,
    name: 'invalid vectors int-unterminated',
    remove: {
      file: TAPE,
      text: 'if (next === END_OF_INPUT) throw truncated(at);\n    if (next !== BYTE_END || at === first) {',
      by: 'if (next !== BYTE_END && next !== END_OF_INPUT) {',
    },
  },
  {
    id: 'bencode-over-read',
    input: 'A view of a larger buffer whose last value ends behind the view',
    guard: 'Nothing is read behind the view, though the memory is there',
    test: DECODE,
    name: 'decode reads nothing behind a part of a larger buffer',
    remove: {
      file: TAPE,
      text: 'if (length > bytes.length - at) throw tooShort(start);',
      by: 'if (length > bytes.buffer.byteLength - at) throw tooShort(start);',
    },
  },
  {
    id: 'bencode-container-cut-off',
    input: 'Input that ends inside a list or dictionary',
    guard: 'The end of the input is an error, wherever it comes',
    test: VECTORS,
    name: 'invalid vectors list-unterminated',
    remove: { file: TAPE, text: '  throw truncated(at);\n      } else {', by: '} else {' },
  },
  {
    id: 'bencode-no-progress',
    input: 'A byte that begins no value',
    guard: 'An error, so that no loop goes on without getting anywhere',
    test: VECTORS,
    name: 'invalid vectors unknown-type',
    remove: {
      file: TAPE,
      text: `        throw new BencodeError(
          'ERR_BENCODE_UNEXPECTED_BYTE',
          \`no value starts with \${show(byte)}\`,
          at,
        );`,
      by: '',
    },
  },
  {
    id: 'bencode-stray-end',
    input: 'An `e` where nothing is open',
    guard: 'An end needs a container',
    test: VECTORS,
    name: 'invalid vectors stray-e',
    remove: {
      file: TAPE,
      text: 'if (byte === BYTE_END && frame !== undefined) {',
      by: `if (byte === BYTE_END && frame === undefined) {
        this.#append(at, at++);
        break;
      }
      if (byte === BYTE_END && frame !== undefined) {`,
    },
  },
  {
    id: 'bencode-key-without-value',
    input: 'A dictionary that ends behind a key',
    guard: 'Keys and values come in pairs',
    test: VECTORS,
    name: 'invalid vectors dict-missing-value',
    remove: { file: TAPE, text: 'if (frame.isDictionary && !needsKey) {', by: 'if (at < 0) {' },
  },
  {
    id: 'bencode-key-no-string',
    input: 'A key that is an integer, a list or a dictionary',
    guard: 'Keys are byte strings',
    test: VECTORS,
    name: 'invalid vectors dict-int-key',
    remove: {
      file: TAPE,
      text: 'if (needsKey && byte !== END_OF_INPUT) {',
      by: 'if (needsKey && byte !== END_OF_INPUT && byte !== BYTE_INTEGER) {',
    },
  },
  {
    id: 'bencode-trailing-data',
    input: 'Bytes behind the value',
    guard: 'An error; where the caller is lenient, remarked upon',
    test: VECTORS,
    name: 'vectors that are not canonical trailing-nul',
    remove: {
      file: TAPE,
      text: 'if (!prefix && end < this.#bytes.length) {',
      by: 'if (end < 0) {',
    },
  },
  {
    id: 'bencode-proto-key',
    input: 'Keys named `__proto__`, `constructor`, `toString`',
    guard: 'Dictionaries are maps, never objects',
    test: DECODE,
    name: 'decode takes special keys for keys',
    remove: {
      file: MATERIALISE,
      text: 'if (!frame.into.has(key)) frame.into.set(key, value);',
      by: 'if (!(key in {}) && !frame.into.has(key)) frame.into.set(key, value);',
    },
  },
  {
    id: 'bencode-key-not-utf8',
    input: 'Keys that are not UTF-8: two different ones must stay different',
    guard: 'A key is one character for each byte',
    test: DECODE,
    name: 'keys stay apart where they are not UTF-8',
    remove: {
      file: 'packages/bencode/src/repeats.ts',
      text: "return (this.#keys[slot] = text.toString('latin1', start, end));",
      by: "return (this.#keys[slot] = text.toString('utf8', start, end));",
    },
  },
  {
    id: 'bencode-text-not-utf8',
    input: 'Text that is not UTF-8',
    guard: 'It is given as bytes, never as a text with replaced characters',
    test: DECODE,
    name: 'BencodeNode reads text only where it is UTF-8',
    remove: {
      file: NODE,
      text: "isUtf8(text.subarray(content, end)) ? text.toString('utf8', content, end) : undefined",
      by: "text.toString('utf8', content, end)",
    },
  },
  {
    id: 'bencode-duplicate-key',
    input: 'A key that is there twice',
    guard: 'An error; where the caller is lenient, the first one counts, for all ways of reading',
    test: DECODE,
    name: 'decode keeps the first value of a repeated key',
    remove: {
      file: MATERIALISE,
      text: 'if (!frame.into.has(key)) frame.into.set(key, value);',
      by: 'frame.into.set(key, value);',
    },
  },
  {
    id: 'bencode-duplicate-key-strict',
    input: 'A key that is there twice, with others in between',
    guard: 'Once a key is out of order, all keys seen are remembered',
    test: VECTORS,
    name: 'vectors that are not canonical duplicate-apart',
    remove: {
      file: TAPE,
      text: 'frame.seen === undefined || frame.seen.has(key)',
      by: 'frame.seen === undefined',
    },
  },
  {
    id: 'bencode-unsorted-keys',
    input: 'Keys out of order',
    guard: 'An error; where the caller is lenient, remarked upon',
    test: VECTORS,
    name: 'vectors that are not canonical unsorted-keys',
    remove: {
      file: TAPE,
      text: 'if (this.#compareKeys(last, token) > 0) {',
      by: 'if (last < 0) {',
    },
  },
  {
    id: 'bencode-unsorted-keys-work',
    input: 'Many keys in falling order, for those who look through all keys again for each',
    guard: 'Keys seen are kept in a set, made once',
    test: WORK,
    name: 'work is in proportion to the input: many keys in falling order, by decode',
    remove: { file: TAPE, text: 'if (frame.seen === undefined) {', by: 'if (token >= 0) {' },
  },
  {
    id: 'bencode-many-tokens',
    input: 'Millions of tiny values',
    guard: 'A limit on tokens, and their memory grows with what has been read',
    test: DECODE,
    name: 'limits bounds the tokens',
    remove: [
      {
        file: TAPE,
        text: 'if (this.#capacity >= this.#maxTokens) {',
        by: 'if (this.#capacity < 0) {',
      },
      {
        file: TAPE,
        text: 'Math.min(2 * this.#capacity, this.#maxTokens)',
        by: '2 * this.#capacity',
      },
    ],
  },
  {
    id: 'bencode-long-input',
    input: 'Input of any length',
    guard: 'A limit on its bytes',
    test: DECODE,
    name: 'limits bounds the input',
    remove: { file: TAPE, text: 'if (length > maxLength) {', by: 'if (length < 0) {' },
  },
  {
    id: 'bencode-wrong-type',
    input: 'An integer where a string was expected, and every other pair of kinds',
    guard: 'Reading a value as another kind is a typed error',
    test: DECODE,
    name: 'BencodeNode refuses to be read as another kind',
    remove: {
      file: NODE,
      text: 'if (actual === type) return;',
      by: 'if (actual !== undefined) return;',
    },
  },
  {
    id: 'bencode-reencoded-hash',
    input: 'An info dictionary that is not canonical, of which the info-hash is wanted',
    guard: 'The original bytes are hashed, never a new encoding',
    test: VECTORS,
    name: 'source spans unsorted-info',
    remove: {
      file: NODE,
      text: 'return this.#source.bytes.subarray(this.start, this.end);',
      by: "return new Uint8Array(Buffer.from(`d${[...this.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key.length}:${key}${Buffer.from(this.#source.bytes.subarray(value.start, value.end)).toString('latin1')}`).join('')}e`, 'latin1'));",
    },
  },
];

/** @type {Area} */
export const bencode = { name: 'bencode', title: 'Bencode', entries };
