// @ts-check
/** For benchmarks of what is no part of a package's interface. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'tsup';

/**
 * Bundles a module with the sources it uses, its package's and its siblings', as they are built for release, and runs it. Needs no build.
 *
 * @param {URL} source
 * @returns {Promise<Record<string, any>>} what it exports
 */
export async function runBundled(source) {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-bench-'));
  try {
    await build({
      config: false,
      entry: { bundled: fileURLToPath(source) },
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
    return await import(pathToFileURL(join(folder, 'bundled.mjs')).href);
  } finally {
    await rm(folder, { recursive: true });
  }
}
