import { readFile } from 'node:fs/promises';
import { defineConfig } from 'tsup';
import type { Options } from 'tsup';
import { libraryOptions } from '../../tools/config/tsup.base.ts';
import { leanBuiltins } from '../../tools/config/lean-builtins.ts';
import { leanWidth, leanYargs, requireBuiltin } from '../../tools/config/lean-yargs.ts';
import { thirdPartyLicenses } from '../../tools/config/third-party.ts';

const base = libraryOptions();
const plugins = [...(base.esbuildPlugins ?? []), thirdPartyLicenses('dist/THIRD-PARTY-LICENSES')];

/** Modules that are an entry of their own: by how they are imported, where they are built. */
const builtApart = (files: Readonly<Record<string, string>>): (typeof plugins)[number] => ({
  name: 'built-apart',
  setup: (build) => {
    build.onResolve({ filter: /^\.\// }, ({ path }) => {
      const built = files[path];
      return built === undefined ? undefined : { path: built, external: true };
    });
  },
});

/** The threads' scripts are CommonJS here: each is up some 5 ms of CPU earlier without the loader of ES modules. */
const plainWorkers: (typeof plugins)[number] = {
  name: 'plain-workers',
  setup: (build) => {
    build.onLoad({ filter: /[\\/]worker-url\.ts$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll("-worker.js'", "-worker.cjs'"),
      loader: 'ts',
    }));
  },
};

/**
 * An application: nothing is left to be resolved when it starts, since finding and opening a file takes longer than reading
 * it. Siblings are taken from their sources, so that a command loads of them only the modules it uses.
 */
const program: Options = {
  ...base,
  format: ['esm'],
  dts: false,
  shims: false,
  noExternal: [/./],
  esbuildPlugins: [...plugins, plainWorkers],
  esbuildOptions: (options) => {
    options.conditions = ['@shoal/source'];
    options.minifySyntax = true;
    options.minifyWhitespace = true;
    options.minifyIdentifiers = true;
  },
};

export default defineConfig([
  {
    ...program,
    // The shebang of `src/bin.ts` is kept. One file that needs no other to say the version.
    entry: ['src/bin.ts'],
    // All are built at the same time: each cleans away only what is its own.
    clean: ['bin.*'],
    esbuildPlugins: [...plugins, plainWorkers, builtApart({ './main.ts': './main.js' })],
  },
  {
    ...program,
    entry: ['src/main.ts'],
    clean: [
      '*',
      '!bin.*',
      '!help-layout.*',
      '!string-width.*',
      '!*-worker.*',
      '!THIRD-PARTY-LICENSES',
    ],
    banner: { js: requireBuiltin },
    esbuildPlugins: [...plugins, plainWorkers, leanYargs, leanBuiltins],
  },
  {
    ...program,
    entry: {
      'help-layout': 'src/terminal/help-layout.mjs',
      'string-width': 'src/terminal/string-width.mjs',
    },
    format: ['cjs'],
    clean: ['help-layout.*', 'string-width.*'],
    esbuildPlugins: [...plugins, leanWidth],
  },
  {
    ...program,
    // Threads run files of their own, each one that loads nothing else.
    entry: {
      'hash-worker': '../metainfo/src/create/hash-worker.ts',
      'check-worker': '../metainfo/src/create/check-worker.ts',
      'disk-worker': '../client/src/disk/disk-worker.ts',
    },
    format: ['cjs'],
    splitting: false,
    clean: ['*-worker.*'],
  },
]);
