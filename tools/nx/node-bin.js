'use strict';
const { spawn } = require('node:child_process');
const { join } = require('node:path');

/**
 * `nx:run-commands` and package scripts paste arguments into a shell, which breaks a magnet link at its first `&`. This
 * executor starts Node itself, with the arguments as they came. Signals go to the child, which ends in its own time.
 */
module.exports = async function nodeBin({ __unparsed__: args = [] }, context) {
  // Not the merged options: there an argument such as `--script=x`, meant for the command, would stand in for ours.
  const { script, env } = context.target.options;
  const ignore = () => undefined;
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, ignore);
  try {
    const child = spawn(process.execPath, [join(context.root, script), ...args], {
      stdio: 'inherit',
      cwd: process.env.INIT_CWD ?? process.cwd(),
      env: { ...process.env, ...env },
    });
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (exitCode, signal) => resolve(signal === null ? exitCode : 1));
    });
    return { success: code === 0 };
  } finally {
    for (const signal of signals) process.off(signal, ignore);
  }
};
