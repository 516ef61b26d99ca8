import type { Options } from 'tsup';

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
    ...overrides,
  };
}
