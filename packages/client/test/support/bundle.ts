import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Esbuild {
  build(options: Record<string, unknown>): Promise<unknown>;
}

// esbuild comes with tsup.
const fromRoot = createRequire(new URL('../../../../package.json', import.meta.url));
const esbuild = createRequire(fromRoot.resolve('tsup'))('esbuild') as Esbuild;

/**
 * Bundles a script of this folder with the sources it uses, and the disk worker beside it, so that a process of its own can
 * run it without a build.
 *
 * @returns the script's path in `folder`
 */
export async function bundle(script: string, folder: string): Promise<string> {
  const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
  await esbuild.build({
    entryPoints: [
      { in: path(`./${script}.ts`), out: script },
      { in: path('../../src/disk/disk-worker.ts'), out: 'disk-worker' },
    ],
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@shoal/source'],
    logLevel: 'error',
  });
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  return join(folder, `${script}.js`);
}
