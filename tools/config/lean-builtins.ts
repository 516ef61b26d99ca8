import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import type { Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/** `import CLAUSE from 'MODULE'`, unless it is one of types only. */
const STATIC_IMPORT = /^import\s+(?!type\b)([^'";]+?)\s+from\s+['"]([^'"]+)['"];?/gm;

/** What `lean-yargs` answers itself. */
const ANSWERED_ELSEWHERE = /^(?:node:)?(?:assert|module)$/;
const LEFT_ALONE = /[\\/]y18n[\\/]/;

/**
 * Takes Node's own modules from `process.getBuiltinModule` instead of by static imports. Node answers an ESM import of one with a
 * copy of all that it exports, for which it calls every getter: `node:fs` then loads its streams and `node:crypto` all of Web
 * Crypto, whoever asked. An `import()` stays what it is.
 */
export const leanBuiltins: Plugin = {
  name: 'lean-builtins',
  setup: (build) => {
    build.onLoad({ filter: /\.(?:ts|js|mjs)$/ }, async ({ path }) => {
      if (LEFT_ALONE.test(path)) return undefined;
      const source = await readFile(path, 'utf8');
      const contents = source.replace(STATIC_IMPORT, (statement, clause: string, id: string) =>
        isBuiltin(id) && !ANSWERED_ELSEWHERE.test(id) ? taken(clause, id) : statement,
      );
      if (contents === source) return undefined;
      return { contents, loader: path.endsWith('.ts') ? 'ts' : 'js' };
    });
  },
};

/** The declarations that stand for an import, on as many lines. */
function taken(clause: string, id: string): string {
  const [, alone = '', names] = /^([^{]*?)\s*,?\s*(\{[^]*\})?$/.exec(clause) ?? [];
  const from = `process.getBuiltinModule('node:${id.replace(/^node:/, '')}')`;
  const whole = alone.replace(/^\*\s+as\s+/, '');
  const parts = names
    ?.replace(/\btype\s+\w+(?:\s+as\s+\w+)?\s*,?/g, '')
    .replace(/(\w+)\s+as\s+(\w+)/g, '$1: $2');
  return [whole, parts]
    .filter((target) => target !== undefined && target !== '')
    .map((target) => `const ${target ?? ''} = ${from};`)
    .join(' ');
}
