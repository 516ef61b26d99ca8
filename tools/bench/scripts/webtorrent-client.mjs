// @ts-check
// webtorrent-client.mjs ROOT version | leech|seed|verify TORRENT DIRECTORY IP PORT DONE | idle TORRENTS_FOLDER DIRECTORY IP PORT DONE
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [root = '', mode, torrent = '', path, , port, done] = process.argv.slice(2);
const { default: WebTorrent } = await import(join(root, 'index.js'));
if (mode === 'version') {
  console.log(WebTorrent.VERSION);
  process.exit(0);
}
process.on('SIGTERM', () => process.exit(0));
const fail = (/** @type {unknown} */ error) => {
  console.error(error);
  process.exit(3);
};
const tellDone = () => done && writeFileSync(done, '');
const client = new WebTorrent({
  torrentPort: Number(port),
  dht: false,
  lsd: false,
  utPex: false,
  utp: false,
  natUpnp: false,
  natPmp: false,
  tracker: false,
  webSeeds: false,
  maxConns: 200,
});
client.on('error', fail);
const add = (/** @type {string} */ file, /** @type {object} */ options) =>
  client.add(readFileSync(file), { path, private: true, ...options }).on('error', fail);

if (mode === 'idle') {
  const names = readdirSync(torrent).sort();
  let left = names.length;
  for (const name of names) {
    add(join(torrent, name), {}).on('done', () => {
      if (--left === 0) tellDone();
    });
  }
} else {
  add(torrent, { skipVerify: mode === 'seed' }).on('done', tellDone);
}
