// @ts-check
/** @import { Area, Entry } from '../lib/types.mjs' */

const LINE = 'packages/net/src/ip-filter/filter-line.ts';
const BUILDER = 'packages/net/src/ip-filter/builder.ts';
const CHUNKS = 'packages/net/src/ip-filter/plain-chunks.ts';
const LIST_TEST = 'packages/net/test/ip-filter.test.ts';
const SWARM_TEST = 'packages/client/test/swarm/ip-filter.test.ts';
const BANS_TEST = 'packages/client/test/swarm/bans.test.ts';

/** @type {readonly Entry[]} */
const entries = [
  {
    id: 'filter-named',
    input: 'A blocked peer that trackers or others name',
    guard: 'It is not dialled',
    test: SWARM_TEST,
    name: 'an IP filter keeps blocked peers out, whoever names them and whoever dials',
    remove: [
      {
        file: 'packages/client/src/peer/peer-list.ts',
        text: 'if (this.#options.isBlocked?.(endpoint.address) === true) return false;',
        by: '',
      },
      {
        file: 'packages/client/src/torrent.ts',
        text: 'if (this.#host.isBlocked(address)) return undefined;',
        by: '',
      },
    ],
  },
  {
    id: 'filter-dials',
    input: 'A blocked peer that dials',
    guard: 'Its connection ends before a byte is read',
    test: SWARM_TEST,
    name: 'an IP filter keeps blocked peers out, whoever names them and whoever dials',
    remove: [
      {
        file: 'packages/client/src/peer/acceptor.ts',
        text: 'if (isBlocked(address)) return true;',
        by: '',
      },
      {
        file: 'packages/client/src/torrent.ts',
        text: 'if (this.#host.isBlocked(address)) return undefined;',
        by: '',
      },
    ],
  },
  {
    id: 'filter-connected',
    input: 'A peer that is connected when its address comes to be blocked',
    guard: 'The connection ends',
    test: SWARM_TEST,
    name: 'an IP filter ends the connections of those it comes to block, and says why',
    remove: {
      file: 'packages/client/src/swarm.ts',
      text: 'if (isBlocked(peer.endpoint.address)) peer.drop(blockedError());',
      by: '',
    },
  },
  {
    id: 'filter-dht',
    input: 'Datagrams of blocked nodes, and to them',
    guard: 'Neither read nor sent',
    test: 'packages/client/test/swarm/dht.test.ts',
    name: 'the DHT is neither asked nor answered where the IP filter blocks it',
    remove: [
      {
        file: 'packages/client/src/discovery/dht-discovery.ts',
        text: 'if (!isBlocked(to.address)) hub.send(datagram, to);',
        by: 'hub.send(datagram, to);',
      },
      {
        file: 'packages/client/src/discovery/dht-discovery.ts',
        text: 'isBlocked(from.address) || node.onDatagram(datagram, from),',
        by: 'node.onDatagram(datagram, from),',
      },
      {
        file: 'packages/client/src/discovery/dht-discovery.ts',
        text: 'if (!this.#options.isBlocked(endpoint.address)) this.#node?.addNode(endpoint);',
        by: 'this.#node?.addNode(endpoint);',
      },
    ],
  },
  {
    id: 'filter-tracker',
    input: 'A tracker at a blocked address',
    guard: 'It is not asked, even if the user names it',
    test: 'packages/tracker/test/http-client.test.ts',
    name: 'HttpTrackerClient trackers that a torrent names are not asked where the IP filter blocks them, even if the user names them',
    remove: {
      file: 'packages/tracker/src/http-client.ts',
      text: '...(isBlocked === undefined ? {} : { isBlocked }),',
      by: '',
    },
  },
  {
    id: 'filter-udp-tracker',
    input: 'The same over UDP',
    guard: 'The same',
    test: 'packages/tracker/test/udp/udp-client.test.ts',
    name: 'a tracker that a torrent names is sent nothing where the IP filter blocks it',
    remove: {
      file: 'packages/tracker/src/udp/udp-client.ts',
      text: 'const allowed = near.filter((address) => !this.#isBlocked(address));',
      by: 'const allowed = near;',
    },
  },
  {
    id: 'filter-web-seed',
    input: 'A web seed at an address that comes to be blocked, while a connection to it is kept',
    guard: 'The connection is closed, and no other made',
    test: 'packages/client/test/loopback/web-seed-http.test.ts',
    name: 'requests to web seeds do not go where the IP filter blocks, also not on a connection that is kept',
    remove: {
      file: 'packages/client/src/web-seed/http-exchange.ts',
      text: 'isBlocked: transport.isBlocked,',
      by: 'isBlocked: undefined,',
    },
  },
  {
    id: 'filter-mapped',
    input: 'A blocked IPv4 address in the guise of an IPv6 one, or with a scope',
    guard: 'It is what the IPv4 address is',
    test: LIST_TEST,
    name: 'an IP filter knows IPv4 in IPv6, scopes, and what is no address',
    remove: {
      file: 'packages/net/src/ip-filter/ip-filter.ts',
      text: "parseAddress(address.split('%', 1)[0] ?? address);",
      by: 'parseAddress(address);',
    },
  },
  {
    id: 'filter-backwards',
    input: 'A range that ends before it begins',
    guard: 'The line is left out and told',
    test: LIST_TEST,
    name: 'a line of an IP filter 1.2.3.5-1.2.3.4 cannot be read',
    remove: {
      file: LINE,
      text: "if (word > other) return malformed('the range ends before it begins');",
      by: 'if (word > other) break;',
    },
  },
  {
    id: 'filter-prefix',
    input: 'A prefix longer than the address',
    guard: 'The same',
    test: LIST_TEST,
    name: 'a line of an IP filter 1.2.3.4/33 cannot be read',
    remove: {
      file: LINE,
      text: 'if (prefix > address.length * 32) return',
      by: 'if (prefix < 0) return',
    },
  },
  {
    id: 'filter-families',
    input: 'A range from an IPv4 address to an IPv6 one',
    guard: 'The same',
    test: LIST_TEST,
    name: 'a line of an IP filter x:1.2.3.4-2001:db8::1 cannot be read',
    remove: {
      file: LINE,
      text: 'const named = NAMED.exec(text);',
      by: "const named = /^(.*?):([0-9.]+)-()/.exec(text)?.map((part) => part || '255.255.255.255') ?? null;",
    },
  },
  {
    id: 'filter-digits',
    input: 'Numbers of more digits than an address has',
    guard: 'The same: nobody knows which address is meant',
    test: LIST_TEST,
    name: 'a line of an IP filter 1.2.3.0004 cannot be read',
    remove: {
      file: LINE,
      text: 'if (code < ZERO || code > NINE || digits === 3) return -1;',
      by: 'if (code < ZERO || code > NINE) return -1;',
    },
  },
  {
    id: 'filter-long-line',
    input: 'A line of kilobytes',
    guard: 'The same, without looking at it',
    test: LIST_TEST,
    name: 'a line of an IP filter that is too long is not looked at',
    remove: {
      file: LINE,
      text: "if (line.length > MAX_LINE_LENGTH) return malformed('it is too long');",
      by: '',
    },
  },
  {
    id: 'filter-trusted',
    input: 'Ranges that a list holds to say that they are trusted',
    guard: 'They are not blocked',
    test: LIST_TEST,
    name: 'a line of an IP filter of a trusted range blocks nothing',
    remove: {
      file: LINE,
      text: 'if (level !== undefined && Number(level) > MAX_BLOCKED_LEVEL) return ALLOWED;',
      by: '',
    },
  },
  {
    id: 'filter-page',
    input: 'A web page in place of a list, which would block nobody',
    guard: 'Refused where no line holds a range',
    test: LIST_TEST,
    name: 'lists that are a page are refused',
    remove: {
      file: BUILDER,
      text: 'if (counts.ranges + counts.allowed === 0 && counts.malformed > 0) {',
      by: 'if (counts.lines < 0) {',
    },
  },
  {
    id: 'filter-zip',
    input: 'A zip archive',
    guard: 'Refused by name',
    test: LIST_TEST,
    name: 'lists that are a zip archive are refused',
    remove: {
      file: CHUNKS,
      text: 'if (begins(first, ZIP_MAGIC)) {',
      by: 'if (first.length < 0) {',
    },
  },
  {
    id: 'filter-endless-line',
    input: 'A line without end',
    guard: 'A limit of 1 MiB, at which reading stops',
    test: LIST_TEST,
    name: 'lists that are one endless line are refused',
    remove: {
      file: BUILDER,
      text: "if (rest.length > MAX_OPEN_LINE) throw new IpFilterError('it is no list of lines');",
      by: '',
    },
  },
  {
    id: 'filter-bomb',
    input: 'A packed list that unpacks to more than anybody has',
    guard: 'The limit is that of what is unpacked',
    test: LIST_TEST,
    name: 'lists that unpack to more than the limit are refused while they are read',
    remove: { file: CHUNKS, text: 'if (length > maxBytes) throw', by: 'if (length < 0) throw' },
  },
  {
    id: 'filter-escapes',
    input: 'Terminal escapes in lines that cannot be read, which are told',
    guard: 'What is shown of them is printable',
    test: LIST_TEST,
    name: 'lists are read without the lines that cannot be read, which are told',
    remove: { file: BUILDER, text: ".replace(/[^ -~]+/g, ' ')", by: '' },
  },
  {
    id: 'filter-reload',
    input: 'A list that is broken when it is read again',
    guard: 'The filter of before stays',
    test: 'packages/cli/test/ip-filter.test.ts',
    name: '--ip-filter reads them again at SIGHUP, and keeps the old addresses where it cannot',
    remove: {
      file: BUILDER,
      text: 'if (counts.ranges + counts.allowed === 0 && counts.malformed > 0) {',
      by: 'if (counts.lines < 0) {',
    },
  },
  {
    id: 'ban-dials',
    input: 'A banned peer that dials again, from another port',
    guard: 'The ban is of its address, with a reason and an end',
    test: 'packages/client/test/peer/peer-list.test.ts',
    name: 'PeerList bans an address with a reason, for a time',
    remove: {
      file: 'packages/client/src/peer/peer-list.ts',
      text: 'return this.#bans.of(from.address, now) === undefined && this.#hasRoom(from.address);',
      by: 'return this.#hasRoom(from.address);',
    },
  },
  {
    id: 'ban-named',
    input: 'A banned peer that others name again',
    guard: 'It is not taken',
    test: 'packages/client/test/peer/peer-list.test.ts',
    name: 'PeerList bans an address with a reason, for a time',
    remove: {
      file: 'packages/client/src/peer/peer-list.ts',
      text: 'if (this.#bans.of(endpoint.address, now) !== undefined) return false;',
      by: '',
    },
  },
  {
    id: 'ban-dialling',
    input: 'A ban while the connection is being opened',
    guard: 'It holds when the handshake is over, too',
    test: BANS_TEST,
    name: 'bans hold for a connection that is being opened',
    remove: {
      file: 'packages/client/src/torrent.ts',
      text: 'if (this.#means.peers.isBanned(address, this.#host.clock.now())) return undefined;',
      by: '',
    },
  },
  {
    id: 'ban-remembered',
    input: 'Banned peers, and ourselves, among those that are remembered for the next run',
    guard: 'They are not remembered',
    test: 'packages/client/test/peer/remembered-peers.test.ts',
    name: 'the peers that a torrent remembers are none that are banned, nor ourselves',
    remove: {
      file: 'packages/client/src/peer/peer-list.ts',
      text: 'if (candidate.endpoint.address === address) this.#remove(key, candidate);',
      by: 'if (candidate.endpoint.address === key) this.#remove(key, candidate);',
    },
  },
  {
    id: 'remembered-damaged',
    input: 'A list of remembered peers that is damaged, or long',
    guard: 'Reading is total and bounded',
    test: 'packages/client/test/peer/remembered-peers.test.ts',
    name: 'the list of remembered peers is bounded and total, whatever the bytes are',
    remove: {
      file: 'packages/client/src/peer/remembered-peers.ts',
      text: 'if (end > bytes.length || source === undefined) break;',
      by: 'if (source === undefined) break;',
    },
  },
];

/** @type {Area} */
export const ipFilters = { name: 'ip-filters', title: 'IP filters and bans', entries };
