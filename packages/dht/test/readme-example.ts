import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { decode, encode } from '@shoal/bencode';
import { systemRandom } from '@shoal/net';
import { DhtNode, ItemKeyPair } from '@shoal/dht';

// A DHT of three nodes on this machine. Out there it is
// DhtNode.open({ port: 6881, bootstrap: MAINLINE_BOOTSTRAP, resolve: systemResolve }).
const first = await DhtNode.open({ addresses: ['127.0.0.1'] });
const others = { addresses: ['127.0.0.1'], bootstrap: first.endpoints };
const seeder = await DhtNode.open(others);
const leecher = await DhtNode.open(others);
await Promise.all([seeder.ready(), leecher.ready()]);

// One announces that it has a torrent, another one finds it.
const infoHash = randomBytes(20);
const { stored } = await seeder.announce(infoHash, { port: 51_413, seed: true });
assert(stored > 0);
const { peers } = await leecher.lookup(infoHash);
assert.deepEqual(peers, [{ address: '127.0.0.1', port: 51_413 }]);

// An item that only its owner can change, found by the owner's public key.
const { keys } = ItemKeyPair.generate(systemRandom);
const salt = Buffer.from('greeting');
await seeder.put(keys.sign({ salt, seq: 1n, value: encode('hello') }));
const { item } = await leecher.get({ publicKey: keys.publicKey, salt });
assert.deepEqual(item && decode(item.value), new Uint8Array(Buffer.from('hello')));

await Promise.all([first, seeder, leecher].map((node) => node.close()));
