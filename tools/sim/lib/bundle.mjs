// @ts-check
import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** @typedef {{ build(options: Record<string, unknown>): Promise<unknown> }} Esbuild */

// esbuild comes with tsup.
const fromRoot = createRequire(new URL('../../../package.json', import.meta.url));
const esbuild = /** @type {Esbuild} */ (createRequire(fromRoot.resolve('tsup'))('esbuild'));

/** @param {string} relative to this folder */
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** A folder of this process: another run may be under way. */
const FOLDER = path(`../dist/${process.pid}`);

/** The script that runs scenarios, once {@link bundle} has made it. It goes with the process. */
export const WORKER = `${FOLDER}/worker.js`;

/**
 * Bundles the scenarios with the sources of the engine, as they are now: no build is needed, and a change of the engine
 * shows at once.
 */
export async function bundle() {
  await mkdir(FOLDER, { recursive: true });
  process.once('exit', () => rmSync(FOLDER, { recursive: true, force: true }));
  await esbuild.build({
    entryPoints: [
      { in: path('../src/worker.ts'), out: 'worker' },
      { in: path('../../../packages/client/src/disk/disk-worker.ts'), out: 'disk-worker' },
    ],
    outdir: FOLDER,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@shoal/source'],
    sourcemap: 'linked',
    logLevel: 'error',
  });
}
