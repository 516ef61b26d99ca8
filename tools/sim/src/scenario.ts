import type { Sim } from './sim.ts';

/** One story of a swarm, and what must hold in it. */
export interface Scenario {
  /** Unique; words joined with `-`, the theme first. */
  readonly name: string;
  /** What must hold, in one line. */
  readonly holds: string;
  /** Rejects when something does not hold that later steps need; the rest is said by `sim.check`. */
  readonly run: (sim: Sim) => Promise<void>;
}

/** Scenarios of one theme, in the order of the table. */
export interface Theme {
  readonly title: string;
  readonly scenarios: readonly Scenario[];
}

/** What came of one run of a scenario. */
export interface Outcome {
  readonly name: string;
  readonly seed: number;
  /** What did not hold; empty when all did. */
  readonly failures: readonly string[];
  /** What was measured, with the bound it was held against. */
  readonly figures: readonly string[];
  /** What was drawn for this seed. */
  readonly drawn: readonly string[];
  /** Virtual and real seconds. */
  readonly virtualSeconds: number;
  readonly seconds: number;
  /** Events of all its worlds. */
  readonly events: number;
  /** Equal for two runs that were the same. */
  readonly fingerprint: string;
  /** MiB of heap and buffers in use at the end, after what the scenario made is given up. */
  readonly memory: number;
}

/** Short for one with all its parts. */
export function scenario(name: string, holds: string, run: (sim: Sim) => Promise<void>): Scenario {
  return { name, holds, run };
}
