// @ts-check
import { readFile, writeFile } from 'node:fs/promises';

/** @typedef {import('./pool.mjs').ListedTheme} ListedTheme */

const README = new URL('../README.md', import.meta.url);
const BEGIN = '<!-- scenarios: made by `node tools/sim/run.mjs --table` -->';
const END = '<!-- /scenarios -->';

/** @param {readonly ListedTheme[]} themes */
function tableOf(themes) {
  const rows = themes.flatMap(({ title, scenarios }) => [
    `\n### ${title}\n`,
    '<!-- prettier-ignore -->',
    '| scenario | what must hold |',
    '| --- | --- |',
    ...scenarios.map(
      ({ name, holds }) => `| \`${name}\` | ${holds.replaceAll('|', String.raw`\|`)} |`,
    ),
  ]);
  const count = themes.reduce((sum, { scenarios }) => sum + scenarios.length, 0);
  return `${BEGIN}\n\n${count} scenarios.\n${rows.join('\n')}\n\n${END}`;
}

/** @param {readonly ListedTheme[]} themes */
async function updated(themes) {
  const text = await readFile(README, 'utf8');
  const [before, rest = ''] = text.split(BEGIN);
  const [, after = ''] = rest.split(END);
  return { text, next: `${before}${tableOf(themes)}${after}` };
}

/** @param {readonly ListedTheme[]} themes */
export async function writeTable(themes) {
  const { next } = await updated(themes);
  await writeFile(README, next);
  return 0;
}

/** @param {readonly ListedTheme[]} themes */
export async function checkTable(themes) {
  const { text, next } = await updated(themes);
  if (text === next) return 0;
  console.error(
    'the list in tools/sim/README.md is not up to date: node tools/sim/run.mjs --table',
  );
  return 1;
}
