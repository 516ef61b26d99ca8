// @ts-check
// npm's bittorrent-tracker as a server over HTTP and UDP: node tracker-npm.mjs MODULES IP PORT
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules = '', ip = '', port = ''] = process.argv.slice(2);
const entry = pathToFileURL(join(modules, 'bittorrent-tracker/index.js')).href;
const { Server } = await import(entry);
const options = { http: true, udp: true, ws: false, stats: false, interval: 1_800_000 };
const server = new Server(options);
server.on('error', (/** @type {Error} */ error) => console.error(error.message));
// Of single announces; there would be one for each packet that is late.
server.on('warning', () => {});
server.listen(Number(port), { http: ip, udp: ip });
