// @ts-check
/** @import { Area, Entry } from '../lib/types.mjs' */

const REACH = 'packages/net/src/reach.ts';
const KIND = 'packages/net/src/address-kind.ts';
const GUARD = 'packages/net/src/node/address-guard.ts';
const REACH_TEST = 'packages/net/test/reach.test.ts';
const TRACKER_EXCHANGE = 'packages/tracker/src/http-exchange.ts';
const TRACKER_CLIENT = 'packages/tracker/src/http-client.ts';
const TRACKER_TEST = 'packages/tracker/test/http-client.test.ts';
const WEB_EXCHANGE = 'packages/client/src/web-seed/http-exchange.ts';
const WEB_TEST = 'packages/client/test/loopback/web-seed-http.test.ts';

/** @type {readonly Entry[]} */
const entries = [
  {
    id: 'reach-private',
    input: 'A public torrent that names servers at loopback and private addresses',
    guard: 'Whoever names them says how far they may be: `public`, `local` or `any`',
    test: REACH_TEST,
    name: 'isWithinReach lets requests to the public internet alone, or to local networks, too',
    remove: {
      file: REACH,
      text: "if (reach === 'any') return true;",
      by: "if (reach !== 'local') return true;",
    },
  },
  {
    id: 'reach-link-local',
    input: 'Servers at link-local, multicast and unspecified addresses',
    guard: 'Never in reach but of what the user names',
    test: REACH_TEST,
    name: 'isWithinReach lets requests to the public internet alone, or to local networks, too',
    remove: {
      file: REACH,
      text: "return kind === 'public' || (reach === 'local' && (kind === 'loopback' || kind === 'private'));",
      by: "return kind === 'public' || reach === 'local';",
    },
  },
  {
    id: 'reach-metadata-services',
    input: 'Services that tell machines in a cloud their credentials',
    guard: 'The same, wherever they are',
    test: REACH_TEST,
    name: 'isWithinReach lets requests to the public internet alone, or to local networks, too',
    remove: {
      file: REACH,
      text: 'if (literal === undefined || METADATA_SERVICES.has(endOf(literal))) return false;',
      by: 'if (literal === undefined) return false;',
    },
  },
  {
    id: 'reach-nat64',
    input: 'Private IPv4 addresses inside IPv6 ones: NAT64',
    guard: 'They are what the IPv4 address is',
    test: REACH_TEST,
    name: 'isWithinReach lets requests to the public internet alone, or to local networks, too',
    remove: { file: KIND, text: ' || startsWith(bytes, NAT64_PREFIX)) {', by: ') {' },
  },
  {
    id: 'reach-6to4',
    input: 'The same: 6to4',
    guard: 'The same',
    test: REACH_TEST,
    name: 'isWithinReach lets requests to the public internet alone, or to local networks, too',
    remove: {
      file: KIND,
      text: 'if (startsWith(bytes, SIX_TO_FOUR_PREFIX)) return bytes.subarray(2, 6);',
      by: '',
    },
  },
  {
    id: 'reach-teredo',
    input: 'The same: Teredo, which turns every bit over',
    guard: 'The same',
    test: REACH_TEST,
    name: 'isWithinReach lets requests to the public internet alone, or to local networks, too',
    remove: {
      file: KIND,
      text: 'if (startsWith(bytes, TEREDO_PREFIX)) return bytes.slice(12).map((byte) => byte ^ 0xff);',
      by: '',
    },
  },
  {
    id: 'reach-compatible',
    input: 'The same: IPv4-compatible addresses',
    guard: 'The same',
    test: REACH_TEST,
    name: 'isWithinReach knows ::1 and :: from addresses that carry one of IPv4',
    remove: {
      file: KIND,
      text: 'return isCompatible ? bytes.subarray(12) : undefined;',
      by: 'return undefined;',
    },
  },
  {
    id: 'guard-name',
    input: 'A name that resolves to a local address',
    guard: 'The addresses that are connected to are those that are checked',
    test: REACH_TEST,
    name: 'AddressGuard gives those addresses of a name that are within reach',
    remove: {
      file: GUARD,
      text: 'return reason === undefined;\n      });',
      by: "return reason === undefined || address !== '';\n      });",
    },
  },
  {
    id: 'guard-one-address',
    input: 'The same, where one address is asked for',
    guard: 'The same',
    test: REACH_TEST,
    name: 'AddressGuard checks the one address, too, where one is asked for',
    remove: {
      file: GUARD,
      text: 'if (allowed.length === 0 && refusal !== undefined) callback',
      by: "if (allowed.length === 0 && refusal !== undefined && typeof found !== 'string') callback",
    },
  },
  {
    id: 'guard-literal',
    input: 'An address in a URL, written in an odd way',
    guard: 'It is checked in its canonical form',
    test: REACH_TEST,
    name: 'AddressGuard checks addresses in URLs, and leaves names to the resolver',
    remove: { file: GUARD, text: 'if (refusal !== undefined) throw refusal;', by: '' },
  },
  {
    id: 'guard-redirect',
    input: 'A public server that redirects to a private address',
    guard: 'From then on public addresses only, whoever named the server',
    test: REACH_TEST,
    name: 'AddressGuard keeps to the public internet after a redirect from there, or of somebody else',
    remove: { file: GUARD, text: "this.#reach = 'public';", by: '' },
  },
  {
    id: 'guard-redirect-local',
    input: 'A local server, named by a torrent, that redirects to another',
    guard: 'The same',
    test: REACH_TEST,
    name: 'AddressGuard keeps to the public internet after a redirect from there, or of somebody else',
    remove: {
      file: GUARD,
      text: "if (this.#reach === 'any' && address !== undefined",
      by: 'if (address !== undefined',
    },
  },
  {
    id: 'tracker-address',
    input: 'A tracker that a torrent names at a local address by its number',
    guard: 'Refused, before anything is connected to',
    test: TRACKER_TEST,
    name: 'HttpTrackerClient trackers that a torrent names are asked at local addresses for nothing but an announce',
    remove: { file: TRACKER_EXCHANGE, text: 'guard.checkHost(target.hostname);', by: '' },
  },
  {
    id: 'tracker-not-announce',
    input: "A local address that is no tracker's: `/admin?reboot=1`, or one with a password",
    guard: 'Within the local network nothing but a plain `/announce`',
    test: TRACKER_TEST,
    name: 'HttpTrackerClient trackers that a torrent names are asked at local addresses for nothing but an announce',
    remove: {
      file: TRACKER_CLIENT,
      text: "return reach === 'local' && !isPlainAnnounce(url) ? 'public' : reach;",
      by: 'return reach;',
    },
  },
  {
    id: 'tracker-rebinding',
    input: 'A name that resolves to a public address first, and to a local one later',
    guard: 'Each connection is made to the very address that was checked',
    test: TRACKER_TEST,
    name: 'HttpTrackerClient trackers that a torrent names are refused by what their name resolves to at the moment, whatever it did before',
    remove: [
      { file: TRACKER_EXCHANGE, text: 'lookup: guard.lookup,', by: 'lookup: settings.lookup,' },
    ],
  },
  {
    id: 'tracker-kept-connection',
    input: 'The same, while a connection to it that the user asked for is kept',
    guard: 'Connections are kept apart by how far they may lead',
    test: TRACKER_TEST,
    name: 'HttpTrackerClient trackers that a torrent names are refused by what their name resolves to at the moment, whatever it did before',
    remove: {
      file: TRACKER_EXCHANGE,
      text: 'agent: settings.agents.of(target.protocol, guard.reach),',
      by: "agent: settings.agents.of(target.protocol, 'any'),",
    },
  },
  {
    id: 'tracker-redirect-private',
    input: 'A public tracker that redirects to a local address, by number or by name',
    guard: 'Refused',
    test: TRACKER_TEST,
    name: 'HttpTrackerClient redirects refuses the way from the public internet to local and private addresses',
    remove: { file: TRACKER_CLIENT, text: 'guard.redirectedBy(answer.address);', by: '' },
  },
  {
    id: 'tracker-redirect-local',
    input: 'A tracker of the local network, named by a torrent, that redirects within it',
    guard: 'Refused',
    test: TRACKER_TEST,
    name: 'HttpTrackerClient trackers that a torrent names may not redirect to local addresses, wherever they are themselves',
    remove: {
      file: TRACKER_CLIENT,
      text: 'guard.redirectedBy(answer.address);',
      by: 'if (answer.status < 0) guard.redirectedBy(answer.address);',
    },
  },
  {
    id: 'tracker-scrape-private',
    input: 'The scrape of a tracker that may not be asked',
    guard: 'The same rule',
    test: TRACKER_TEST,
    name: 'HttpTrackerClient trackers that a torrent names are not scraped where they may not be asked',
    remove: {
      file: TRACKER_CLIENT,
      text: 'this.#get(target, reach, this.#timeout, options.signal)',
      by: "this.#get(target, 'any', this.#timeout, options.signal)",
    },
  },
  {
    id: 'udp-private',
    input: 'A tracker over UDP that a torrent names at a local address, by number or name',
    guard: 'Nothing is sent there',
    test: 'packages/tracker/test/udp/udp-client.test.ts',
    name: 'a tracker that a torrent names is sent nothing beyond its reach',
    remove: {
      file: 'packages/tracker/src/udp/udp-client.ts',
      text: 'const near = possible.filter((address) => isWithinReach(address, reach));',
      by: 'const near = possible;',
    },
  },
  {
    id: 'client-local-trackers',
    input: 'Trackers that a torrent or a link names, beside those of the user',
    guard: '`localServers` says how far the former may be; what the user names may be anywhere',
    test: 'packages/client/test/core/local-servers.test.ts',
    name: 'localServers none: trackers that a torrent names are within reach "public"',
    remove: {
      file: 'packages/client/src/discovery/discovery.ts',
      text: "return this.#ownTrackers?.has(url) === true ? 'any' : this.#options.host.trackerReach;",
      by: "return 'any';",
    },
  },
  {
    id: 'web-seed-private',
    input: 'A web seed that a torrent names at a local address',
    guard: 'Refused, unless `localServers` allows it',
    test: 'packages/client/test/loopback/web-seed.test.ts',
    name: 'a client and a web server ask no local server that only the torrent names',
    remove: {
      file: 'packages/client/src/client.ts',
      text: "const publicOnly = options.localServers !== 'all';",
      by: 'const publicOnly = false;',
    },
  },
  {
    id: 'web-seed-private-literal',
    input: 'The same by number, in odd spellings, too',
    guard: 'Checked before anything is connected to',
    test: WEB_TEST,
    name: 'requests to web seeds reach no local address where only public ones may be, by number, name or redirect',
    remove: { file: WEB_EXCHANGE, text: 'this.#guard.checkHost(hostname);', by: '' },
  },
  {
    id: 'web-seed-private-name',
    input: 'The same by name',
    guard: 'The addresses that are connected to are checked',
    test: WEB_TEST,
    name: 'requests to web seeds reach no local address where only public ones may be, by number, name or redirect',
    remove: {
      file: WEB_EXCHANGE,
      text: 'const { lookup } = this.#guard;',
      by: 'const { lookup } = this.#transport;',
    },
  },
  {
    id: 'web-seed-redirect-private',
    input: 'A public web seed that redirects to a local address, also where the user has named it',
    guard: 'Refused',
    test: WEB_TEST,
    name: 'requests to web seeds follow no redirect from a public server to a local one',
    remove: {
      file: WEB_EXCHANGE,
      text: 'this.#guard.redirectedBy(request.socket?.remoteAddress);',
      by: '',
    },
  },
  {
    id: 'web-seed-kept-connection',
    input: 'The same, while a connection to it is kept for one who may',
    guard: 'Connections are kept apart',
    test: WEB_TEST,
    name: 'requests to web seeds reach no local address where only public ones may be, by number, name or redirect',
    remove: {
      file: WEB_EXCHANGE,
      text: 'agent: this.#transport.agentOf(protocol, this.#isPublicOnly),',
      by: 'agent: this.#transport.agentOf(protocol, false),',
    },
  },
  {
    id: 'link-source-private',
    input: 'A magnet link that names a local address for its .torrent file',
    guard: 'The rules of web seeds',
    test: 'packages/client/test/swarm/magnet-sources.test.ts',
    name: 'the .torrent file that a magnet link names brings the metadata where there is nobody else to ask, and with it web seeds',
    remove: {
      file: 'packages/client/src/metadata/torrent-file-fetch.ts',
      text: '{ url, base: url, range: undefined, publicOnly },',
      by: "{ url, base: url, range: undefined, publicOnly: publicOnly && url === '' },",
    },
  },
  {
    id: 'address-redirect-private',
    input: 'The address of a .torrent file whose server redirects to a local one',
    guard: 'The same rule',
    test: 'packages/cli/test/sources.test.ts',
    name: 'a torrent from an address is not fetched from a local server where a public one redirects',
    remove: {
      file: 'packages/cli/src/fetch-torrent.ts',
      text: 'if (redirect !== undefined) guard.redirectedBy(response.socket.remoteAddress);',
      by: '',
    },
  },
  {
    id: 'pex-private-address',
    input: 'Peers at loopback, private and link-local addresses, named by a peer on the internet',
    guard: 'Only who has such an address may name one',
    test: 'packages/client/test/pex/peer-exchange.test.ts',
    name: 'what a peer tells is not taken of strangers where it leads into our own network',
    remove: {
      file: 'packages/client/src/pex/peer-exchange.ts',
      text: 'if (isDouble || !this.#mayName(peer) || this.#named.has(key)) continue;',
      by: 'if (isDouble || this.#named.has(key)) continue;',
    },
  },
  {
    id: 'peers-named-private',
    input: 'The same, named by the DHT or by peers, as the list of peers sees it',
    guard: 'Not taken',
    test: 'packages/client/test/peer/peer-list.test.ts',
    name: 'PeerList lets strangers name public addresses only',
    remove: {
      file: 'packages/client/src/peer/peer-list.ts',
      text: 'return by !== undefined && kind === addressKind(by.address);',
      by: 'return by === undefined || kind === addressKind(by.address);',
    },
  },
  {
    id: 'pex-own-network',
    input: 'Our peers of the local network, which nobody outside should hear of',
    guard: 'They are told to those who have such addresses only',
    test: 'packages/client/test/pex/peer-exchange.test.ts',
    name: 'what a peer is told keeps addresses that are not public among those who have such',
    remove: {
      file: 'packages/client/src/pex/peer-exchange.ts',
      text: "return kind === 'public' || kind === this.#kind;",
      by: 'return kind !== undefined;',
    },
  },
];

/** @type {Area} */
export const addresses = { name: 'addresses', title: 'Addresses that others name', entries };
