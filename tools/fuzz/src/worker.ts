import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { Coverage } from './engine/coverage.ts';
import { watchForUnhandled, withoutStacks } from './engine/find.ts';
import { runTarget } from './engine/loop.ts';
import type { RunRequest } from './engine/loop.ts';
import type { Target } from './engine/target.ts';
import { BEATS, INPUT_AT, INPUT_LENGTH, type WorkerData } from './engine/shared.ts';

/** A thread that runs targets, one after the other, as it is told to. */
const { bundle, shared } = workerData as WorkerData;
const words = new Int32Array(shared, 0, INPUT_AT / 4);
const place = new Uint8Array(shared, INPUT_AT);

function announce(input: Uint8Array): void {
  place.set(input.length > place.length ? input.subarray(0, place.length) : input);
  Atomics.store(words, INPUT_LENGTH, input.length);
  Atomics.add(words, BEATS, 1);
}

watchForUnhandled();
withoutStacks();
// Made before the code that it is to watch is there.
const coverage = new Coverage(bundle, readFileSync(fileURLToPath(bundle), 'utf8'));
const { targets, meter } = (await import(bundle)) as {
  targets: readonly Target[];
  meter: { stepsOf: (action: () => void) => number };
};
meter.stepsOf = (action) => coverage.stepsOf(action);

parentPort?.on('message', (request: RunRequest) => {
  const target = targets.find(({ name }) => name === request.target);
  if (target === undefined) throw new Error(`no target ${request.target}`);
  runTarget(target, request, coverage, announce).then(
    (report) => parentPort?.postMessage(report),
    // A defect of the fuzzer, which must not be taken for one of what it tests.
    (error: unknown) => {
      process.stderr.write(
        `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
      process.exit(1);
    },
  );
});
parentPort?.postMessage('ready');
