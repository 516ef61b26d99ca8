// Stores, limits and tokens, which are no part of the package's interface: bundles their sources, needs no build.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'tsup';

const folder = await mkdtemp(join(tmpdir(), 'shoal-bench-'));
try {
  await build({
    config: false,
    entry: { stores: fileURLToPath(new URL('store-cases.mjs', import.meta.url)) },
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
  await import(pathToFileURL(join(folder, 'stores.mjs')).href);
} finally {
  await rm(folder, { recursive: true });
}
