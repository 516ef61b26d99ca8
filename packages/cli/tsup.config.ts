import { defineConfig } from 'tsup';
import { libraryOptions } from '../../tools/config/tsup.base.ts';

/** An application: one ESM program, no declarations. The shebang of `src/bin.ts` is kept. */
export default defineConfig(
  libraryOptions({ entry: ['src/bin.ts'], format: ['esm'], dts: false, shims: false }),
);
