// @ts-check
// hash-file.mjs FILE OUT ALGORITHM...: hashes of a file in one thread, what making a torrent cannot do without.
import { createHash } from 'node:crypto';
import { openSync, readSync, writeFileSync } from 'node:fs';

/** Bytes of a read, as in shoal's own threads. */
const READ_LENGTH = 128 * 1024;

const [file = '', out = '', ...algorithms] = process.argv.slice(2);
const fd = openSync(file, 'r');
const buffer = new Uint8Array(READ_LENGTH);
const hashes = algorithms.map((algorithm) => createHash(algorithm));
for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) {
  const part = read === buffer.length ? buffer : buffer.subarray(0, read);
  for (const hash of hashes) hash.update(part);
}
writeFileSync(out, hashes.map((hash) => `${hash.digest('hex')}\n`).join(''));
