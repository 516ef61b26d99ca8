import { fileURLToPath } from 'node:url';

/**
 * The jest configuration every package shares: TypeScript sources run as ES modules through swc, siblings are resolved to
 * their sources by the `@shoal/source` condition, so nothing has to be built first. `worker-url.ts` modules, which name the
 * script of a worker thread, get theirs from `jest-worker-url.mjs`.
 *
 * @param {import('jest').Config} overrides
 * @returns {import('jest').Config}
 */
export function jestConfig(overrides = {}) {
  return {
    testEnvironment: 'node',
    // Milliseconds. A hang is still noticed; a slow or busy machine is not taken for one.
    testTimeout: 60_000,
    testEnvironmentOptions: {
      customExportConditions: ['@shoal/source', 'node', 'node-addons'],
    },
    roots: ['<rootDir>/test'],
    testMatch: ['**/*.test.ts'],
    extensionsToTreatAsEsm: ['.ts'],
    transform: {
      // Before the general rule: the first match counts.
      '/worker-url\\.ts$': fileURLToPath(new URL('./jest-worker-url.mjs', import.meta.url)),
      '^.+\\.ts$': [
        '@swc/jest',
        {
          jsc: {
            target: 'es2022',
            parser: { syntax: 'typescript', decorators: false },
            // `with { type: 'json' }`, by which a package reads its own version.
            experimental: { keepImportAttributes: true },
          },
          module: { type: 'es6' },
        },
      ],
    },
    ...overrides,
  };
}
