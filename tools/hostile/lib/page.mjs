// @ts-check
/** docs/hostile-input.md, made from the list. */
import { join } from 'node:path';
import prettier from 'prettier';
import { patchesOf, root } from './workspace.mjs';

/** @import { Area, Entry } from './types.mjs' */

export const pagePath = join(root, 'docs/hostile-input.md');

/** @param {readonly Area[]} areas */
export async function renderPage(areas) {
  const count = areas.reduce((sum, { entries }) => sum + entries.length, 0);
  const lines = [
    '<!-- Made by `pnpm nx run hostile:page` from tools/hostile/list. Change that. -->',
    '',
    '# Hostile input',
    '',
    `Whatever comes from outside may be broken, or made to break something. Here is what Shoal is prepared for: ${count} inputs and
situations, the guard against each, and a test of it. \`pnpm nx run hostile:guards\` takes the guards out, one by one, and demands that
the test then fails; \`pnpm nx run hostile:check\`, in CI, that each test and each guard named here is there.`.replaceAll(
      '\n',
      ' ',
    ),
  ];
  for (const { title, entries, later = [] } of areas) {
    lines.push('', `## ${title}`, '');
    if (entries.length > 0) {
      // Tables with columns of equal width would be three times as long.
      lines.push(
        '<!-- prettier-ignore-start -->',
        '',
        '| what comes | guard | test |',
        '| --- | --- | --- |',
      );
      for (const entry of entries) {
        lines.push(`| ${cell(entry.input)} | ${guardOf(entry)} | ${testOf(entry)} |`);
      }
      lines.push('', '<!-- prettier-ignore-end -->');
    }
    for (const { input, layer } of later) {
      lines.push('', `Comes with ${layer}: ${input}`);
    }
  }
  const config = await prettier.resolveConfig(pagePath);
  return prettier.format(`${lines.join('\n')}\n`, { ...config, parser: 'markdown' });
}

/** @param {Entry} entry */
function guardOf(entry) {
  const files = [...new Set(patchesOf(entry).map(({ file }) => file))];
  return `${cell(entry.guard)} (${files.map(link).join(', ')})`;
}

/** @param {Entry} entry */
function testOf({ test, name }) {
  return `${link(test)}: ${cell(name)}`;
}

/** @param {string} file */
function link(file) {
  const [, project, folder, ...rest] = file.split('/');
  const shown = folder === 'src' || folder === 'test' ? rest.join('/') : file;
  return `[${project}: ${shown}](../${file})`;
}

/** @param {string} text */
function cell(text) {
  return text.replace(/[|<>*_[\]\\$]/g, '\\$&').replaceAll('\n', ' ');
}
