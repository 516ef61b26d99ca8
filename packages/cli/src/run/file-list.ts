import { CliError, reasonOf } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { readBytes } from '../read-bytes.ts';
import type { World } from '../world.ts';

/** Bytes of a list of files: some millions of short paths. */
const MAX_LENGTH = 256 * 1024 * 1024;

/**
 * The paths in a list, of which `-` is the one on stdin: one a line, or with NUL characters between them as `find -print0`
 * writes them. A byte order mark at the beginning, `./` at that of a path, and empty lines do not count.
 */
export async function readFileList(
  list: string,
  world: Pick<World, 'stdin'>,
  signal: AbortSignal,
): Promise<string[]> {
  let text: string;
  try {
    const bytes =
      list === '-'
        ? await readAll(world.stdin(), signal)
        : await readBytes(list, MAX_LENGTH, signal);
    if (bytes === undefined) throw new Error(`it is larger than ${MAX_LENGTH / 1024 / 1024} MiB`);
    text = new TextDecoder().decode(bytes); // which leaves a byte order mark out
  } catch (error) {
    signal.throwIfAborted();
    throw new CliError(
      'ERR_CLI_FILE',
      ExitCode.disk,
      `cannot read ${list === '-' ? 'the list of files from stdin' : list}: ${reasonOf(error)}`,
      error,
    );
  }
  const paths = text.includes('\0') ? text.split('\0') : text.split(/\r?\n/);
  return paths.map((path) => path.replace(/^(?:\.\/+)+/, '')).filter((path) => path !== '');
}

async function readAll(
  input: AsyncIterable<Uint8Array | string>,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of untilAborted(input, signal)) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    chunks.push(bytes);
    length += bytes.length;
    if (length > MAX_LENGTH) return undefined;
  }
  return Buffer.concat(chunks, length);
}

/** What comes, until the signal: someone who waits at a terminal would wait on. */
async function* untilAborted<T>(
  input: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const iterator = input[Symbol.asyncIterator]();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  aborted.catch(() => undefined);
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}
