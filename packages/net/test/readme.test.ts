import { readFileSync } from 'node:fs';
import { greet } from './readme-example.ts';
import { simulate } from './readme-simulation.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

function source(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8')
    .replaceAll('../src/index.ts', '@shoal/net')
    .replaceAll('../src/sim/index.ts', '@shoal/net/sim');
}

describe('README', () => {
  it.each(['./readme-example.ts', './readme-simulation.ts'])('shows %s as it is', (name) => {
    expect(readme).toContain('```ts\n' + source(name) + '```');
  });

  it('greets over TCP', async () => {
    expect(await greet()).toBe('hello, world');
  });

  it('simulates an hour', async () => {
    expect(await simulate()).toEqual({ received: 3_600_000, virtualSeconds: 3600 });
  });

  it('names every error code', () => {
    const errors = readFileSync(new URL('../src/errors.ts', import.meta.url), 'utf8');
    const codes = errors.match(/ERR_NET_[A-Z_]+/g) ?? [];
    expect(codes.length).toBeGreaterThan(10);
    for (const code of codes) expect(readme).toContain('| `' + code + '`');
  });
});
