import type { Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/**
 * What yargs loads at each start though only help and defects use it: `cliui` and `string-width` alone build an
 * `Intl.Segmenter` and large regular expressions, which takes longer than all the rest of a start. Yargs calls them
 * synchronously, so they are required when they are first called. `node:module` is for folders of commands and configuration
 * files, of which the command has none.
 */
const LOADED_WHEN_CALLED: Readonly<Record<string, string>> = {
  cliui: `
    import { required } from 'lean-yargs/required';
    export default (...args) => required('./help-layout.cjs').cliui(...args);`,
  'string-width': `
    import { required } from 'lean-yargs/required';
    export default (...args) => required('./help-layout.cjs').stringWidth(...args);`,
  assert: `
    const assert = () => process.getBuiltinModule('node:assert');
    export const strictEqual = (...args) => assert().strictEqual(...args);
    export const notStrictEqual = (...args) => assert().notStrictEqual(...args);`,
  'node:module': `
    import { required } from 'lean-yargs/required';
    export const createRequire = () => required;`,
  'lean-yargs/required': `
    export const required = (id) =>
      process.getBuiltinModule('node:module').createRequire(import.meta.url)(id);`,
};

/** Makes yargs load what only its help needs when help is asked for; the build has `help-layout.mjs` as an entry of its own. */
export const leanYargs: Plugin = {
  name: 'lean-yargs',
  setup: (build) => {
    const names = Object.keys(LOADED_WHEN_CALLED).join('|');
    build.onResolve({ filter: new RegExp(`^(${names})$`) }, ({ path, importer, namespace }) =>
      namespace === 'lean-yargs' || /[\\/]yargs[\\/]lib[\\/]platform-shims[\\/]/.test(importer)
        ? { path, namespace: 'lean-yargs' }
        : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'lean-yargs' }, ({ path }) => ({
      contents: LOADED_WHEN_CALLED[path] ?? '',
    }));
  },
};

/** What is left of `require` in bundled CommonJS asks for modules of Node; no loader has to be made for that. */
export const requireBuiltin = 'const require = process.getBuiltinModule;';
