// @ts-check
/** run.mjs [--check]: writes the source files that are made by a program, or compares them with what is there. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { DATA_AT, LANES, pairModule } from './sha256-pairs.mjs';

const ROOT = join(import.meta.dirname, '../..');
const FILE = 'packages/metainfo/src/merkle/sha256-pairs.ts';

const text = `
// Made by tools/codegen/sha256-pairs.mjs; change it there, then \`nx run codegen:write\`.

/** Messages of 64 bytes that are hashed side by side. */
export const LANES = ${LANES};

/** Bytes at the start of the memory that are the module's own. */
export const DATA_AT = ${DATA_AT};

/**
 * WebAssembly: \`run(from, to, groups)\` hashes \`groups\` × 4 messages, at least one group, in the memory it is given as \`env.memory\`. It
 * stands here as made, since to make it takes longer than to hash 50,000 pairs.
 */
export const pairModule = '${Buffer.from(pairModule).toString('base64')}';
`;
const made = await format(text, { parser: 'typescript', singleQuote: true, printWidth: 100 });

if (!process.argv.includes('--check')) writeFileSync(join(ROOT, FILE), made);
else if (readFileSync(join(ROOT, FILE), 'utf8') !== made) {
  console.error(`${FILE} is not what tools/codegen makes: nx run codegen:write`);
  process.exitCode = 1;
}
