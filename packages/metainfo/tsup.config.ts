import { defineConfig } from 'tsup';
import { libraryOptions } from '../../tools/config/tsup.base.ts';

const library = libraryOptions();

export default defineConfig([
  library,
  // The workers of createTorrent: scripts of their own, found by URL from the ESM and the CommonJS build alike.
  {
    ...library,
    entry: {
      'hash-worker': 'src/create/hash-worker.ts',
      'check-worker': 'src/create/check-worker.ts',
    },
    splitting: false,
    format: ['esm'],
    dts: false,
    clean: false,
  },
]);
