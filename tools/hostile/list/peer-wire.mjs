// @ts-check
/** @import { Area, Entry } from '../lib/types.mjs' */

const SRC = 'packages/peer-wire/src';
const TEST = 'packages/peer-wire/test';
const DECODER = `${SRC}/decoder.ts`;
const DECODER_TEST = `${TEST}/decoder.test.ts`;
const VECTORS = `${TEST}/vectors.test.ts`;
const GUARD = `${SRC}/protocol-guard.ts`;
const GUARD_TEST = `${TEST}/protocol-guard.test.ts`;
const METADATA = `${SRC}/extension/ut-metadata.ts`;
const METADATA_TEST = `${TEST}/ut-metadata.test.ts`;
const EXTENDED = `${SRC}/extension/extension-handshake.ts`;
const EXTENDED_TEST = `${TEST}/extension-handshake.test.ts`;
const WORK = `${TEST}/linear-work.test.ts`;

/** @type {readonly Entry[]} */
const entries = [
  {
    id: 'wire-handshake-other-protocol',
    input: 'A handshake of another protocol, or random bytes',
    guard: 'Refused at the first wrong byte',
    test: `${TEST}/handshake.test.ts`,
    name: 'HandshakeReader refuses at the very byte that is wrong',
    remove: {
      file: `${SRC}/handshake.ts`,
      text: 'if (chunk[i] !== PREFIX[this.#length + i]) {',
      by: 'if (i > 99) {',
    },
  },
  {
    id: 'wire-handshake-cut',
    input: 'A handshake that comes in pieces, or with messages behind it',
    guard: 'Its reader holds 68 bytes and never more',
    test: `${TEST}/handshake.test.ts`,
    name: 'HandshakeReader reads any chunking and gives the rest, from copies',
    remove: {
      file: `${SRC}/handshake.ts`,
      text: 'Math.min(chunk.length, HANDSHAKE_LENGTH - this.#length)',
      by: 'chunk.length',
    },
  },
  {
    id: 'wire-handshake-wrong-torrent',
    input: 'An answer with another info-hash than was asked for',
    guard: 'The connection ends',
    test: `${TEST}/handshake.test.ts`,
    name: 'checkHandshake names what differs',
    remove: {
      file: `${SRC}/handshake.ts`,
      text: 'if (!equalBytes(handshake.infoHash, expected.infoHash)) {',
      by: 'if (handshake.infoHash.length === 0) {',
    },
  },
  {
    id: 'wire-length-2-32',
    input: 'A length prefix of 0xffffffff',
    guard: 'Refused with its fourth byte, before anything is stored',
    test: VECTORS,
    name: 'shared vectors: malformed messages refuses an absurd length as soon as its four bytes are there',
    remove: {
      file: DECODER,
      text: "if (length > this.#maxMessageLength) throw tooLong('a message', length, this.#maxMessageLength);",
      by: '',
    },
  },
  {
    id: 'wire-length-signed',
    input: 'A length prefix of 0x80000000, which is negative to those who read it as signed',
    guard: 'Numbers on the wire are unsigned',
    test: VECTORS,
    name: 'shared vectors: malformed messages refuses an absurd length as soon as its four bytes are there',
    remove: {
      file: 'packages/net/src/uint32.ts',
      text: '>>>\n    0\n  );',
      by: '>>\n    0\n  );',
    },
  },
  {
    id: 'wire-long-block',
    input: 'A block of megabytes',
    guard: 'A limit for each kind of message: 128 KiB for a block',
    test: DECODER_TEST,
    name: 'WireDecoder: limits has a default for a block',
    remove: {
      file: DECODER,
      text: 'if (length - 9 > this.#limits.maxBlockLength) {',
      by: 'if (length < 0) {',
    },
  },
  {
    id: 'wire-long-bitfield',
    input: 'A bitfield longer than the torrent has pieces',
    guard: 'The limit is that of the torrent once it is known',
    test: DECODER_TEST,
    name: 'WireDecoder: limits has its bitfield limit set once the piece count is known',
    remove: {
      file: DECODER,
      text: 'if (length - 1 > this.#maxBitfieldLength) {',
      by: 'if (length < 0) {',
    },
  },
  {
    id: 'wire-long-extended',
    input: 'An extended message of many megabytes',
    guard: 'A limit of 1 MiB',
    test: DECODER_TEST,
    name: 'WireDecoder: limits takes 0000000414 and refuses 0000000514 with {"maxExtendedLength":2}',
    remove: {
      file: DECODER,
      text: 'if (length - 2 > this.#limits.maxExtendedLength) {',
      by: 'if (length < 0) {',
    },
  },
  {
    id: 'wire-long-unknown',
    input: 'A long message of an unknown kind',
    guard: 'A limit; what is below it is skipped without being stored',
    test: DECODER_TEST,
    name: 'WireDecoder: limits has a default for a unknown',
    remove: {
      file: DECODER,
      text: 'if (length > this.#limits.maxUnknownLength) {',
      by: 'if (length < 0) {',
    },
  },
  {
    id: 'wire-long-promise',
    input: 'A megabyte announced and a byte sent',
    guard: 'Memory grows with what has come, not with what was announced',
    test: `${TEST}/properties.test.ts`,
    name: 'properties a gathered message takes memory as it arrives, and copies linearly',
    remove: {
      file: `${SRC}/message-gatherer.ts`,
      text: 'new Uint8Array(Math.min(length, FIRST_LENGTH))',
      by: 'new Uint8Array(length)',
    },
  },
  {
    id: 'wire-tiny-chunks',
    input: 'A large message in chunks of a byte',
    guard: 'Room doubles, so that every byte is copied a few times at most',
    test: WORK,
    name: 'work is in proportion to the bytes, however they are cut: an extended message',
    remove: {
      file: `${SRC}/message-gatherer.ts`,
      text: 'Math.max(needed, this.#bytes.length * 2)',
      by: 'needed',
    },
  },
  {
    id: 'wire-wrong-length',
    input:
      'A message whose length does not fit its kind: a `have` of three bytes, a `choke` with a payload',
    guard: 'Each kind has its length',
    test: VECTORS,
    name: 'shared vectors: malformed messages have-short',
    remove: {
      file: DECODER,
      text: "if (length !== 5) throw wrongLength(`message ${id}`, length, '5');",
      by: '',
    },
  },
  {
    id: 'wire-short-piece',
    input: 'A `piece` message too short for its own fields',
    guard: 'The same: a block never has a negative length',
    test: VECTORS,
    name: 'shared vectors: malformed messages piece-short',
    remove: {
      file: DECODER,
      text: "if (length < 9) throw wrongLength('piece', length, 'at least 9');",
      by: '',
    },
  },
  {
    id: 'wire-empty-extended',
    input: 'An extended message without an extended id',
    guard: 'The same',
    test: VECTORS,
    name: 'shared vectors: malformed messages extended-empty',
    remove: {
      file: DECODER,
      text: "if (length < 2) throw wrongLength('extended', length, 'at least 2');",
      by: '',
    },
  },
  {
    id: 'wire-unknown-id',
    input: 'Messages of unknown kinds',
    guard: 'They are skipped, and the next message is read',
    test: DECODER_TEST,
    name: 'WireDecoder: life skips unknown messages without losing its place, and counts their payload',
    remove: {
      file: DECODER,
      text: 'this.#state = length > 0 ? SKIPPING : BETWEEN_MESSAGES;',
      by: '',
    },
  },
  {
    id: 'wire-bytes-after-error',
    input: 'More bytes after a message that broke the protocol',
    guard: 'The decoder is spent',
    test: DECODER_TEST,
    name: 'WireDecoder: life is spent after an error',
    remove: { file: DECODER, text: 'if (!done) this.#end(FAILED);', by: '' },
  },
  {
    id: 'wire-buffer-taken-away',
    input: 'A block that comes while its piece is taken away and its buffer handed to a worker',
    guard: 'A buffer that is gone is noticed, and the rest of the block dropped',
    test: DECODER_TEST,
    name: 'WireDecoder: blocks drops the rest when the place was detached meanwhile',
    remove: [
      {
        file: DECODER,
        text: 'if (target.length === this.#blockLength) {\n        copyBytes',
        by: 'if (target.length >= 0) {\n        copyBytes',
      },
      {
        file: DECODER,
        text: 'target !== undefined && target.length === this.#blockLength',
        by: 'target !== undefined',
      },
    ],
  },
  {
    id: 'wire-bitfield-late',
    input: 'A bitfield that comes twice, or after messages about pieces',
    guard:
      'Refused where the caller wants that; the client takes it, checked, as one that says what it has in another way',
    test: GUARD_TEST,
    name: 'ProtocolGuard takes no announcement after a message about pieces',
    remove: {
      file: GUARD,
      text: 'if (!this.#mayAnnounceAll) {',
      by: 'if (this.#pieceCount < 0) {',
    },
  },
  {
    id: 'wire-bitfield-size',
    input: 'A bitfield of the wrong size',
    guard: 'It has one bit for each piece, to the byte',
    test: GUARD_TEST,
    name: 'shared vectors: wrong in context bitfield-too-short',
    remove: {
      file: `${SRC}/bitfield.ts`,
      text: 'if (bytes.length !== size) {',
      by: 'if (bytes.length > size) {',
    },
  },
  {
    id: 'wire-bitfield-spare-bits',
    input: 'A bitfield with bits behind the last piece',
    guard: 'They must be zero',
    test: GUARD_TEST,
    name: 'shared vectors: wrong in context bitfield-spare-bits',
    remove: {
      file: `${SRC}/bitfield.ts`,
      text: 'if ((length & 7) !== 0 && ',
      by: 'if (length < 0 && ',
    },
  },
  {
    id: 'wire-have-out-of-range',
    input: 'A `have` of a piece that the torrent has not',
    guard: 'The connection ends',
    test: GUARD_TEST,
    name: 'shared vectors: wrong in context have-out-of-range',
    remove: { file: GUARD, text: 'if (piece >= this.#pieceCount) {', by: 'if (piece < 0) {' },
  },
  {
    id: 'wire-request-out-of-range',
    input: 'A `request`, `cancel` or `reject` beyond the end of its piece, or of 2^32 bytes',
    guard: 'The block must be inside its piece',
    test: GUARD_TEST,
    name: 'ProtocolGuard knows where pieces end',
    remove: { file: GUARD, text: 'begin + length <= this.#pieceLengthAt(piece)', by: 'begin >= 0' },
  },
  {
    id: 'wire-request-empty',
    input: 'A request of no bytes',
    guard: 'A block has one byte at least',
    test: GUARD_TEST,
    name: 'ProtocolGuard knows where pieces end',
    remove: { file: GUARD, text: '      length >= 1 &&\n', by: '' },
  },
  {
    id: 'wire-request-oversize',
    input: 'A request of more than 128 KiB',
    guard: 'A limit',
    test: GUARD_TEST,
    name: 'ProtocolGuard answers blocks up to 128 KiB, or up to the limit it was given',
    remove: { file: GUARD, text: '      length <= this.#maxBlockLength &&\n', by: '' },
  },
  {
    id: 'wire-unrequested-block',
    input: 'A block that was never asked for',
    guard: 'Refused, where both sides speak the fast extension',
    test: GUARD_TEST,
    name: 'shared vectors: wrong in context piece-unrequested',
    remove: {
      file: GUARD,
      text: "if (this.#fast) throw notRequested('block', piece, begin);",
      by: '',
    },
  },
  {
    id: 'wire-fast-without',
    input: 'Messages of the fast extension where it was not agreed on',
    guard: 'The connection ends',
    test: GUARD_TEST,
    name: 'ProtocolGuard refuses every message of the fast extension without it',
    remove: { file: GUARD, text: 'if (!this.#fast) {', by: 'if (this.#pieceCount < 0) {' },
  },
  {
    id: 'wire-hashes-unasked',
    input: 'Hashes (BEP 52) nobody asked for, or twice',
    guard: 'Each answer settles one request of ours',
    test: GUARD_TEST,
    name: 'ProtocolGuard: hash messages takes one answer to each request, whichever it is, in any order',
    remove: { file: `${SRC}/hash-ledger.ts`, text: 'this.#outstanding.splice(place, 1);', by: '' },
  },
  {
    id: 'wire-hash-requests-flood',
    input: 'Requests for hashes without end',
    guard: 'A limit on those that wait for our answer',
    test: GUARD_TEST,
    name: 'ProtocolGuard: hash messages bounds the requests of the peer that wait for an answer',
    remove: {
      file: `${SRC}/hash-ledger.ts`,
      text: 'if (this.#pending >= this.#maxPending) {',
      by: 'if (this.#pending < 0) {',
    },
  },
  {
    id: 'wire-hashes-billions',
    input: 'A `hashes` message whose fields speak of two billion hashes',
    guard: 'Its fields must fit its length, before a place for the hashes is asked for',
    test: `${TEST}/hash-messages.test.ts`,
    name: 'WireDecoder: hashes are refused with fields that say two billion, before a place is asked for',
    remove: {
      file: `${SRC}/hash-message-reader.ts`,
      text: 'if (this.#length !== expected) {',
      by: 'if (this.#length > expected) {',
    },
  },
  {
    id: 'wire-hash-request-odd',
    input:
      'A request for hashes of no tree: an odd length, a layer above the root, an index beyond it',
    guard: 'Each field is checked',
    test: `${TEST}/hash-messages.test.ts`,
    name: 'hashRequestFault length for {"length":6} of any file',
    remove: {
      file: `${SRC}/hash-request.ts`,
      text: 'length < 2 || length > maxLength || !isPowerOfTwo',
      by: 'length < 2 || length > maxLength',
    },
  },
  {
    id: 'wire-extended-handshake-garbage',
    input: 'An extended handshake that is no dictionary: random bytes, a list, nothing',
    guard: 'A typed error, which ends the connection',
    test: EXTENDED_TEST,
    name: 'shared vectors: extended handshakes ext-handshake-list',
    remove: {
      file: `${SRC}/extension/fields.ts`,
      text: "if (document.root.type !== 'dictionary') throw unreadable(`${what} is no dictionary`);",
      by: '',
    },
  },
  {
    id: 'wire-extended-handshake-deep',
    input: 'An extended handshake of lists thousands deep, or of thousands of values',
    guard: 'Limits on depth and tokens',
    test: EXTENDED_TEST,
    name: 'decodeExtensionHandshake is bounded in length, depth and the number of extensions',
    remove: {
      file: `${SRC}/extension/fields.ts`,
      text: 'maxDepth: MAX_DEPTH,\n      maxTokens: MAX_TOKENS,',
      by: 'maxDepth: Infinity,',
    },
  },
  {
    id: 'wire-extended-handshake-many',
    input: 'An extended handshake that names hundreds of extensions',
    guard: 'A limit; further ones are ignored',
    test: EXTENDED_TEST,
    name: 'decodeExtensionHandshake is bounded in length, depth and the number of extensions',
    remove: { file: EXTENDED, text: 'if (extensions.size === MAX_EXTENSION_COUNT) break;', by: '' },
  },
  {
    id: 'wire-extended-ids',
    input: 'Extended ids that are no byte: negative, 256, 2^70, a text',
    guard: 'As if they were not there',
    test: EXTENDED_TEST,
    name: 'shared vectors: extended handshakes ext-handshake-bad-ids',
    remove: {
      file: EXTENDED,
      text: 'integerOf(node, 0, 0xff)',
      by: 'integerOf(node, -Infinity, Infinity)',
    },
  },
  {
    id: 'wire-client-name',
    input: 'A client name with terminal escapes, or of 20,000 characters',
    guard: 'What a terminal would obey is taken out, and the rest cut to 64 characters',
    test: EXTENDED_TEST,
    name: 'decodeExtensionHandshake shows nothing of a client that a terminal would obey, and no more than 64 characters',
    remove: { file: EXTENDED, text: ".replace(UNSHOWABLE, '')", by: '' },
  },
  {
    id: 'wire-metadata-size-zero',
    input: 'A `metadata_size` of 0, or a negative one',
    guard: 'As if it were not there',
    test: EXTENDED_TEST,
    name: 'decodeExtensionHandshake takes no metadata_size of {"metadata_size":0}, and the rest all the same',
    remove: {
      file: EXTENDED,
      text: "integerIn(root, 'metadata_size', 1, MAX_METADATA_LENGTH)",
      by: "integerIn(root, 'metadata_size', -1, MAX_METADATA_LENGTH)",
    },
  },
  {
    id: 'wire-metadata-size-huge',
    input: 'A `metadata_size` of 2 GB',
    guard: 'A limit of 30 MiB',
    test: EXTENDED_TEST,
    name: 'shared vectors: extended handshakes ext-metadata-size-huge',
    remove: {
      file: EXTENDED,
      text: "integerIn(root, 'metadata_size', 1, MAX_METADATA_LENGTH)",
      by: "integerIn(root, 'metadata_size', 1, Infinity)",
    },
  },
  {
    id: 'wire-metadata-piece-range',
    input: 'A metadata message for piece -1, or for one beyond 30 MiB',
    guard: 'A typed error',
    test: METADATA_TEST,
    name: 'utMetadata cannot read a piece beyond 30 MiB',
    remove: {
      file: METADATA,
      text: "integerIn(root, 'piece', 0, MAX_PIECE)",
      by: "integerIn(root, 'piece', 0, Infinity)",
    },
  },
  {
    id: 'wire-metadata-piece-length',
    input: 'A piece of metadata whose length contradicts its own `total_size`',
    guard: 'A typed error',
    test: METADATA_TEST,
    name: 'shared vectors: ut_metadata ut_metadata-size-mismatch',
    remove: {
      file: METADATA,
      text: 'if (length === 0 || data.length !== length) {\n      throw unreadable(',
      by: 'if (length < 0) {\n      throw unreadable(',
    },
  },
  {
    id: 'wire-metadata-long-message',
    input: 'A metadata message of more than a piece',
    guard: 'A limit of 20 KiB',
    test: METADATA_TEST,
    name: 'utMetadata cannot read a message of more than 20 KiB',
    remove: { file: METADATA, text: 'payload, MAX_MESSAGE_LENGTH)', by: 'payload, Infinity)' },
  },
  {
    id: 'wire-pex-long',
    input: 'A list of thousands of peers, by peer exchange',
    guard: 'The first 200 of each kind are read',
    test: `${TEST}/peer-exchange.test.ts`,
    name: 'peer exchange takes the first peers of a list that is too long, and no message that is',
    remove: {
      file: `${SRC}/extension/ut-pex.ts`,
      text: 'bytes.subarray(0, MAX_PEX_PEERS * each)',
      by: 'bytes',
    },
  },
  {
    id: 'wire-pex-types',
    input: 'Lists of peers of a wrong type, or of no whole number of peers',
    guard: 'As if they were not there; what is whole counts',
    test: `${TEST}/peer-exchange.test.ts`,
    name: 'peer exchange ignores lists of the wrong type',
    remove: {
      file: `${SRC}/extension/fields.ts`,
      text: "value?.type === 'bytes' ? value.asBytes() : undefined",
      by: 'value?.asBytes()',
    },
  },
  {
    id: 'wire-donthave-short',
    input: 'A `lt_donthave` of three bytes',
    guard: 'A typed error',
    test: `${TEST}/small-extensions.test.ts`,
    name: 'lt_donthave refuses what is no index',
    remove: {
      file: `${SRC}/extension/lt-donthave.ts`,
      text: 'if (payload.length !== MESSAGE_LENGTH) {',
      by: 'if (payload.length > 99) {',
    },
  },
  {
    id: 'wire-holepunch-malformed',
    input:
      "A `ut_holepunch` with an unknown kind of address, or one whose length is another kind's",
    guard: 'Ignored',
    test: `${TEST}/small-extensions.test.ts`,
    name: 'ut_holepunch ignores holepunch-v6-with-v4-length',
    remove: [
      {
        file: `${SRC}/extension/ut-holepunch.ts`,
        text: 'if (payload.length !== end + ERROR_CODE_LENGTH) return undefined;',
        by: '',
      },
      {
        file: `${SRC}/extension/ut-holepunch.ts`,
        text: 'if (endpoint === undefined) return undefined;',
        by: "if (endpoint === undefined) return { type: 'connect', endpoint: { address: '::', port: 0 } };",
      },
    ],
  },
];

/** @type {Area} */
export const peerWire = { name: 'peer-wire', title: 'Messages of peers', entries };
