import { readFileSync } from 'node:fs';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

describe('README', () => {
  const readme = read('../README.md');

  it('shows an example that runs', async () => {
    expect(readme).toContain(`\`\`\`ts\n${read('readme-example.ts')}\`\`\``);
    // The example asserts what it shows.
    await expect(import('./readme-example.ts')).resolves.toBeDefined();
  });

  it('lists every error code', () => {
    const codes = read('../src/errors.ts').match(/ERR_DHT_[A-Z_]+/g) ?? [];
    expect(codes.length).toBeGreaterThan(5);
    for (const code of codes) expect(readme).toContain(`\`${code}\``);
  });
});
