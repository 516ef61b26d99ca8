// @ts-check
// create-torrent.mjs MODULES FILE OUT PIECE_LENGTH: makes a torrent with npm's create-torrent.
import { writeFileSync } from 'node:fs';

const [modules, file, out = '', pieceLength] = process.argv.slice(2);
const { default: createTorrent } = await import(`${modules}/create-torrent/index.js`);
const options = { pieceLength: Number(pieceLength), announceList: [] };
createTorrent(file, options, (/** @type {Error | null} */ error, /** @type {Buffer} */ bytes) => {
  if (error) throw error;
  writeFileSync(out, bytes);
});
