import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of one input that is kept, at most. */
const MAX_KEPT_LENGTH = 4_096;
/** Bytes of all inputs of one target that are kept. */
const MAX_CORPUS_LENGTH = 16_384;

/** Inputs in a text file, one a line in base64. Lines that begin with `#`, and what follows a space, are for people. */
export async function readInputs(folder: string, target: string): Promise<Uint8Array[]> {
  let text: string;
  try {
    text = await readFile(join(folder, `${target}.b64`), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => new Uint8Array(Buffer.from(line.split(' ')[0] ?? '', 'base64')));
}

/** Writes the corpus of a target: the shortest inputs first, as far as there is room. */
export async function writeCorpus(
  folder: string,
  target: string,
  inputs: readonly Uint8Array[],
): Promise<void> {
  const lines = new Set<string>();
  let length = 0;
  for (const input of [...inputs].sort((one, other) => one.length - other.length)) {
    if (input.length > MAX_KEPT_LENGTH || length + input.length > MAX_CORPUS_LENGTH) break;
    // An empty line would be none; every target is tried with no bytes anyway.
    if (input.length === 0) continue;
    lines.add(Buffer.from(input).toString('base64'));
    length += input.length;
  }
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${target}.b64`), [...lines, ''].join('\n'));
}
