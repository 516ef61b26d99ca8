// @ts-check
/** Writes docs/reliability.md from what the tools have recorded. See README.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { publish, table } from './lib/page.mjs';

/**
 * @typedef {object} Figures
 * @property {string} area
 * @property {string} command
 * @property {string} date
 * @property {string} machine
 * @property {readonly { what: string, value: string }[]} rows
 */

const HEAD = `# Reliability

What has been tried, what it came to, and the command that tries it again. The tables are written by \`pnpm nx run reliability:report\` from what
the tools record (\`--record\`); [limits.md](limits.md) has the bounds of everything that somebody outside can fill.
`;

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const folder = join(import.meta.dirname, 'figures');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const sections = files.sort().map((name) => {
  const { area, command, date, machine, rows } = readFigures(join(folder, name));
  return [
    `## ${area}`,
    table(
      ['what', 'figure'],
      rows.map(({ what, value }) => [what, value]),
    ),
    `\`${command}\`, ${date}, ${machine}.`,
  ].join('\n\n');
});
process.exitCode = await publish('docs/reliability.md', [HEAD, ...sections].join('\n\n'), {
  check: values.check,
  command: 'pnpm nx run reliability:report',
});

/**
 * @param {string} path
 * @returns {Figures}
 * @throws {Error} where it is not what README.md says
 */
function readFigures(path) {
  const figures = JSON.parse(readFileSync(path, 'utf8'));
  for (const key of ['area', 'command', 'date', 'machine']) {
    if (typeof figures[key] !== 'string') throw new Error(`${path}: ${key} is no text`);
  }
  if (!Array.isArray(figures.rows)) throw new Error(`${path}: rows is no list`);
  for (const { what, value } of figures.rows) {
    if (typeof what !== 'string' || typeof value !== 'string') {
      throw new Error(`${path}: a row needs what and value, both text`);
    }
  }
  return figures;
}
