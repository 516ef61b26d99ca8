// @ts-check
import { createScenarios } from './create.mjs';
import { loadScenarios } from './create-kinds.mjs';
import { discoveryScenarios } from './discovery.mjs';
import { hostileScenarios } from './hostile-discovery.mjs';
import { hybridV1Scenarios } from './hybrid-v1.mjs';
import { resumeScenarios } from './resume.mjs';
import { threeWayScenarios } from './three-way.mjs';
import { trackerScenarios } from './trackers.mjs';
import { transferScenarios } from './transfers.mjs';
import { v2Scenarios } from './v2.mjs';
import { webSeedScenarios } from './web-seeds.mjs';

/**
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} shows one line
 * @property {string[]} needs names of programs
 * @property {(context: import('../lib/context.mjs').Context) => Promise<void>} run rejects when it fails
 */

/** All scenarios, in the order in which they run. @type {Scenario[]} */
export const scenarios = [
  // The longest one first: nothing waits for it in the end.
  ...resumeScenarios,
  ...transferScenarios,
  ...threeWayScenarios,
  ...trackerScenarios,
  ...createScenarios,
  ...loadScenarios,
  ...v2Scenarios,
  ...hybridV1Scenarios,
  ...webSeedScenarios,
  ...discoveryScenarios,
  ...hostileScenarios,
];
