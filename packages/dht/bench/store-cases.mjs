// What a node keeps for others, and what it asks of each query: run by stores.mjs.
import { ItemStore } from '../src/items/item-store.ts';
import { isSignatureValid, ItemKeyPair } from '../src/items/signature.ts';
import { PeerStore } from '../src/peers/peer-store.ts';
import { RateLimiter } from '../src/rate-limits.ts';
import { isNodeIdValid } from '../src/security-id.ts';
import { Tokens } from '../src/tokens.ts';
import { systemClock, systemRandom, seededRandom } from '@shoal/net';
import { measure, report } from './measure.mjs';

const PEERS = Number(process.env.PEERS ?? 1_000_000);
const PEERS_EACH = 4;
const clock = systemClock;
const random = systemRandom;
const nodeId = new Uint8Array(20);

const hashes = seededRandom(1).bytes((PEERS / PEERS_EACH) * 20);
const hashAt = (index) => {
  const at = (index * 20) % hashes.length;
  return hashes.subarray(at, at + 20);
};
const address = (index) =>
  `${80 + ((index >>> 16) & 63)}.${(index >>> 8) & 255}.${index & 255}.${1 + (index % 250)}`;
const address6 = (index) =>
  `2a00:${(1 + (index & 0xfff)).toString(16)}::${(index >>> 12).toString(16)}`;

const store = new PeerStore({ clock, random, nodeId });
const memory = process.memoryUsage();
const before = process.cpuUsage();
for (let index = 0; index < PEERS; index++) {
  store.add(hashAt(index), { address: address(index), port: 6881 }, index % 3 === 0);
}
const { user, system } = process.cpuUsage(before);
globalThis.gc?.();
const after = process.memoryUsage();
const grown = after.arrayBuffers + after.heapUsed - memory.arrayBuffers - memory.heapUsed;
report('peer store: fill', {
  peers: store.peerCount,
  torrents: store.torrentCount,
  microseconds: Math.round(((user + system) / PEERS) * 100) / 100,
  // Without `node --expose-gc` the heap's share holds garbage, too.
  bytesPerPeer: Math.round(grown / PEERS),
  peerBytesPerPeer: Math.round(store.peerBytes / PEERS),
});

measure('peer store: renew', (index) =>
  store.add(hashAt(index), { address: address(index), port: 6882 }, false),
);
measure('peer store: get 4 peers', (index) => store.get(hashAt(index), 4));
measure('peer store: get of an unknown hash', () => store.get(nodeId, 4));
measure('peer store: samples', () => store.samples());

const big = seededRandom(2).bytes(20);
for (let index = 0; index < 6_000; index++) {
  store.add(big, { address: address(index * 7), port: 1 }, false);
}
measure('peer store: get 50 of 6,000', () => store.get(big, 4));
measure('peer store: renew among 6,000', (index) =>
  store.add(big, { address: address((index % 6_000) * 7), port: 2 }, false),
);
measure('peer store: scrape 6,000', () => store.scrape(big));

const tokens = new Tokens({ clock, random });
const token = tokens.issue('80.1.2.3');
measure('token: issue', () => tokens.issue('80.1.2.3'));
measure('token: check', () => tokens.isValid(token, '80.1.2.3'));
measure('token: refuse', () => tokens.isValid(new Uint8Array(8), '80.1.2.3'));

const limiter = new RateLimiter({
  clock,
  random,
  perNetwork: { rate: 50, burst: 100 },
  overall: { rate: 1e9, burst: 1e9 },
});
measure('rate limit: 1,000 IPv4 addresses', (index) => limiter.allow(address(index % 1_000)));
measure('rate limit: new IPv4 addresses', (index) => limiter.allow(address(index)));
measure('rate limit: new IPv6 addresses', (index) => limiter.allow(address6(index)));

const id = seededRandom(3).bytes(20);
measure('node id: check', () => isNodeIdValid(id, '80.1.2.3'));

const { keys } = ItemKeyPair.generate(random);
const value = Buffer.from('200:'.padEnd(204, 'x'));
const item = keys.sign({ salt: new Uint8Array(0), seq: 1n, value });
measure('item: sign', () => keys.sign(item));
measure('item: verify', () => isSignatureValid(item));
const plenty = { rate: 1e9, burst: 1e9 };
const items = new ItemStore({ clock, random, nodeId, putsPerNetwork: plenty });
const put = { ...item, method: 'put', token };
measure('item: put again', () => items.put(put, '80.1.2.3'));
