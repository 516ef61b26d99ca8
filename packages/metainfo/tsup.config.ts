import { defineConfig } from 'tsup';
import { libraryOptions } from '../../tools/config/tsup.base.ts';

const library = libraryOptions();

export default defineConfig([
  library,
  // The worker of createTorrent: a script of its own, found by URL from the ESM and the CommonJS build alike.
  {
    ...library,
    entry: { 'hash-worker': 'src/create/hash-worker.ts' },
    format: ['esm'],
    dts: false,
    clean: false,
  },
]);
