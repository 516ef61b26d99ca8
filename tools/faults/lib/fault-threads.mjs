// @ts-check
import { syncBuiltinESMExports } from 'node:module';
import workerThreads from 'node:worker_threads';

/** @import { FaultPlan } from './fault-plan.mjs' */

/**
 * Threads that are started from now on meet the faults of a plan.
 *
 * @param {FaultPlan} plan
 */
export function startThreadsWith(plan) {
  const { Worker } = workerThreads;
  class FaultyWorker extends Worker {
    /**
     * @param {URL} script
     * @param {import('node:worker_threads').WorkerOptions} options
     */
    constructor(script, options) {
      const more = { script: script.href, faults: plan.memory };
      super(new URL('fault-worker.mjs', import.meta.url), {
        ...options,
        workerData: { ...options.workerData, ...more },
      });
    }
  }
  Object.assign(workerThreads, { Worker: FaultyWorker });
  syncBuiltinESMExports();
}
