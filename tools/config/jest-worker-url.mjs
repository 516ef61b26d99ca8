import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * A jest transformer for `worker-url.ts` modules. Such a module says where the built script of a worker thread stands,
 * `new URL('./some-worker.js', import.meta.url)`. In tests nothing is built, and Node cannot run the TypeScript source in
 * a thread; so the source beside it (`./some-worker.ts`) is bundled with esbuild, which comes with tsup, into a file named
 * by its content below `node_modules/.cache`, and the URL is replaced by that file's.
 */
const URL_EXPRESSION = /new URL\(\s*['"]\.\/([\w-]+)\.js['"],\s*import\.meta\.url,?\s*\)/g;

const workspace = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const cache = join(workspace, 'node_modules/.cache/shoal-jest-workers');

const require = createRequire(import.meta.url);
const esbuild = createRequire(require.resolve('tsup'))('esbuild');

/** Bundles a worker's source; the address of the result. */
function bundle(source) {
  const { outputFiles } = esbuild.buildSync({
    entryPoints: [source],
    absWorkingDir: workspace,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@shoal/source'],
    sourcemap: 'inline',
  });
  const code = outputFiles[0].contents;
  const file = join(cache, `${createHash('sha256').update(code).digest('hex')}.mjs`);
  if (!existsSync(file)) {
    mkdirSync(cache, { recursive: true });
    const temporary = `${file}.${process.pid}`;
    writeFileSync(temporary, code);
    renameSync(temporary, file);
  }
  return pathToFileURL(file).href;
}

function rewrite(text, path) {
  return text.replace(URL_EXPRESSION, (_, name) => {
    const url = bundle(join(dirname(path), `${name}.ts`));
    return `new URL(${JSON.stringify(url)})`;
  });
}

export default {
  // jest keeps results by this key: it changes with the worker's own sources.
  getCacheKey: (text, path) => createHash('sha256').update(rewrite(text, path)).digest('hex'),
  process: (text, path) => ({ code: rewrite(text, path) }),
};
