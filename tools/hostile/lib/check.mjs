// @ts-check
/** The fast check: what the list names exists, and the page is made from it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pagePath, renderPage } from './page.mjs';
import { testNames } from './test-names.mjs';
import { vectorSets, countOf } from '../list/vectors.mjs';
import { patchesOf, root } from './workspace.mjs';

/** @import { Area } from './types.mjs' */

/** What is wrong with the list. @param {readonly Area[]} areas @returns {Promise<string[]>} */
export async function problemsOf(areas) {
  /** @type {string[]} */
  const problems = [];
  /** @type {Map<string, RegExp[]>} */
  const namesIn = new Map();
  const ids = new Set();
  for (const { name: area, entries } of areas) {
    for (const entry of entries) {
      const wrong = (/** @type {string} */ what) => problems.push(`${area}: ${entry.id}: ${what}`);
      if (ids.has(entry.id)) wrong('another entry has this id');
      ids.add(entry.id);
      if (!existsSync(join(root, entry.test))) {
        wrong(`there is no ${entry.test}`);
      } else {
        const names = namesIn.get(entry.test) ?? testNames(join(root, entry.test));
        namesIn.set(entry.test, names);
        if (!names.some((pattern) => pattern.test(entry.name))) {
          wrong(`${entry.test} has no test "${entry.name}"`);
        }
      }
      for (const { file, text, by } of patchesOf(entry)) {
        if (!existsSync(join(root, file))) {
          wrong(`there is no ${file}`);
          continue;
        }
        const times = readFileSync(join(root, file), 'utf8').split(text).length - 1;
        if (times !== 1) wrong(`${file} holds this ${times} times, not once: ${text}`);
        if (text === by) wrong(`nothing is taken out of ${file}`);
      }
    }
  }
  for (const set of vectorSets)
    if (countOf(set).hostile === 0) problems.push(`${set.fixture}: no vectors`);
  const page = existsSync(pagePath) ? readFileSync(pagePath, 'utf8') : '';
  if (page !== (await renderPage(areas))) {
    problems.push('docs/hostile-input.md is not what the list says: pnpm nx run hostile:page');
  }
  return problems;
}
