import { readFileSync } from 'node:fs';

/** A file of `test/fixtures/dht`, parsed. */
export function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../fixtures/dht/${name}.json`, import.meta.url), 'utf8'));
}
