// Start-up of the built command against that of Node itself: `pnpm nx run cli:bench`. One JSON line per case.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../dist/bin.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-'));
const RUNS = 11;

function median(args) {
  const times = [];
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder });
    times.push(performance.now() - start);
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  }
  return times.sort((a, b) => a - b)[RUNS >> 1];
}

try {
  writeFileSync(join(folder, 'data.bin'), Buffer.alloc(1_000_000, 'x'));
  const torrent = join(folder, 'data.torrent');
  const create = [bin, 'create', 'data.bin', '-o', torrent, '--force', '--quiet'];
  const cases = {
    'node -e 0': ['-e', '0'],
    'shoal create (1 MB)': create,
    'shoal --version': [bin, '--version'],
    'shoal --help': [bin, '--help'],
    'shoal info': [bin, 'info', torrent],
    'shoal magnet': [bin, 'magnet', torrent],
    'shoal verify (1 MB)': [bin, 'verify', torrent],
  };
  for (const [name, args] of Object.entries(cases)) {
    console.log(JSON.stringify({ case: name, medianMs: Math.round(median(args)), runs: RUNS }));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
