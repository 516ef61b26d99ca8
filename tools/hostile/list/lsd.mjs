// @ts-check
/** @import { Area, Entry } from '../lib/types.mjs' */

const MESSAGE = 'packages/client/src/discovery/lsd-message.ts';
const MESSAGE_TEST = 'packages/client/test/discovery/lsd-message.test.ts';
const DISCOVERY = 'packages/client/src/discovery/local-discovery.ts';
const DISCOVERY_TEST = 'packages/client/test/swarm/local-discovery.test.ts';
const none = 'an announce in the local network (BEP 14) is none with';

/** @type {readonly Entry[]} */
const entries = [
  {
    id: 'lsd-other-protocol',
    input: 'A datagram of another protocol on the same group',
    guard: 'The first line must be that of an announce',
    test: MESSAGE_TEST,
    name: `${none} another first line`,
    remove: { file: MESSAGE, text: 'if (first !== FIRST_LINE) return undefined;', by: '' },
  },
  {
    id: 'lsd-truncated',
    input: 'An announce that ends early: without a port, without a hash',
    guard: 'None',
    test: MESSAGE_TEST,
    name: `${none} no port`,
    remove: {
      file: MESSAGE,
      text: 'if (port < 1 || port > 65_535 || infoHashes.size === 0) return undefined;',
      by: 'if (port > 65_535 || infoHashes.size === 0) return undefined;',
    },
  },
  {
    id: 'lsd-port',
    input: 'A port that is none: 0, -1, 65536',
    guard: 'No announce',
    test: MESSAGE_TEST,
    name: `${none} port 65536`,
    remove: { file: MESSAGE, text: 'port < 1 || port > 65_535 || ', by: 'port < 1 || ' },
  },
  {
    id: 'lsd-hash',
    input: 'An info-hash that is too short, or no hexadecimal',
    guard: 'It does not count',
    test: MESSAGE_TEST,
    name: `${none} a short hash`,
    remove: { file: MESSAGE, text: 'HASH.test(value) && infoHashes.size', by: 'infoHashes.size' },
  },
  {
    id: 'lsd-many-hashes',
    input: 'Hundreds of info-hashes in one announce',
    guard: 'The first 20 count',
    test: MESSAGE_TEST,
    name: 'an announce in the local network (BEP 14) is read from anything without harm',
    remove: { file: MESSAGE, text: ' && infoHashes.size < MAX_LSD_HASHES', by: '' },
  },
  {
    id: 'lsd-long',
    input: 'A datagram of more than 1,400 bytes',
    guard: 'It is not looked at',
    test: MESSAGE_TEST,
    name: `${none} too long`,
    remove: {
      file: MESSAGE,
      text: 'if (datagram.length > MAX_LSD_LENGTH) return undefined;',
      by: '',
    },
  },
  {
    id: 'lsd-own-cookie',
    input: 'Our own announces, which come back',
    guard: 'A random cookie tells them',
    test: DISCOVERY_TEST,
    name: 'local discovery takes its own announces, which come back to it, for nobody',
    remove: {
      file: DISCOVERY,
      text: 'announce === undefined || announce.cookie === this.#cookie',
      by: 'announce === undefined',
    },
  },
  {
    id: 'lsd-flood',
    input: 'Announces without end',
    guard: 'A budget for each address in a minute',
    test: DISCOVERY_TEST,
    name: 'local discovery hears one address sixty times a minute',
    remove: { file: DISCOVERY, text: 'count >= MAX_HEARD || ', by: '' },
  },
  {
    id: 'lsd-private',
    input: 'Somebody who asks for a private torrent',
    guard: 'Silence, and nobody is believed',
    test: DISCOVERY_TEST,
    name: 'local discovery is silent about private torrents, also where somebody asks for one',
    remove: {
      file: 'packages/client/src/discovery/discovery.ts',
      text: "return this.#privacy === 'public';",
      by: 'return true;',
    },
  },
  {
    id: 'lsd-off-network',
    input: 'An announce from another network, sent to our port rather than to the group',
    guard: 'A sender with a public address has to be in one of our own networks',
    test: 'packages/net/test/near.test.ts',
    name: 'who can be in the local network not "198.51.100.9"',
    remove: {
      file: 'packages/net/src/node/near.ts',
      text: 'return networks.some((network) => contains(network, bytes));',
      by: 'return true;',
    },
  },
];

/** @type {Area} */
export const lsd = { name: 'lsd', title: 'Local service discovery', entries };
