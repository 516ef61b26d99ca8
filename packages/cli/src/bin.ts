#!/usr/bin/env node
import { startEarly } from './early.ts';
import { VERSION } from './version.ts';

const args = process.argv.slice(2);

if (args.length === 1 && args[0] === '--version') {
  // Answered without loading anything: tools ask this often.
  process.stdout.write(`${VERSION}\n`);
} else {
  const early = startEarly(args);
  const { runProcess } = await import('./main.ts');
  await runProcess(args, early);
}
export {};
