/**
 * Cost of hashing pieces, of hashing and writing them through the disk pool, of checking them, and of reading them in upload
 * batches: one JSON line per case.
 *
 *   node bench/disk.mjs [folder, best on tmpfs] [MiB per case]
 *
 * Bundles the sources itself, so it needs no build. `cpuPerGiB` is user and system time of the whole process.
 */
import { createHash, randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [base = tmpdir(), mebibytes = '1024'] = process.argv.slice(2);
const folder = mkdtempSync(join(base, 'shoal-bench-'));
const total = Number(mebibytes) * 1024 * 1024;
const KIB = 1024;
const PIECE_LENGTHS = [16 * KIB, 256 * KIB, 1024 * KIB, 4096 * KIB, 16384 * KIB];
const require = createRequire(import.meta.url);
const esbuild = createRequire(require.resolve('tsup'))('esbuild');

function load(name, entry) {
  const outfile = join(folder, `${name}.js`);
  esbuild.buildSync({
    ...entry,
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@shoal/source'],
  });
  return pathToFileURL(outfile).href;
}

load('disk-worker', { entryPoints: ['src/disk/disk-worker.ts'] });
const disk = await import(
  load('disk', {
    stdin: {
      resolveDir: 'src/disk',
      contents: `export { DiskPool } from './disk-pool.ts'; export { FileCache } from './file-cache.ts';
        export { FileStorage } from './file-storage.ts'; export { UploadReader } from './read-batch.ts';
        export { SendBuffers } from './send-buffers.ts'; export { PieceBuffers } from '../piece/piece-buffers.ts';
        export { sha1Text } from './piece-hash.ts';`,
    },
  })
);

async function measure(name, bytes, work) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const { active } = performance.eventLoopUtilization();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const busy = (performance.eventLoopUtilization().active - active) / 1000 / seconds;
  const { user, system } = process.cpuUsage(cpu);
  const result = {
    case: name,
    gbPerSecond: +(bytes / seconds / 1e9).toFixed(3),
    cpuPerGiB: +((user + system) / 1e6 / (bytes / 2 ** 30)).toFixed(2),
    mainThreadBusy: +busy.toFixed(2),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

async function run(pieceLength) {
  const pieceCount = Math.floor(total / pieceLength);
  const content = new Uint8Array(pieceLength);
  randomFillSync(content);
  // All pieces are the same: the cost is that of different ones.
  const hash = createHash('sha1').update(content).digest();
  const pieceHashes = new Uint8Array(pieceCount * 20);
  for (let piece = 0; piece < pieceCount; piece++) pieceHashes.set(hash, piece * 20);
  const attributes = { padding: false, executable: false, hidden: false, symlink: undefined };
  const length = pieceCount * pieceLength;
  const info = {
    infoHash: new Uint8Array(20),
    name: 'bench',
    pieceLength,
    pieceCount,
    pieceHashes,
    files: [{ index: 0, path: `bench-${pieceLength}`, length, offset: 0, attributes }],
  };
  const pool = new disk.DiskPool();
  const files = new disk.FileCache();
  const storage = new disk.FileStorage(info, folder, { pool, files });
  const buffers = new disk.PieceBuffers({ budget: 32 * 1024 * 1024 });
  const label =
    pieceLength >= 1048576 ? `${pieceLength / 1048576} MiB` : `${pieceLength / 1024} KiB`;

  await measure(`hash ${label} on one core`, length, () => {
    for (let piece = 0; piece < pieceCount; piece++) disk.sha1Text(content);
  });

  async function writeAll() {
    let next = 0;
    let done = 0;
    await new Promise((resolve, reject) => {
      // As a download would, some pieces per turn of the event loop, each filled by copying blocks of 16 KiB into it.
      const turn = () => {
        for (let bytes = 0; bytes < 262144 && next < pieceCount; bytes += pieceLength) {
          const buffer = buffers.acquire(pieceLength);
          if (buffer === undefined) return;
          new Uint8Array(buffer).set(content);
          storage.writePiece(next++, buffer, pieceLength, false).then((result) => {
            if (result.outcome !== 'written') reject(result.error ?? new Error('corrupt'));
            const wasFull = buffers.usedBytes + pieceLength > 32 * 1024 * 1024;
            buffers.release(result.buffer);
            if (++done === pieceCount) resolve();
            else if (wasFull) setImmediate(turn);
          });
        }
        if (next < pieceCount) setImmediate(turn);
      };
      turn();
    });
  }

  await measure(`write ${label}, new file`, length, writeAll);
  await measure(`write ${label}, over it`, length, writeAll);
  await measure(`check ${label}`, length, () =>
    storage.checkPieces(
      Array.from({ length: pieceCount }, (_, piece) => piece),
      (piece, whole) => {
        if (!whole) throw new Error(`Piece ${piece} is not whole`);
      },
    ),
  );
  const reader = new disk.UploadReader(storage, new disk.SendBuffers());
  await measure(`read ${label}, batches of 32 blocks`, length, async () => {
    const blocksPerPiece = pieceLength / 16384;
    const blocks = length / 16384;
    for (let first = 0; first < blocks; first += 32) {
      const requests = [];
      for (let block = first; block < Math.min(first + 32, blocks); block++) {
        const begin = (block % blocksPerPiece) * 16384;
        requests.push({ piece: Math.floor(block / blocksPerPiece), begin, length: 16384 });
      }
      (await reader.read(requests)).recycle();
    }
  });
  await storage.close();
  await files.close();
  await pool.close();
  rmSync(join(folder, `bench-${pieceLength}`));
}

try {
  for (const pieceLength of PIECE_LENGTHS) await run(pieceLength);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
