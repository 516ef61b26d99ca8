// Piece picker: nanoseconds for each block from being picked to being received. Bundles the sources, needs no build.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'tsup';

const folder = await mkdtemp(join(tmpdir(), 'shoal-bench-'));
try {
  await build({
    config: false,
    entry: { picker: fileURLToPath(new URL('picker-cases.mjs', import.meta.url)) },
    outDir: folder,
    outExtension: () => ({ js: '.mjs' }),
    format: 'esm',
    platform: 'node',
    target: 'node20',
    removeNodeProtocol: false,
    noExternal: [/^@shoal\//],
    esbuildOptions: (options) => {
      options.conditions = ['@shoal/source'];
    },
    silent: true,
  });
  const outfile = join(folder, 'picker.mjs');
  const { runPicker } = await import(pathToFileURL(outfile).href);
  const cases = [
    { pieces: 2048, blocksPerPiece: 1024, peers: 1, depth: 64, share: 1 },
    { pieces: 2048, blocksPerPiece: 1024, peers: 50, depth: 64, share: 1 },
    { pieces: 2048, blocksPerPiece: 64, peers: 50, depth: 64, share: 0.5 },
    { pieces: 100_000, blocksPerPiece: 16, peers: 50, depth: 64, share: 0.5 },
    { pieces: 200_000, blocksPerPiece: 1, peers: 50, depth: 32, share: 0.5 },
  ];
  runPicker({ pieces: 256, blocksPerPiece: 64, peers: 4, depth: 32, share: 0.5 });
  for (const options of cases) {
    const { blocks, time } = runPicker(options);
    const { pieces, blocksPerPiece, peers, depth, share } = options;
    const swarm = `${peers} peers with ${share * 100} % each, ${depth} requests`;
    const label = `picker: ${pieces} pieces of ${blocksPerPiece} blocks, ${swarm}`;
    const nanosecondsPerBlock = Math.round((time * 1e6) / blocks);
    console.log(JSON.stringify({ case: label, blocks, nanosecondsPerBlock }));
  }
} finally {
  await rm(folder, { recursive: true });
}
