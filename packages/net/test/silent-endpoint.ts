import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { Endpoint } from '../src/index.ts';

/** An endpoint on loopback where attempts to connect get no answer. */
export interface Silent {
  readonly endpoint: Endpoint;
  close(): Promise<void>;
}

const LISTENER = `
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const server = createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    // From here on nobody accepts.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;

/**
 * A listener that never accepts and whose backlog is full: Linux then drops further attempts. Other systems refuse them,
 * so there the answer is undefined.
 */
export async function silentEndpoint(): Promise<Silent | undefined> {
  if (process.platform !== 'linux') return undefined;
  const worker = new Worker(LISTENER, { eval: true });
  const [port] = (await once(worker, 'message')) as [number];
  const fillers: Socket[] = [];
  // A backlog of one holds two connections; the third waits for an answer that does not come.
  for (let filler = 0; filler < 2; filler++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    fillers.push(socket);
    await once(socket, 'connect');
  }
  return {
    endpoint: { address: '127.0.0.1', port },
    close: async () => {
      for (const socket of fillers) socket.destroy();
      await worker.terminate();
    },
  };
}
