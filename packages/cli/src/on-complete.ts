import { join } from 'node:path';
import { parseArgsStringToArgv } from 'string-argv';
import { UsageError } from './errors.ts';
import type { EngineTorrent } from './engine.ts';

/** Splits a command line as a shell would, quotes included, and nothing more: no expansion, no operators. */
export function splitCommand(text: string): { readonly file: string; readonly args: string[] } {
  const [file, ...args] = parseArgsStringToArgv(text);
  if (file === undefined || file === '') {
    throw new UsageError('--on-complete needs a command');
  }
  return { file, args };
}

/**
 * Runs the command of `--on-complete` for one torrent, without a shell, and waits for its end. What it prints goes to
 * stderr, so that `--json` output stays clean.
 */
export async function runOnComplete(
  command: string,
  torrent: Pick<EngineTorrent, 'name' | 'infoHashHex'>,
  directory: string,
  options: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly signal?: AbortSignal;
  },
): Promise<void> {
  const { file, args } = splitCommand(command);
  const { spawn } = await import('node:child_process');
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      shell: false,
      stdio: ['ignore', 2, 2],
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      env: {
        ...options.env,
        SHOAL_EVENT: 'complete',
        SHOAL_NAME: torrent.name,
        SHOAL_PATH: join(directory, torrent.name),
        SHOAL_INFO_HASH: torrent.infoHashHex,
      },
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`it ended with ${signal ?? `exit code ${code ?? 0}`}`));
    });
  });
}
