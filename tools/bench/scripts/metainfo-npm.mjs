// @ts-check
// metainfo-npm.mjs MODULES FILE SECONDS: CPU milliseconds that bencode and parse-torrent take for a .torrent file, as JSON.
import { readFileSync } from 'node:fs';
import { milliseconds, print } from './measure-cpu.mjs';

const [modules, file = '', seconds] = process.argv.slice(2);
const { default: bencode } = await import(`${modules}/bencode/index.js`);
const { default: parseTorrent } = await import(`${modules}/parse-torrent/index.js`);
const bytes = readFileSync(file);
const value = bencode.decode(bytes);
print({
  decode: await milliseconds(Number(seconds), () => bencode.decode(bytes)),
  encode: await milliseconds(Number(seconds), () => bencode.encode(value)),
  parse: await milliseconds(Number(seconds), () => parseTorrent(bytes)),
});
