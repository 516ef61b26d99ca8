// Builds the fuzzer and all it tests from the sources, and runs it: `run.mjs --help` lists what it takes.
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

const here = fileURLToPath(new URL('.', import.meta.url));

// What tells packages apart in the bundle are the comments that stand before each module: it is not minified.
await build({
  config: false,
  entry: {
    main: `${here}src/main.ts`,
    worker: `${here}src/worker.ts`,
    targets: `${here}src/targets/index.ts`,
  },
  outDir: `${here}dist`,
  tsconfig: `${here}tsconfig.json`,
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  removeNodeProtocol: false,
  splitting: false,
  sourcemap: true,
  clean: true,
  silent: true,
  noExternal: [/./],
  // Libraries in CommonJS ask for built-in modules.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
  esbuildOptions: (options) => {
    options.conditions = ['@shoal/source'];
  },
});

/** @type {string} */
const main = new URL('dist/main.js', import.meta.url).href;
const { fuzz } = /** @type {{ fuzz: (args: readonly string[]) => Promise<number> }} */ (
  await import(main)
);
process.exitCode = await fuzz(process.argv.slice(2));
