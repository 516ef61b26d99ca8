// Microbenchmarks of the built package; one JSON line for each case. Run `tsup` first.
import { decode, encode, parse } from '../dist/index.js';

const FILES = 100_000;
const MIN_MS = 500;

function torrent(fileCount) {
  const files = [];
  for (let index = 0; index < fileCount; index++) {
    const path = [`folder-${Math.floor(index / 100)}`, `file-${index}-with-a-longer-name.bin`];
    files.push({ length: 1000 + index, path });
  }
  return encode({
    announce: 'http://tracker.invalid/announce',
    info: { files, name: 'bench', 'piece length': 262_144, pieces: new Uint8Array(20 * 5_000) },
  });
}

function measure(name, bytes, action) {
  action();
  const times = [];
  const start = performance.now();
  while (performance.now() - start < MIN_MS) {
    const from = performance.now();
    action();
    times.push(performance.now() - from);
  }
  times.sort((left, right) => left - right);
  const medianMs = times[times.length >> 1];
  const result = { package: 'bencode', case: name, bytes, runs: times.length, medianMs };
  result.mbPerSecond = Math.round(bytes / 1000 / medianMs);
  console.log(JSON.stringify(result));
}

const large = torrent(FILES);
const reply = encode({
  interval: 1800,
  complete: 12,
  incomplete: 34,
  peers: new Uint8Array(300),
});
const value = decode(large);

measure(`parse ${FILES} files`, large.length, () => parse(large));
measure(`decode ${FILES} files`, large.length, () => decode(large));
measure(`encode ${FILES} files`, large.length, () => encode(value));
measure('decode tracker reply', reply.length, () => decode(reply));
measure('encode tracker reply', reply.length, () => encode({ interval: 1800, peers: 'x' }));
