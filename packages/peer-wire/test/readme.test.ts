import { readFileSync } from 'node:fs';
import { WIRE_ERROR_CODES } from '../src/index.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../README.md');

describe('README', () => {
  it.each(['readme-example.ts', 'readme-v2.ts', 'readme-extensions.ts'])(
    'shows an example that runs: %s',
    async (file) => {
      expect(readme).toContain(`\`\`\`ts\n${read(file)}\`\`\``);
      await import(`./${file}`);
    },
  );

  it('has a row for each error code, and for no other', () => {
    const documented = [...readme.matchAll(/^\| `(ERR_\w+)`/gm)].map(([, code]) => code);
    expect(documented.sort()).toEqual([...WIRE_ERROR_CODES].sort());
  });
});
