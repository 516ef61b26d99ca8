import { Worker } from 'node:worker_threads';
import type { Find } from './find.ts';
import type { RunReport, RunRequest } from './loop.ts';
import { BEATS, INPUT_AT, INPUT_LENGTH, INPUT_ROOM, type WorkerData } from './shared.ts';

/** Milliseconds between two looks at a thread. */
const LOOK_PERIOD = 1_000;
/** Looks without a new input, beyond the time a run has, after which an input is said to hang. */
const MAX_STILL = 15;
/** MiB of the heap of a thread: an input that takes more is a find. */
const MAX_HEAP = 1_024;

/** A thread that runs targets. One that hangs or runs out of memory is ended, and what it was at is a find. */
export class FuzzThread {
  readonly #script: string;
  readonly #bundle: string;
  #worker: Worker | undefined;
  /** Takes what the thread says, or how it ended. */
  #hear: ((heard: unknown) => void) | undefined;
  #shared = new SharedArrayBuffer(INPUT_AT + INPUT_ROOM);

  /** @param script of the thread; @param bundle URL of the targets. */
  constructor(script: string, bundle: string) {
    this.#script = script;
    this.#bundle = bundle;
  }

  /** Runs one target. */
  async run(request: RunRequest): Promise<RunReport> {
    const worker = await this.#ready();
    const words = new Int32Array(this.#shared, 0, INPUT_AT / 4);
    Atomics.store(words, BEATS, 0);
    return new Promise((resolve) => {
      let beats = 0;
      let still = 0;
      const end = (report: RunReport): void => {
        clearInterval(timer);
        this.#hear = undefined;
        resolve(report);
      };
      const fail = (message: string): void => {
        this.#worker = undefined;
        void worker.terminate();
        const executions = Atomics.load(words, BEATS);
        const find = this.#find(request, message);
        end({ target: request.target, executions, kept: [], finds: [find] });
      };
      const timer = setInterval(() => {
        const now = Atomics.load(words, BEATS);
        still = now === beats ? still + 1 : 0;
        beats = now;
        if (still > MAX_STILL) fail(`no end after ${MAX_STILL} s`);
      }, LOOK_PERIOD);
      this.#hear = (heard) => {
        if (heard instanceof Error) fail(`the thread ended: ${heard.message}`);
        else end(heard as RunReport);
      };
      worker.postMessage(request);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #find({ target }: RunRequest, message: string): Find {
    const words = new Int32Array(this.#shared, 0, INPUT_AT / 4);
    const length = Math.min(INPUT_ROOM, Atomics.load(words, INPUT_LENGTH));
    const input = new Uint8Array(this.#shared, INPUT_AT, length).slice();
    return { target, input, message, stack: '', signature: message };
  }

  async #ready(): Promise<Worker> {
    if (this.#worker !== undefined) return this.#worker;
    this.#shared = new SharedArrayBuffer(INPUT_AT + INPUT_ROOM);
    const workerData: WorkerData = { bundle: this.#bundle, shared: this.#shared };
    const worker = new Worker(this.#script, {
      workerData,
      execArgv: ['--enable-source-maps'],
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP },
    });
    this.#worker = worker;
    const ready = new Promise<void>((resolve, reject) => {
      this.#hear = (heard) => (heard instanceof Error ? reject(heard) : resolve());
    });
    // One that was given up ends later, when another has taken its place.
    const hear = (heard: unknown): void => {
      if (this.#worker === worker) this.#hear?.(heard);
    };
    worker.on('message', hear);
    worker.on('error', hear);
    worker.on('exit', (code) => hear(new Error(`exit code ${code}`)));
    await ready;
    return worker;
  }
}
