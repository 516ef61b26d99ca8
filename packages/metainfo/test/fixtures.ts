import { readFileSync } from 'node:fs';

/** The vectors of one file of `fixtures/`. */
export function readVectors(name: string): readonly unknown[] {
  const url = new URL(`fixtures/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { vectors: unknown[] }).vectors;
}
