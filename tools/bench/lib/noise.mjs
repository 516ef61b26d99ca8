// @ts-check
import { machineCpu, now } from './proc.mjs';

/**
 * Looks at the whole machine during a run.
 *
 * @returns {(known: number) => { other: number, steal: number, noise: number }} `known`: CPU seconds of what is measured; `other`: CPU seconds of everything else, the rig too; `steal`: those that a virtual machine's host kept for itself; `noise`: both in cores
 */
export function watchMachine() {
  const start = now();
  const before = machineCpu();
  return (known) => {
    const after = machineCpu();
    const other = Math.max(0, after.busy - before.busy - known);
    const steal = after.steal - before.steal;
    return { other, steal, noise: (other + steal) / (now() - start) };
  };
}
