import { defineConfig } from 'tsup';
import { libraryOptions } from '../../tools/config/tsup.base.ts';

// The two are built at the same time: each cleans away only what is its own.
export default defineConfig([
  libraryOptions({ clean: ['*', '!disk-worker.*'] }),
  // The disk worker's thread runs a file of its own; the ESM and the CommonJS build start the same one.
  libraryOptions({
    entry: ['src/disk/disk-worker.ts'],
    format: ['esm'],
    dts: false,
    shims: false,
    clean: ['disk-worker.*'],
  }),
]);
