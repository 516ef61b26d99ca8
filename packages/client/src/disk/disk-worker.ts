import { parentPort, workerData } from 'node:worker_threads';
import type { DiskWorkerData, FromWorker, ToWorker } from './disk-protocol.ts';
import { WorkerTasks } from './worker-tasks.ts';

const { maxOpenFiles } = workerData as DiskWorkerData;
const tasks = new WorkerTasks({ maxOpenFiles });

function transferablesOf(answers: FromWorker): ArrayBuffer[] {
  return answers.flatMap((answer) => (answer.kind === 'written' ? answer.buffers : []));
}

parentPort?.on('message', (message: ToWorker) => {
  const answers = tasks.handle(message);
  parentPort?.postMessage(answers, transferablesOf(answers));
});
