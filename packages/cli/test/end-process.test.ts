import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildCommand, removeCommand } from './support/built-command.ts';
import { useFolder } from './support/test-world.ts';

const folder = useFolder();
let module: string;
beforeAll(() => {
  module = pathToFileURL(join(dirname(buildCommand()), 'end-process.js')).href;
});
afterAll(() => {
  removeCommand();
});

/** Runs a module that ends itself. */
async function endOf(script: string): Promise<unknown> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return signal ?? code;
}

describe('endProcess', () => {
  it('ends by the signal that was the reason, though a thread hangs in a call of the system', async () => {
    if (process.platform === 'win32') return;
    const fifo = join(folder.path, 'fifo');
    execFileSync('mkfifo', [fifo]);
    // Nobody ever writes to the FIFO: to open it for reading is to wait for ever, as on a disk that hangs.
    const worker = `require('node:worker_threads').parentPort.postMessage(0);
      require('node:fs').openSync(${JSON.stringify(fifo)}, 'r')`;
    const end = await endOf(`
      import { Worker } from 'node:worker_threads';
      import { endProcess } from ${JSON.stringify(module)};
      process.on('SIGTERM', () => {});
      new Worker(${JSON.stringify(worker)}, { eval: true, execArgv: [] }).on('message', () => endProcess(143));`);
    expect(end).toBe('SIGTERM');
  });

  it('ends with every other code as it is', async () => {
    const end = await endOf(`import { endProcess } from ${JSON.stringify(module)}; endProcess(5);`);
    expect(end).toBe(5);
  });
});
