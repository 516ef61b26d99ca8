#!/usr/bin/env node
const args = process.argv.slice(2);

if (args.length === 1 && args[0] === '--version') {
  // Answered without loading anything: tools ask this often.
  const { readVersion } = await import('./version.ts');
  process.stdout.write(`${readVersion()}\n`);
} else {
  const { runProcess } = await import('./main.ts');
  await runProcess(args);
}
export {};
