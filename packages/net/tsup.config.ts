import { defineConfig } from 'tsup';
import { libraryOptions } from '../../tools/config/tsup.base.ts';

export default defineConfig(
  libraryOptions({
    entry: {
      index: 'src/index.ts',
      sim: 'src/sim/index.ts',
      compliance: 'src/compliance/index.ts',
    },
  }),
);
