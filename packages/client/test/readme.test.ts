import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clientDefaults } from '../src/index.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

/** All sources, one after the other. */
function sources(): string {
  const folder = fileURLToPath(new URL('../src/', import.meta.url));
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return paths
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(folder, path), 'utf8'))
    .join('\n');
}

/** What stands under a heading, up to the next one. */
function sectionOf(readme: string, heading: string): string {
  return readme.split(`\n${heading}\n`)[1]?.split(/\n#+ /)[0] ?? '';
}

/** The names in the first column of the table under a heading. */
function tableUnder(readme: string, heading: string): string[] {
  const section = sectionOf(readme, heading);
  const names = [...section.matchAll(/^\| (`[^|]+)\|/gm)].map(([, cell]) => cell ?? '');
  return names.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''));
}

describe('README', () => {
  const readme = read('../README.md');

  it('shows an example that runs', async () => {
    expect(readme).toContain(`\`\`\`ts\n${read('readme-example.ts')}\`\`\``);
    const printed: string[] = [];
    const { stdout } = process;
    const write = stdout.write.bind(stdout);
    stdout.write = (text) => printed.push(String(text)) > 0;
    try {
      // The example asserts what it shows.
      await expect(import('./readme-example.ts')).resolves.toBeDefined();
    } finally {
      stdout.write = write;
    }
    expect(printed.at(-1)).toMatch(/^seeding: 1000000 of 1000000 bytes/);
  });

  it('lists every error code of the sources, and no other', () => {
    const codes = new Set(sources().match(/\bERR_(?:CLIENT|DISK|PEER)_[A-Z_]+/g));
    expect(codes.size).toBeGreaterThan(18);
    expect(tableUnder(readme, '## Errors').sort()).toEqual([...codes].sort());
  });

  it('lists every limit with its default', () => {
    expect(tableUnder(readme, '## Limits').sort()).toEqual(Object.keys(clientDefaults).sort());
    for (const [name, value] of Object.entries(clientDefaults)) {
      const shown = typeof value === 'number' ? value.toLocaleString('en-US') : `\`'${value}'\``;
      const rows = sectionOf(readme, '## Limits').split('\n');
      const row = rows.find((line) => line.startsWith(`| \`${name}\` `));
      expect(row).toContain(`| ${shown} `);
    }
  });

  it.each([
    ['ClientOptions', '### `Client.start(options?): Promise<Client>`'],
    ['AddOptions', '### `client.add(source, options): Promise<Torrent>`'],
    ['TorrentProgress', '### Progress'],
    ['TorrentEvents', '### Events'],
  ])('names every field of %s', (type, heading) => {
    const body = new RegExp(`export interface ${type} \\{\\n(.*?)\\n\\}`, 's').exec(sources())?.[1];
    const fields = [...(body ?? '').matchAll(/^ {2}(?:readonly )?(\w+)\??:/gm)].map(
      ([, name]) => name,
    );
    expect(fields.length).toBeGreaterThan(5);
    const section = sectionOf(readme, heading);
    for (const field of fields) expect(section).toContain(`\`${field}\``);
  });
});
