import { GateTurns } from '../../src/choke/gate-turns.ts';
import { RateGate } from '../../src/choke/rate-gate.ts';
import { RateLimiter } from '../../src/choke/rate-limiter.ts';
import { TransferLimits } from '../../src/choke/transfer-limits.ts';
import { ManualClock } from './support.ts';

const RATE = 100_000;

function gateOf(rate = RATE) {
  const clock = new ManualClock();
  const gate = new RateGate(new RateLimiter(rate), clock);
  return { clock, gate };
}

describe('RateGate', () => {
  it('lets everything pass without a limit', () => {
    const { gate, clock } = gateOf(0);
    expect(gate.unlimited).toBe(true);
    expect(gate.take(1e9, clock.now())).toBe(1e9);
    expect(gate.spend(1e9, clock.now())).toBe(true);
    expect(gate.exhausted).toBe(false);
  });

  it('takes nothing for nothing', () => {
    const { gate, clock } = gateOf();
    expect(gate.take(0, clock.now())).toBe(0);
  });

  it('makes what came beyond the limit a debt that new tokens pay first', async () => {
    const { gate, clock } = gateOf();
    const served: number[] = [];
    // The burst is 32 KiB.
    expect(gate.spend(32_768, clock.now())).toBe(true);
    expect(gate.spend(10_000, clock.now())).toBe(false);
    expect(gate.exhausted).toBe(true);
    gate.wait({}, () => served.push(clock.now()));
    const start = clock.now();
    await clock.advance(99);
    expect(served).toEqual([]);
    await clock.advance(1);
    expect(served).toEqual([start + 100]);
    expect(gate.exhausted).toBe(false);
  });

  it('serves the line in turn, each once, and then has no timer', async () => {
    const { gate, clock } = gateOf();
    const served: string[] = [];
    const [one, two] = [{}, {}];
    gate.wait(one, () => served.push('one'));
    gate.wait(two, () => served.push('two'));
    gate.wait(one, () => served.push('one again'));
    expect(clock.pending).toBe(1);
    await clock.advance(1_000);
    // One place in line for each.
    expect(served.sort()).toEqual(['one again', 'two']);
    expect(clock.pending).toBe(0);
  });

  it('gives everybody in the line the same, however much each would take', async () => {
    const { gate, clock } = gateOf();
    gate.take(1e9, clock.now());
    const sent = [0, 0, 0];
    for (const who of [{}, {}, {}].entries()) {
      const serve = (): void => {
        sent[who[0]] = (sent[who[0]] ?? 0) + gate.take(1e9, clock.now());
        gate.wait(who[1], serve);
      };
      serve();
    }
    await clock.advance(3_000);
    expect(sent.reduce((sum, bytes) => sum + bytes)).toBe(3 * RATE);
    for (const bytes of sent) {
      expect(bytes).toBeGreaterThan(0.9 * RATE);
      expect(bytes).toBeLessThan(1.1 * RATE);
    }
    gate.close();
  });

  it('shares a limit between the gates under it', async () => {
    const clock = new ManualClock();
    const above = new RateLimiter(RATE);
    const turns = new GateTurns(clock);
    above.take(1e9, clock.now());
    const sent = [0, 0, 0];
    const gates = sent.map(() => new RateGate(new RateLimiter(0, above), clock, turns));
    for (const [index, gate] of gates.entries()) {
      const serve = (): void => {
        sent[index] = (sent[index] ?? 0) + gate.take(1e9, clock.now());
        gate.wait(gates, serve);
      };
      serve();
    }
    expect(clock.pending).toBe(1);
    await clock.advance(3_000);
    for (const bytes of sent) {
      expect(bytes).toBeGreaterThan(0.9 * RATE);
      expect(bytes).toBeLessThan(1.1 * RATE);
    }
    for (const gate of gates) gate.close();
    expect(clock.pending).toBe(0);
  });

  it('has a debt paid in time also when the one that made it has gone', async () => {
    const { gate, clock } = gateOf();
    const who = {};
    gate.spend(32_768 + 10_000, clock.now());
    gate.wait(who, () => undefined);
    gate.forget(who);
    expect(gate.exhausted).toBe(true);
    await clock.advance(100);
    expect(gate.exhausted).toBe(false);
  });

  it('goes on while somebody comes back into the line', async () => {
    const { gate, clock } = gateOf();
    let left = 100_000;
    const who = {};
    const send = (): void => {
      left -= gate.take(left, clock.now());
      if (left > 0) gate.wait(who, send);
    };
    send();
    expect(left).toBe(100_000 - 32_768);
    await clock.advance(500);
    expect(left).toBe(100_000 - 32_768 - 50_000);
    await clock.advance(500);
    expect(left).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('stops its timer when the last one gives up its place, or it is closed', async () => {
    const { gate, clock } = gateOf();
    const served: string[] = [];
    const [one, two] = [{}, {}];
    gate.wait(one, () => served.push('one'));
    gate.wait(two, () => served.push('two'));
    gate.forget(one);
    gate.forget({});
    expect(clock.pending).toBe(1);
    gate.forget(two);
    expect(clock.pending).toBe(0);
    gate.wait(one, () => served.push('one'));
    gate.close();
    await clock.advance(1_000);
    expect(served).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});

describe('TransferLimits', () => {
  it("holds a torrent's limit under the client's, and changes what is named", () => {
    const clock = new ManualClock();
    const above = { download: new RateLimiter(), upload: new RateLimiter(200_000) };
    const limits = new TransferLimits({ download: 50_000 }, above, clock);
    expect(limits.downloadGate.take(1e6, clock.now())).toBe(32_768);
    expect(limits.uploadGate.take(1e6, clock.now())).toBe(50_000);
    limits.set({ download: 0 });
    expect(limits.downloadGate.unlimited).toBe(true);
    expect(limits.uploadGate.unlimited).toBe(false);
    limits.close();
  });

  it('at rest keeps what a limit has counted, and no gate that has nothing to remember', () => {
    const clock = new ManualClock();
    const above = { download: new RateLimiter(), upload: new RateLimiter() };
    const limits = new TransferLimits({ download: 50_000 }, above, clock);
    const { downloadGate, uploadGate } = limits;
    downloadGate.spend(1e6, clock.now());
    limits.rest();
    expect(limits.downloadGate).toBe(downloadGate);
    expect(limits.downloadGate.exhausted).toBe(true);
    expect(limits.uploadGate).not.toBe(uploadGate);
    limits.close();
  });

  it('gives up places in both lines', () => {
    const clock = new ManualClock();
    const above = { download: new RateLimiter(1), upload: new RateLimiter(1) };
    const limits = new TransferLimits({}, above, clock);
    const who = {};
    limits.forget(who);
    expect(clock.pending).toBe(0);
    limits.downloadGate.wait(who, () => undefined);
    limits.uploadGate.wait(who, () => undefined);
    expect(clock.pending).toBeGreaterThan(0);
    limits.forget(who);
    expect(clock.pending).toBe(0);
  });
});
