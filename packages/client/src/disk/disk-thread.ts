import type * as WorkerThreads from 'node:worker_threads';
import type { DiskWorkerData } from './disk-protocol.ts';

/** Starts a thread that runs the disk worker. It does not keep the process alive. */
export function startDiskThread(
  workerThreads: typeof WorkerThreads,
  script: URL,
  workerData: DiskWorkerData,
): WorkerThreads.Worker {
  const worker = new workerThreads.Worker(script, {
    name: 'shoal-disk',
    workerData,
    execArgv: [],
    // Copying the environment takes a tenth of the start.
    env: workerThreads.SHARE_ENV,
  });
  worker.unref();
  return worker;
}
