// Microbenchmarks of the built package; one JSON line for each case. Run `tsup` first.
import { FileLayout, parseMagnet, parseMetainfo, parseMetainfoAsync } from '../dist/index.js';
import { merkleCases } from './merkle.mjs';
import { bencode, PIECE_LENGTH, v2Torrent } from './torrents.mjs';

const FILES = 100_000;
const MIN_MS = 500;

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
const small = torrent(3);
measure('parse 3 files', () => parseMetainfo(small), { bytes: small.length });
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
for (const version of ['v2', 'hybrid']) {
  const bytes = v2Torrent(FILES, version);
  const start = performance.now();
  const { info: first } = parseMetainfo(bytes);
  const more = { bytes: bytes.length, firstMs: performance.now() - start };
  measure(
    `parse ${FILES} files, ${first.pieceCount} pieces, ${version}`,
    () => parseMetainfo(bytes),
    more,
  );
  await measureStalls(`stalls of parseMetainfoAsync, ${FILES} files, ${version}`, bytes);
}

/** How long other work has to wait while a torrent is parsed in slices. */
async function measureStalls(name, bytes) {
  const waits = [];
  const from = performance.now();
  const cpu = process.cpuUsage();
  let isDone = false;
  const parsing = parseMetainfoAsync(bytes).finally(() => (isDone = true));
  let last = performance.now();
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = performance.now();
    waits.push(now - last);
    last = now;
  }
  await parsing;
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    JSON.stringify({
      package: 'metainfo',
      case: name,
      totalMs: performance.now() - from,
      cpuMs: (user + system) / 1000,
      longestMs: Math.max(...waits),
      slices: waits.length,
    }),
  );
}
