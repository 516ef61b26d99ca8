// @ts-check
// For `node --import`: writes the longest stall of the main thread, in ms, to SHOAL_BENCH_STALL_REPORT at the end.
import { writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers';
import { isMainThread } from 'node:worker_threads';
import { StallMonitor } from './stall-monitor.mjs';

/** Loading the program is not what is measured, in ms. */
const START = 100;

const report = process.env['SHOAL_BENCH_STALL_REPORT'];
if (isMainThread && report) {
  const monitor = new StallMonitor();
  setTimeout(() => monitor.take(), START).unref();
  process.on('exit', () => writeFileSync(report, `${monitor.take()}`));
}
