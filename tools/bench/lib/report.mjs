// @ts-check
/** Puts the tables of results between the markers of a page: `<!-- bench:NAME -->` … `<!-- /bench:NAME -->`. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as prettier from 'prettier';
import { targets } from '../targets.mjs';
import { machineLine } from './machine.mjs';
import { microTableOf } from './micro.mjs';
import { profileTableOf } from './profile.mjs';
import { format } from './statistics.mjs';
import { medianOf, tableOf } from './table.mjs';

/** @typedef {import('./rounds.mjs').Result} Result */
/** @typedef {import('./micro.mjs').MicroResult} MicroResult */
/** @typedef {import('./profile.mjs').ProfileResult} ProfileResult */

/**
 * @param {readonly string[] | string} from files, or a folder of them
 * @param {string} page path of a Markdown file
 */
export async function report(from, page) {
  const files =
    typeof from === 'string'
      ? readdirSync(from).flatMap((name) => (name.endsWith('.json') ? [join(from, name)] : []))
      : from;
  const results = files.map((file) => JSON.parse(readFileSync(file, 'utf8')));
  const texts = textsOf(results);
  let text = readFileSync(page, 'utf8');
  for (const [name, table] of texts) {
    const marked = new RegExp(`(<!-- bench:${name} -->)[^]*(<!-- /bench:${name} -->)`);
    if (!marked.test(text)) console.log(`${page} has no place for ${name}`);
    text = text.replace(marked, (_, start, end) => `${start}\n\n${table.trim()}\n\n${end}`);
  }
  const options = (await prettier.resolveConfig(page)) ?? {};
  writeFileSync(page, await prettier.format(text, { ...options, filepath: page }));
  console.log(`${page}: ${[...texts.keys()].join(', ')}`);
}

/**
 * @param {(Result | MicroResult | ProfileResult)[]} results
 * @returns {Map<string, string>} Markdown by the name of its place
 */
function textsOf(results) {
  /** @type {Map<string, string>} */
  const texts = new Map();
  /** @type {Result[]} */
  const measured = [];
  for (const result of results) {
    if ('layers' in result) texts.set('micro', microTableOf(result));
    else if ('threads' in result) texts.set(result.measure, profileTableOf(result));
    else {
      measured.push(result);
      texts.set(result.measure, tableOf(result));
    }
  }
  const machines = new Set(results.map(({ machine }) => machineLine(machine)));
  texts.set('machine', [...machines].join('\n'));
  const versions = measured.flatMap(({ clients }) => clients.map(({ version }) => version ?? ''));
  texts.set('versions', [...new Set(versions)].filter(Boolean).sort().join('; '));
  if (measured.length > 1) texts.set('acceptance', acceptanceOf(measured));
  return texts;
}

/** @param {Result[]} results @returns {string} Markdown */
function acceptanceOf(results) {
  const lines = ['| measure | target | result | met |', '| --- | --- | --- | --- |'];
  for (const { measure, column, peer, client = 'shoal', label, atMost, plus = 0 } of targets) {
    const result = results.find((each) => each.measure === measure);
    const which = result?.cases.find((each) => !label || label.test(each.label));
    const title = result?.columns.find(({ key }) => key === column)?.title ?? column;
    const unit = result?.columns.find(({ key }) => key === column)?.unit ?? '';
    const mine = medianOf(
      which?.rows.find((row) => row.client === client),
      column,
    );
    const its = medianOf(
      which?.rows.find((row) => row.client === peer),
      column,
    );
    const more = plus ? ` + ${plus} ${unit}` : '';
    const target = `at most ${atMost}${peer === undefined ? '' : ` × ${peer}`}${more}`;
    const what = `${measure}, ${title}${which?.label ? `, ${which.label}` : ''}`;
    const value = peer === undefined ? mine : mine !== undefined && its ? mine / its : undefined;
    if (value === undefined || mine === undefined) {
      lines.push(`| ${what} | ${target} | not measured | |`);
      continue;
    }
    const got =
      peer === undefined
        ? `${format(mine)} ${unit}`
        : `${value.toFixed(2)} (${format(mine)} ${unit} to ${format(its ?? 0)} ${unit})`;
    lines.push(
      `| ${what} | ${target} | ${got} | ${mine <= atMost * (peer === undefined ? 1 : (its ?? 0)) + plus ? 'yes' : 'no'} |`,
    );
  }
  return lines.join('\n');
}
