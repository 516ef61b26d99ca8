import { parentPort } from 'node:worker_threads';
import { unreadableIn } from './readable.ts';
import type { ReadableTask } from './readable.ts';

const port = parentPort;

port?.once('message', (task: ReadableTask) => {
  // Not all that reads it takes memory that is shared.
  port.postMessage(unreadableIn({ ...task, info: new Uint8Array(task.info) }));
});
