// @ts-check
/**
 * A process that runs single tests, one call of jest after the other: `{ files, pattern, timeout }` comes in over IPC, the results
 * go back. It saves the start of a process for each guard.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './workspace.mjs';

const [, , copy = ''] = process.argv;
const require = createRequire(join(root, 'package.json'));
const { runCLI } = createRequire(require.resolve('jest'))('@jest/core');

process.on('message', async (message) => {
  const { project, files, pattern, timeout } =
    /** @type {{ project: string, files: string[], pattern: string, timeout: number }} */ (message);
  const folder = join(copy, 'packages', project);
  process.chdir(folder);
  const { results } = await runCLI(
    {
      $0: 'jest',
      _: files.map((file) => join(copy, file)),
      runTestsByPath: true,
      testNamePattern: pattern,
      testTimeout: timeout,
      runInBand: true,
      watchman: false,
      silent: true,
      reporters: [join(root, 'tools/hostile/lib/no-reporter.mjs')],
      cacheDirectory: join(copy, 'jest-cache'),
      rootDir: folder,
    },
    [folder],
  );
  /** @type {import('./lane.mjs').TestOutcome[]} */
  const outcomes = [];
  for (const { testResults, testFilePath, failureMessage } of results.testResults) {
    // A file that cannot even be loaded has no results of its own.
    if (testResults.length === 0 && failureMessage) {
      outcomes.push({
        file: testFilePath,
        name: '',
        status: 'failed',
        duration: 0,
        message: failureMessage,
      });
    }
    for (const { fullName, status, duration, failureMessages } of testResults) {
      if (status === 'pending') continue;
      outcomes.push({
        file: testFilePath,
        name: fullName,
        status,
        duration: duration ?? 0,
        message: failureMessages[0] ?? '',
      });
    }
  }
  process.send?.(outcomes);
});
process.send?.('ready');
