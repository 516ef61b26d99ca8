import type { Scenario, Theme } from '../scenario.ts';
import { choking } from './choking.ts';
import { corruption } from './corruption.ts';
import { crowds } from './crowds.ts';
import { discovery } from './discovery.ts';
import { disks } from './disks.ts';
import { endgame } from './endgame.ts';
import { liarsCore } from './liars-core.ts';
import { liarsExtension } from './liars-extension.ts';
import { life } from './life.ts';
import { lines } from './lines.ts';
import { nat } from './nat.ts';
import { outages } from './outages.ts';
import { shapes } from './shapes.ts';
import { sizes } from './sizes.ts';
import { trackers } from './trackers.ts';
import { versions } from './versions.ts';

/** All of them, in the order of the table. */
export const themes: readonly Theme[] = [
  sizes,
  crowds,
  lines,
  nat,
  disks,
  outages,
  trackers,
  discovery,
  choking,
  endgame,
  corruption,
  life,
  shapes,
  versions,
  liarsCore,
  liarsExtension,
];

export const scenarios: ReadonlyMap<string, Scenario> = byName();

function byName(): Map<string, Scenario> {
  const found = new Map<string, Scenario>();
  for (const { scenarios: each } of themes)
    for (const scenario of each) {
      if (found.has(scenario.name)) throw new Error(`two scenarios ${scenario.name}`);
      found.set(scenario.name, scenario);
    }
  return found;
}
