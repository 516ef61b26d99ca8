import assert from 'node:assert/strict';
import { decode, encode, parse } from '@shoal/bencode';

const torrent = encode({
  announce: 'http://tracker.example/announce',
  info: { length: 3, name: 'abc', 'piece length': 16_384, pieces: new Uint8Array(20) },
});

// Materialised: numbers (bigint beyond 2^53), Uint8Arrays, arrays and Maps.
const value = decode(torrent);
assert(value instanceof Map);
assert.deepEqual([...value.keys()], ['announce', 'info']);

// In place: nothing is built until it is asked for, and every value knows its exact bytes.
const info = parse(torrent).root.get('info');
assert.equal(info?.get('name')?.asText(), 'abc');
assert.equal(info.source().length, 77); // what an info-hash covers
