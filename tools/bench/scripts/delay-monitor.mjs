// @ts-check
// For `node --import`: how long the main thread's event loop keeps others waiting. Written to SHOAL_BENCH_DELAY_REPORT at the end.
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** Between two looks, in ms; it is not part of the delay. */
const RESOLUTION = 5;
/** Loading the program is not what is measured, in ms. */
const START = 500;

const report = process.env['SHOAL_BENCH_DELAY_REPORT'];
if (isMainThread && report) {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  setTimeout(() => histogram.reset(), START).unref();
  process.on('exit', () => {
    const milliseconds = (/** @type {number} */ nanoseconds) =>
      Math.max(0, nanoseconds / 1e6 - RESOLUTION);
    const result = {
      p50: milliseconds(histogram.percentile(50)),
      p99: milliseconds(histogram.percentile(99)),
      max: milliseconds(histogram.max),
    };
    writeFileSync(report, JSON.stringify(result));
  });
}
