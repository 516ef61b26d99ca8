import { readFile } from 'node:fs/promises';
import type { Options } from 'tsup';

/**
 * A package that says its version (in a `User-Agent`, say) imports it from its package.json, which is all that a release
 * changes. Of that file only name and version go into the build.
 */
const ownVersion: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'own-version',
  setup: (build) => {
    build.onLoad({ filter: /[\\/]package\.json$/ }, async ({ path }) => {
      const { name, version } = JSON.parse(await readFile(path, 'utf8')) as Record<string, string>;
      return { contents: JSON.stringify({ name, version }), loader: 'json' };
    });
  },
};

/** The tsup options every published library shares: ESM and CommonJS with declarations, for Node 20.19 and newer. */
export function libraryOptions(overrides: Options = {}): Options {
  return {
    entry: ['src/index.ts'],
    tsconfig: 'tsconfig.lib.json',
    format: ['esm', 'cjs'],
    dts: { compilerOptions: { composite: false, ignoreDeprecations: '6.0' } },
    target: 'node20',
    platform: 'node',
    removeNodeProtocol: false,
    shims: true,
    sourcemap: true,
    clean: true,
    silent: true,
    esbuildPlugins: [ownVersion],
    ...overrides,
  };
}
