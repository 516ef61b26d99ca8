// @ts-check
/** Loaded in the place of a disk thread's script, which it then loads. */
import { workerData } from 'node:worker_threads';
import { FaultPlan } from './fault-plan.mjs';
import { installFaults } from './install-faults.mjs';

/** @type {{ script: string, faults: SharedArrayBuffer }} */
const { script, faults } = workerData;
installFaults(new FaultPlan(faults));
await import(script);
