import { Turns } from './turns.ts';
import type { World } from './world.ts';

/** Characters that are written at once: some milliseconds of work. */
const CHUNK_LENGTH = 64 * 1024;

/**
 * Writes texts one after the other as they are made. However many there are, they are not all held, and signals are heard
 * meanwhile.
 */
export async function writeTexts(
  { stdout }: Pick<World, 'stdout'>,
  texts: Iterable<string>,
): Promise<void> {
  const turns = new Turns();
  let chunk = '';
  for (const text of texts) {
    chunk += text;
    if (chunk.length < CHUNK_LENGTH) continue;
    stdout.write(chunk);
    chunk = '';
    await turns.yield();
  }
  if (chunk !== '') stdout.write(chunk);
}
