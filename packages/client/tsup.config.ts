import { defineConfig } from 'tsup';
import { libraryOptions } from '../../tools/config/tsup.base.ts';

// The two are built at the same time: each cleans away only what is its own.
export default defineConfig([
  libraryOptions({
    clean: ['*', '!disk-worker.*'],
    // What the rooms of the engine need of each other is no part of the API.
    dts: {
      compilerOptions: { composite: false, ignoreDeprecations: '6.0', stripInternal: true },
    },
  }),
  // The disk worker's thread runs a file of its own; the ESM and the CommonJS build start the same one.
  libraryOptions({
    entry: ['src/disk/disk-worker.ts'],
    format: ['esm'],
    dts: false,
    shims: false,
    clean: ['disk-worker.*'],
  }),
]);
