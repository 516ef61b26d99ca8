import type { Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/**
 * What yargs loads at each start though only help and defects use it: `cliui` and `string-width` alone build an
 * `Intl.Segmenter` and large regular expressions, which takes longer than all the rest of a start. Yargs calls them
 * synchronously, so they are required when they are first called. `node:module` is for folders of commands and configuration
 * files, of which the command has none. At each start yargs looks for a package.json to take a version from, before it can be
 * told one; nobody finds it, and an error of `node:assert` says so, for which the folders are read and a report is made.
 * Texts in other languages are files, too, of which the command has none.
 */
const LOADED_WHEN_CALLED: Readonly<Record<string, string>> = {
  cliui: `
    import { required } from 'lean-yargs/required';
    export default (...args) => required('./help-layout.cjs').cliui(...args);`,
  'string-width': `
    import { required } from 'lean-yargs/required';
    export default (...args) => required('./help-layout.cjs').stringWidth(...args);`,
  assert: `
    const fail = (message = 'yargs is used wrongly') => { throw new Error(message); };
    export const strictEqual = (a, b, message) => void (Object.is(a, b) || fail(message));
    export const notStrictEqual = (a, b, message) => void (Object.is(a, b) && fail(message));`,
  'escalade/sync': 'export default () => undefined;',
  fs: `
    export const readFileSync = () => '{}';
    export const statSync = () => undefined;
    export const writeFile = () => undefined;`,
  'node:module': `
    import { required } from 'lean-yargs/required';
    export const createRequire = () => required;`,
  'lean-yargs/required': `
    export const required = (id) =>
      process.getBuiltinModule('node:module').createRequire(import.meta.url)(id);`,
};

/** What asks for these. */
const FROM = /[\\/](?:yargs[\\/]lib[\\/]platform-shims|yargs-parser|y18n)[\\/]/;

/** Makes yargs load what only its help needs when help is asked for; the build has `help-layout.mjs` as an entry of its own. */
export const leanYargs: Plugin = {
  name: 'lean-yargs',
  setup: (build) => {
    const names = Object.keys(LOADED_WHEN_CALLED).join('|');
    build.onResolve({ filter: new RegExp(`^(${names})$`) }, ({ path, importer, namespace }) =>
      namespace === 'lean-yargs' || FROM.test(importer)
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

/**
 * Widths in the layout of help: what is plain ASCII, as all of our help is, is as wide as it is long. Anything else loads
 * `string-width`, a file of its own.
 */
export const leanWidth: Plugin = {
  name: 'lean-width',
  setup: (build) => {
    build.onResolve({ filter: /^string-width$/ }, ({ path, importer }) =>
      /[\\/]string-width\.mjs$/.test(importer) ? undefined : { path, namespace: 'lean-width' },
    );
    build.onLoad({ filter: /.*/, namespace: 'lean-width' }, () => ({
      contents: `
        let measure;
        export default (text, options) => {
          if (/^[ -~]*$/.test(text)) return text.length;
          measure ??= require('./string-width.cjs').default;
          return measure(text, options);
        };`,
    }));
    build.onResolve({ filter: /^\.\/string-width\.cjs$/ }, ({ path }) => ({
      path,
      external: true,
    }));
  },
};
