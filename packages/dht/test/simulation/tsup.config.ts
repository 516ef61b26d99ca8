import { defineConfig } from 'tsup';

// The simulation with all it runs on, from sources, into one file: `nx run dht:sim`.
export default defineConfig({
  entry: { sim: 'test/simulation/run.ts' },
  outDir: 'out-tsc/sim',
  tsconfig: 'tsconfig.spec.json',
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  removeNodeProtocol: false,
  noExternal: [/^@shoal\//],
  esbuildOptions: (options) => {
    options.conditions = ['@shoal/source'];
  },
  silent: true,
});
