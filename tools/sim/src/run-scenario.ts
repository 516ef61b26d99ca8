import type { Outcome, Scenario } from './scenario.ts';
import { Sim } from './sim.ts';

/** Runs a scenario from its seed; whatever happens is in the outcome. */
export async function runScenario(scenario: Scenario, seed: number): Promise<Outcome> {
  const sim = new Sim(seed);
  const started = performance.now();
  const escaped = (error: unknown): void => sim.fail(`escaped: ${textOf(error)}`);
  process.on('unhandledRejection', escaped);
  process.on('uncaughtException', escaped);
  try {
    await scenario.run(sim);
    await sim.finish();
  } catch (error) {
    sim.fail(textOf(error));
    // What is left must not disturb the next one; that it cannot be closed is no news.
    await sim.finish().catch(() => undefined);
  }
  process.off('unhandledRejection', escaped);
  process.off('uncaughtException', escaped);
  const { heapUsed, external } = process.memoryUsage();
  return {
    name: scenario.name,
    seed,
    failures: sim.failures,
    figures: sim.figures,
    drawn: sim.drawn,
    virtualSeconds: sim.virtualSeconds,
    seconds: (performance.now() - started) / 1000,
    events: sim.events,
    fingerprint: sim.fingerprint,
    memory: (heapUsed + external) / 2 ** 20,
  };
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.stack?.split('\n').slice(0, 4).join(' | ') ?? error.message;
}
