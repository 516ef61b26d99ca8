import {
  clockCases,
  connectionCases,
  datagramCases,
  randomCases,
  type ComplianceRig,
} from '../src/compliance/index.ts';
import { SimWorld, type SimHostOptions } from '../src/sim/index.ts';

const all = [...connectionCases, ...datagramCases, ...clockCases, ...randomCases];

const lines: Record<string, Partial<SimHostOptions>> = {
  'without limits': {},
  'with bandwidth and latency': { bandwidthUp: 4_000_000, bandwidthDown: 8_000_000, latency: 30 },
};

describe.each(Object.entries(lines))('the simulated network %s', (_name, line) => {
  it.each(all.map((each) => [each.name, each] as const))('%s', async (_case, each) => {
    const world = new SimWorld({ seed: 1, watermark: 65_536 });
    world.host({ address: '10.0.0.3', nat: true });
    const rig: ComplianceRig = {
      near: world.host({ address: '10.0.0.1', ...line }),
      nearAddress: '10.0.0.1',
      far: world.host({ address: '10.0.0.2', ...line }),
      farAddress: '10.0.0.2',
      silent: { address: '10.0.0.3', port: 1 },
    };
    let over = false;
    const outcome = each.run(rig).finally(() => {
      over = true;
    });
    outcome.catch(() => undefined);
    const end = await world.run({ until: () => over, limit: 600_000 });
    expect(end).toBe('until');
    await outcome;
  });
});
