/**
 * What every implementation of the contracts of `@shoal/net` must do, as named cases for any test framework: each `run`
 * takes a rig of two hosts and rejects when the implementation falls short.
 *
 * @packageDocumentation
 */
import { endingCases } from './ending-cases.ts';
import { openingCases } from './opening-cases.ts';
import type { ComplianceCase } from './rig.ts';
import { streamCases } from './stream-cases.ts';

export { clockCases, randomCases } from './clock-cases.ts';
export { datagramCases } from './datagram-cases.ts';
export type { ComplianceCase, ComplianceRig } from './rig.ts';

/** What every `Connection` and `Listener` must do. */
export const connectionCases: readonly ComplianceCase[] = [
  ...openingCases,
  ...streamCases,
  ...endingCases,
];
