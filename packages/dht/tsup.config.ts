import { defineConfig } from 'tsup';
import { libraryOptions } from '../../tools/config/tsup.base.ts';

export default defineConfig(libraryOptions());
