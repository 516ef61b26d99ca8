// Microbenchmarks of the built package; one JSON line for each case. Run `tsup` first.
import { FileLayout, parseMagnet, parseMetainfo } from '../dist/index.js';
import { merkleCases } from './merkle.mjs';

const FILES = 100_000;
const PIECE_LENGTH = 65_536;
const MIN_MS = 500;

/** Bencode of plain values; all that a torrent needs. */
function bencode(value) {
  if (typeof value === 'number') return `i${value}e`;
  if (typeof value === 'string') return `${value.length}:${value}`;
  if (Array.isArray(value)) return `l${value.map(bencode).join('')}e`;
  const members = Object.entries(value).map(([key, member]) => bencode(key) + bencode(member));
  return `d${members.join('')}e`;
}

function torrent(fileCount) {
  const files = [];
  let total = 0;
  for (let index = 0; index < fileCount; index++) {
    // 200,000 pieces in all, and hardly a file that ends with one.
    const length = 2 * PIECE_LENGTH + (index % 2 === 0 ? 1 : -1);
    total += length;
    const path = [`folder-${Math.floor(index / 100)}`, `file-${index}-with-a-longer-name.bin`];
    files.push({ length, path });
  }
  const pieces = 'h'.repeat(20 * Math.ceil(total / PIECE_LENGTH));
  const info = { files, name: 'bench', 'piece length': PIECE_LENGTH, pieces };
  return Buffer.from(bencode({ announce: 'http://tracker.invalid/announce', info }), 'latin1');
}

function measure(name, action, more = {}) {
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
  console.log(
    JSON.stringify({ package: 'metainfo', case: name, runs: times.length, medianMs, ...more }),
  );
}

const large = torrent(FILES);
const from = performance.now();
const { info } = parseMetainfo(large);
const firstMs = performance.now() - from;
const { rss } = process.memoryUsage();
measure(`parse ${FILES} files, ${info.pieceCount} pieces`, () => parseMetainfo(large), {
  bytes: large.length,
  firstMs,
  rssMiBAfterFirst: rss / 2 ** 20,
});
measure(`layout of ${FILES} files`, () => new FileLayout(info));
const layout = new FileLayout(info);
let offset = 0;
measure('1000 spans of one piece', () => {
  for (let count = 0; count < 1000; count++) {
    offset = (offset + 7_919 * PIECE_LENGTH) % (info.totalLength - PIECE_LENGTH);
    layout.spans(offset, PIECE_LENGTH);
  }
});
const link = `magnet:?xt=urn:btih:${'0a'.repeat(20)}&dn=a+name&tr=http%3A%2F%2Ft.invalid%2Fa`;
measure('parse magnet link', () => parseMagnet(link));
merkleCases(measure);
