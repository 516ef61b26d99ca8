import { defineConfig } from 'tsup';
import type { Options } from 'tsup';
import { libraryOptions } from '../../tools/config/tsup.base.ts';
import { leanYargs, requireBuiltin } from '../../tools/config/lean-yargs.ts';
import { thirdPartyLicenses } from '../../tools/config/third-party.ts';

const base = libraryOptions();
const plugins = [...(base.esbuildPlugins ?? []), thirdPartyLicenses('dist/THIRD-PARTY-LICENSES')];

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
  esbuildPlugins: plugins,
  esbuildOptions: (options) => {
    options.conditions = ['@shoal/source'];
    options.minifySyntax = true;
    options.minifyWhitespace = true;
  },
};

export default defineConfig([
  {
    ...program,
    // The shebang of `src/bin.ts` is kept.
    entry: ['src/bin.ts'],
    // The three are built at the same time: each cleans away only what is its own.
    clean: ['*', '!help-layout.*', '!*-worker.*'],
    banner: { js: requireBuiltin },
    esbuildPlugins: [...plugins, leanYargs],
  },
  {
    ...program,
    entry: ['src/terminal/help-layout.mjs'],
    format: ['cjs'],
    clean: ['help-layout.*'],
  },
  {
    ...program,
    // Threads run files of their own, each one that loads nothing else.
    entry: {
      'hash-worker': '../metainfo/src/create/hash-worker.ts',
      'disk-worker': '../client/src/disk/disk-worker.ts',
    },
    splitting: false,
    clean: ['*-worker.*'],
  },
]);
