// @ts-check
/** A page that is generated: written, or compared with what is there. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';

export const ROOT = resolve(import.meta.dirname, '../../..');

/**
 * @param {string} name below the root
 * @param {string} text Markdown
 * @param {{ check: boolean, command: string }} options `command`: what writes it
 * @returns {Promise<number>} exit code
 */
export async function publish(name, text, { check, command }) {
  const path = join(ROOT, name);
  const page = await format(text, { ...(await resolveConfig(path)), parser: 'markdown' });
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (page === before) return 0;
  if (check) {
    console.error(`${name} is not current: run ${command}`);
    return 1;
  }
  writeFileSync(path, page);
  console.log(`${name} is written anew`);
  return 0;
}

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
export function table(head, rows) {
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replace(/\s+/g, ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
