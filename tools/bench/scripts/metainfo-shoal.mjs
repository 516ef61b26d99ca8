// @ts-check
// metainfo-shoal.mjs PACKAGES FILE SECONDS: CPU milliseconds that Shoal's packages take for a .torrent file, as JSON.
import { readFileSync } from 'node:fs';
import { milliseconds, print } from './measure-cpu.mjs';

const [packages, file = '', seconds] = process.argv.slice(2);
const { decode, encode } = await import(`${packages}/bencode/dist/index.js`);
const { parseMetainfo } = await import(`${packages}/metainfo/dist/index.js`);
const bytes = readFileSync(file);
const value = decode(bytes);
if (Buffer.compare(Buffer.from(encode(value)), bytes)) throw new Error('not the same once encoded');
print({
  decode: await milliseconds(Number(seconds), () => decode(bytes)),
  encode: await milliseconds(Number(seconds), () => encode(value)),
  parse: await milliseconds(Number(seconds), () => parseMetainfo(bytes)),
});
