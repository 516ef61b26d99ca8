// @ts-check
/** @import { Area, Entry } from '../lib/types.mjs' */

const SRC = 'packages/dht/src';
const TEST = 'packages/dht/test';
const DECODE = `${SRC}/krpc/decode.ts`;
const KRPC = `${TEST}/krpc.test.ts`;
const HANDLER = `${SRC}/server/query-handler.ts`;
const ANSWERS = `${TEST}/answers.test.ts`;
const TRANSACTIONS = `${SRC}/rpc/transactions.ts`;
const RULES = `${SRC}/items/put-rules.ts`;
const ITEMS = `${TEST}/items.test.ts`;
const STORE_TEST = `${TEST}/item-store.test.ts`;
const TABLE = `${SRC}/table/routing-table.ts`;
const node = 'DhtNode as it answers';

/** @type {readonly Entry[]} */
const entries = [
  {
    id: 'dht-not-bencode',
    input: 'A datagram that is no bencode',
    guard: 'Silence',
    test: KRPC,
    name: 'KRPC vectors malformed: not-bencode',
    remove: {
      file: DECODE,
      text: 'if (!(error instanceof BencodeError)) throw error;',
      by: 'if (datagram.length > 0) throw error;',
    },
  },
  {
    id: 'dht-deep',
    input: 'A message of lists as deep as a datagram is long',
    guard: 'Limits on depth, tokens and length, and a parser without recursion',
    test: KRPC,
    name: 'KRPC codec does not look at datagrams beyond its limit',
    remove: { file: DECODE, text: '  maxLength: MAX_MESSAGE_BYTES,\n', by: '' },
  },
  {
    id: 'dht-no-dictionary',
    input: 'A message that is a list',
    guard: 'Silence',
    test: KRPC,
    name: 'KRPC vectors malformed: list',
    remove: {
      file: DECODE,
      text: "if (root.type !== 'dictionary') return invalid('no dictionary', undefined);",
      by: "if (root.type !== 'dictionary') throw new Error('no dictionary');",
    },
  },
  {
    id: 'dht-no-transaction',
    input: 'A query without a transaction id, or with one that is an integer',
    guard: 'Silence: it could not be told what is answered',
    test: KRPC,
    name: 'KRPC vectors malformed: t-int',
    remove: {
      file: DECODE,
      text: "if (transaction === undefined) return invalid('no transaction id', undefined);",
      by: "if (transaction === undefined) return invalid('no transaction id', new Uint8Array(1));",
    },
  },
  {
    id: 'dht-wrong-type',
    input: 'Fields of a wrong type: an integer where bytes are expected',
    guard: 'As if they were not there; a query that lacks what it needs is answered with an error',
    test: KRPC,
    name: 'KRPC vectors malformed: q-int',
    remove: {
      file: DECODE,
      text: "if (method?.type !== 'bytes') throw new Refusal(\"missing 'q'\");",
      by: 'if (method === undefined) throw new Refusal("missing \'q\'");',
    },
  },
  {
    id: 'dht-id-length',
    input: 'Ids, targets and info-hashes of 19 or 21 bytes',
    guard: 'They have 20; else the query is answered with an error',
    test: KRPC,
    name: 'KRPC vectors malformed: id-19',
    remove: {
      file: DECODE,
      text: 'const bytes = bytesOf(dictionary.get(key), ID_BYTES, ID_BYTES);',
      by: 'const bytes = bytesOf(dictionary.get(key), 0, 99);',
    },
  },
  {
    id: 'dht-port',
    input: 'An announce of port 0, or of port 70000',
    guard: 'An error',
    test: KRPC,
    name: 'KRPC vectors malformed: announce-port-70000',
    remove: { file: DECODE, text: "if (!impliedPort) throw new Refusal('invalid port');", by: '' },
  },
  {
    id: 'dht-nodes-ragged',
    input: '`nodes` of no whole number of nodes',
    guard: 'What is whole counts',
    test: KRPC,
    name: 'KRPC vectors find_node-response-ragged',
    remove: {
      file: DECODE,
      text: 'return rest === 0 ? bytes : bytes.subarray(0, bytes.length - rest);',
      by: 'return rest === 0 ? bytes : undefined;',
    },
  },
  {
    id: 'dht-mapped-nodes',
    input: 'IPv4 addresses in the guise of IPv6 ones, to be asked over the other family',
    guard: 'Left out',
    test: KRPC,
    name: 'KRPC codec leaves out IPv4-mapped nodes of IPv6: they would be asked by IPv4',
    remove: {
      file: `${SRC}/krpc/nodes.ts`,
      text: 'endpoint !== undefined && familyOf(endpoint.address) === family',
      by: 'endpoint !== undefined',
    },
  },
  {
    id: 'dht-error-echo',
    input: 'Malformed replies and errors, which two nodes could answer for ever',
    guard: 'Only queries are answered',
    test: KRPC,
    name: 'KRPC codec answers nothing but queries, however wrong a reply or an error is',
    remove: {
      file: DECODE,
      text: 'return invalid(error.message, y === 0x71 ? transaction : undefined, error.code);',
      by: 'return invalid(error.message, transaction, error.code);',
    },
  },
  {
    id: 'dht-query-flood',
    input: 'Queries of one network without end',
    guard: 'A budget for each network, and one for all',
    test: ANSWERS,
    name: `${node} answers only so many queries of one network`,
    remove: {
      file: HANDLER,
      text: 'if (this.#queries.allow(from.address)) return',
      by: 'if (this.#queries.allow(from.address) || true) return',
    },
  },
  {
    id: 'dht-flood-others',
    input: 'A flood from many networks, to keep others from being answered',
    guard: 'The budget of all is not spent at the expense of those a flood does not come from',
    test: `${TEST}/rate-limits.test.ts`,
    name: 'RateLimiter limits all together, but not at the expense of those a flood does not come from',
    remove: {
      file: `${SRC}/rate-limits.ts`,
      text: 'if (level < share) return false;\n    if (this.#overall?.tryTake(cost) === false) return false;',
      by: 'if (this.#overall?.tryTake(cost) === false) return false;\n    if (level < share) return false;',
    },
  },
  {
    id: 'dht-amplification',
    input: 'Small queries in the name of somebody who is to be flooded with large replies',
    guard: 'In the long run a network gets no more than came in its name',
    test: ANSWERS,
    name: `${node} sends no more, in the long run, than came in the name of who gets it`,
    remove: {
      file: HANDLER,
      text: 'if (excess > 0 && !this.#excess.allow(to.address, excess)) {',
      by: 'if (length < 0) {',
    },
  },
  {
    id: 'dht-reply-length',
    input: 'Queries whose full answer would not fit a packet',
    guard: 'A reply has 1,024 bytes at most, an item apart',
    test: ANSWERS,
    name: `${node} keeps replies within the 1,024 bytes of BEP 32, whatever they hold`,
    remove: {
      file: HANDLER,
      text: 'if (lengthOf(body) <= room) return body;',
      by: 'if (room > -9999) return body;',
    },
  },
  {
    id: 'dht-spoofed-reply',
    input: 'Replies with a transaction id that was made up',
    guard: 'Ids are random, and what has none of them is ignored',
    test: ANSWERS,
    name: `${node} takes no answer that was not asked for, nor from somebody else than was asked`,
    remove: {
      file: TRANSACTIONS,
      text: 'if (key === undefined || flight === undefined) {\n      this.counts.unmatched++;',
      by: 'if (key === undefined || flight === undefined) {\n      this.#host.onAnswered(from, message as KrpcResponse);',
    },
  },
  {
    id: 'dht-reply-from-elsewhere',
    input: 'A reply with the right transaction id from another address or port',
    guard: 'It is not taken',
    test: `${TEST}/transactions.test.ts`,
    name: 'Transactions take nothing from another address, port or transaction',
    remove: {
      file: TRANSACTIONS,
      text: 'if (endpoint.port !== from.port || endpoint.address !== from.address) {',
      by: 'if (endpoint.port < 0) {',
    },
  },
  {
    id: 'dht-other-id',
    input: 'A node that answers with another id than it was named with',
    guard: 'It is not the node that was asked',
    test: `${TEST}/transactions.test.ts`,
    name: 'Transactions notice when somebody else answers than was asked',
    remove: {
      file: TRANSACTIONS,
      text: 'expectedId === undefined || sameId(expectedId, message.id)',
      by: 'expectedId === undefined || message.id.length > 0',
    },
  },
  {
    id: 'dht-sender-believed',
    input: 'A query whose sender is forged, to get somebody into the routing table',
    guard: 'Nobody gets in who has not answered a query of ours',
    test: ANSWERS,
    name: `${node} does not take a sender for a node that is only said to be one`,
    remove: {
      file: TABLE,
      text: 'if (bucket.isFull && this.#isSplittable(bucket)) return true;',
      by: 'this.replied(node, now); if (bucket.isFull && this.#isSplittable(bucket)) return true;',
    },
  },
  {
    id: 'dht-own-id',
    input: 'Nodes with our own id',
    guard: 'They are not taken',
    test: `${TEST}/routing-table.test.ts`,
    name: 'RoutingTable takes no node that has its own id',
    remove: { file: TABLE, text: 'if (sameId(node.id, this.#id)) return undefined;', by: '' },
  },
  {
    id: 'dht-one-network',
    input: 'A routing table filled from one range of addresses',
    guard: 'An address has one place, a /24 or /64 a few',
    test: `${TEST}/routing-table.test.ts`,
    name: 'RoutingTable has one place for an address, and few for a line',
    remove: {
      file: `${SRC}/table/bucket.ts`,
      text: 'return same < MAX_SAME_NETWORK_IN_BUCKET;',
      by: 'return same >= 0;',
    },
  },
  {
    id: 'dht-lookup-one-network',
    input: 'A lookup led into one range of addresses around its target',
    guard:
      'A few of each network are asked; ids that follow from addresses are looked for side by side with all others',
    test: `${TEST}/simulation.test.ts`,
    name: 'a simulated DHT in which one info-hash is surrounded by nodes that keep nothing: it is found all the same',
    remove: [
      {
        file: `${SRC}/lookup/lookup.ts`,
        text: 'sameNetwork >= MAX_SAME_NETWORK_IN_LOOKUP',
        by: 'sameNetwork < 0',
      },
      {
        file: `${SRC}/lookup/lookup.ts`,
        text: 'if (candidate.secure) this.#secure.add(candidate);',
        by: '',
      },
    ],
  },
  {
    id: 'dht-many-nodes',
    input: 'A reply that names hundreds of nodes',
    guard: 'Sixteen are taken, and a lookup makes 300 queries at most',
    test: `${TEST}/lookup.test.ts`,
    name: 'a lookup takes so many nodes of one reply',
    remove: {
      file: `${SRC}/lookup/lookup.ts`,
      text: 'decodeNodes(nodes, this.#host.family, MAX_NODES_PER_REPLY)',
      by: 'decodeNodes(nodes, this.#host.family)',
    },
  },
  {
    id: 'dht-endless-lookup',
    input: 'Nodes that always name closer ones',
    guard: 'A lookup makes 300 queries at most',
    test: `${TEST}/lookup.test.ts`,
    name: 'a lookup ends, whatever it is told',
    remove: {
      file: `${SRC}/lookup/lookup.ts`,
      text: 'this.#queries < MAX_LOOKUP_QUERIES ? this.#next() : undefined',
      by: 'this.#next()',
    },
  },
  {
    id: 'dht-private-nodes',
    input: 'Nodes in private networks, named by somebody on the internet',
    guard: 'They are not asked',
    test: `${TEST}/lookup.test.ts`,
    name: 'a lookup asks nobody near whom somebody far has named',
    remove: {
      file: `${SRC}/lookup/lookup.ts`,
      text: 'if (mayBeTold(node.endpoint.address, kind)) this.#add',
      by: 'if (kind.length > 0) this.#add',
    },
  },
  {
    id: 'dht-token-made-up',
    input: 'An announce or put with a token that was made up, or given to somebody else',
    guard: 'A token is a keyed digest of the address',
    test: ANSWERS,
    name: `${node} stores for who has a token, and for nobody else`,
    remove: {
      file: HANDLER,
      text: 'if (!this.#tokens.isValid(query.token, from.address)) return BAD_TOKEN;\n    const port',
      by: 'const port',
    },
  },
  {
    id: 'dht-token-replayed',
    input: 'A token kept for later, or used from another address',
    guard: 'It is good for five to ten minutes, at its address',
    test: `${TEST}/tokens.test.ts`,
    name: 'Tokens (BEP 5) live 5 to 10 minutes',
    remove: {
      file: `${SRC}/tokens.ts`,
      text: 'if (now < this.#rotateAt) return;',
      by: 'if (now >= 0) return;',
    },
  },
  {
    id: 'dht-token-length',
    input: 'Tokens of any length, long ones too',
    guard: 'Eight bytes; a comparison that takes the same time for all',
    test: `${TEST}/tokens.test.ts`,
    name: 'Tokens (BEP 5) cannot be made up, and any bytes can be asked about',
    remove: {
      file: `${SRC}/tokens.ts`,
      text: 'if (token.length !== TOKEN_BYTES) return false;',
      by: '',
    },
  },
  {
    id: 'dht-many-values',
    input: 'Replies with thousands of peers',
    guard: 'Two hundred of a reply, 2,000 of a lookup',
    test: `${TEST}/lookup.test.ts`,
    name: 'a lookup takes so many peers of one reply',
    remove: {
      file: `${SRC}/lookup/purposes.ts`,
      text: 'values.slice(0, MAX_PEERS_PER_REPLY)',
      by: 'values',
    },
  },
  {
    id: 'dht-joined-peers',
    input: 'Peers as one long string',
    guard: 'The first 256 are read',
    test: KRPC,
    name: 'KRPC codec reads peers that old nodes put into one string',
    remove: {
      file: DECODE,
      text: 'const end = Math.min(bytes.length, MAX_JOINED_PEERS * COMPACT_IPV4_BYTES);',
      by: 'const end = bytes.length;',
    },
  },
  {
    id: 'dht-announce-flood',
    input: 'Announces of thousands of peers of one torrent, or of one network',
    guard: 'Limits for each info-hash, each network and all',
    test: `${TEST}/peer-store.test.ts`,
    name: 'PeerStore has a limit for each info-hash, at which nobody is crowded out and no token is given',
    remove: {
      file: `${SRC}/peers/peer-store.ts`,
      text: 'return this.#countAt(slot) >= this.#maxPeersPerInfoHash;',
      by: 'return this.#countAt(slot) < 0;',
    },
  },
  {
    id: 'dht-put-huge',
    input: 'A put with a value of more than 1,000 bytes',
    guard: 'An error (205)',
    test: ITEMS,
    name: 'put rules (BEP 44) have their error codes',
    remove: {
      file: RULES,
      text: 'if (item.value.length > MAX_VALUE_BYTES) {',
      by: 'if (item.value.length < 0) {',
    },
  },
  {
    id: 'dht-put-salt',
    input: 'A put with a salt of more than 64 bytes',
    guard: 'An error (207)',
    test: ITEMS,
    name: 'put rules (BEP 44) have their error codes',
    remove: {
      file: RULES,
      text: 'if (item.salt.length > MAX_SALT_BYTES) {',
      by: 'if (item.salt.length < 0) {',
    },
  },
  {
    id: 'dht-put-signature',
    input: 'A put with a bad signature, also of what is stored already',
    guard: 'An error (206)',
    test: STORE_TEST,
    name: 'ItemStore (BEP 44) refuses wrong signatures, also for what is stored already',
    remove: {
      file: `${SRC}/items/item-store.ts`,
      text: 'if (!isSignatureValid(item)) return WRONG_SIGNATURE;',
      by: '',
    },
  },
  {
    id: 'dht-put-sequence',
    input: 'A put of an older version, or a replay of one',
    guard: 'A sequence number never goes down (302)',
    test: ITEMS,
    name: 'put rules (BEP 44) never let a sequence number go down',
    remove: {
      file: RULES,
      text: 'if (item.seq > stored.seq) return undefined;',
      by: 'if (item.seq >= 0n) return undefined;',
    },
  },
  {
    id: 'dht-put-flood',
    input: 'Signatures to be verified without end',
    guard: 'A budget for each network',
    test: STORE_TEST,
    name: 'ItemStore (BEP 44) has a budget for signatures, which items that are put again do not touch',
    remove: {
      file: `${SRC}/items/item-store.ts`,
      text: 'if (!this.#verifications.tryTake()) return BUSY;',
      by: '',
    },
  },
  {
    id: 'dht-item-crowding',
    input: 'Items of one network that would crowd out those of others',
    guard: 'A network crowds out itself only',
    test: STORE_TEST,
    name: 'ItemStore (BEP 44) lets a network crowd out itself only',
    remove: {
      file: `${SRC}/items/item-store.ts`,
      text: 'if (entry.network !== network) continue;',
      by: '',
    },
  },
  {
    id: 'dht-scrape-filter',
    input: 'A bloom filter that says that everybody is there',
    guard: 'A full one says nothing, and is left out',
    test: `${TEST}/scrape-filter.test.ts`,
    name: 'ScrapeFilter (BEP 33) is not spoilt by a node that says everybody is there',
    remove: {
      file: `${SRC}/lookup/purposes.ts`,
      text: 'if (seeds.isFull || peers.isFull) return false;',
      by: '',
    },
  },
  {
    id: 'dht-state-damaged',
    input: 'The remembered nodes of an earlier run, damaged or of another version',
    guard: 'As if there were none',
    test: `${TEST}/state.test.ts`,
    name: 'state is nothing where it is damaged or of another version',
    remove: {
      file: `${SRC}/state.ts`,
      text: "version?.type !== 'integer' || version.asInteger() !== VERSION",
      by: 'version === undefined',
    },
  },
];

/** @type {Area} */
export const dht = { name: 'dht', title: 'DHT', entries };
