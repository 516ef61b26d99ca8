import { readFileSync } from 'node:fs';
import { nodeHost } from '@shoal/net';
import { countSeeds } from './readme-udp.ts';
import { SimUdpTracker } from './support/sim-udp-tracker.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

describe('README', () => {
  const readme = read('../README.md');

  it('shows an example that runs', async () => {
    expect(readme).toContain(`\`\`\`ts\n${read('readme-example.ts')}\`\`\``);
    // The example asserts what it shows.
    await expect(import('./readme-example.ts')).resolves.toBeDefined();
  });

  it('shows how to share a socket', async () => {
    expect(readme).toContain(`\`\`\`ts\n${read('readme-udp.ts')}\`\`\``);
    const tracker = new SimUdpTracker(nodeHost);
    const port = await tracker.listenAt({ address: '127.0.0.1', port: 0 });
    const infoHash = new Uint8Array(20).fill(9);
    expect(await countSeeds(`udp://127.0.0.1:${port}`, infoHash)).toBe(9);
    await tracker.close();
  });

  it('lists every error code', () => {
    const codes = read('../src/errors.ts').match(/ERR_TRACKER_[A-Z_]+/g) ?? [];
    expect(codes.length).toBeGreaterThan(12);
    for (const code of codes) expect(readme).toContain(`\`${code}\``);
  });
});
