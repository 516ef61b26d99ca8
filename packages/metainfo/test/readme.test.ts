import { readFileSync } from 'node:fs';
import { DEFAULT_LIMITS } from '../src/index.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

describe('README', () => {
  const readme = read('../README.md');

  it('shows an example that runs', async () => {
    expect(readme).toContain(`\`\`\`ts\n${read('readme-example.ts')}\`\`\``);
    // The example asserts what it shows.
    await expect(import('./readme-example.ts')).resolves.toBeDefined();
  });

  it('shows an example of hash trees that runs', async () => {
    expect(readme).toContain(`\`\`\`ts\n${read('readme-merkle-example.ts')}\`\`\``);
    await expect(import('./readme-merkle-example.ts')).resolves.toBeDefined();
  });

  it('shows an example of version 2 that runs', async () => {
    expect(readme).toContain(`\`\`\`ts\n${read('readme-v2-example.ts')}\`\`\``);
    await expect(import('./readme-v2-example.ts')).resolves.toBeDefined();
  });

  it('lists every error code', () => {
    const sources = read('../src/errors.ts') + read('../src/create/errors.ts');
    const codes = sources.match(/ERR_METAINFO_[A-Z_0-9]*[A-Z0-9](?=')/g) ?? [];
    expect(codes.length).toBeGreaterThan(25);
    for (const code of codes) expect(readme).toContain(`\`${code}\``);
  });

  it('lists every limit', () => {
    for (const name of Object.keys(DEFAULT_LIMITS)) expect(readme).toContain(`\`${name}\``);
  });
});
