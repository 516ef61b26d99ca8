/**
 * A network in memory with virtual time: hosts with latency, bandwidth, loss and partitions, where an hour passes in a
 * second and every run repeats from its seed.
 *
 * @packageDocumentation
 */
export { SimWorld, type HostOrAddress, type SimWorldOptions } from './world.ts';
export { SimHost, type SimHostOptions } from './host.ts';
export type { RunEnd, RunOptions } from './kernel.ts';
export { WALL_TIME_AT_START } from './clock.ts';
