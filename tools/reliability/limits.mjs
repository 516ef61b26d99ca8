// @ts-check
/** Writes docs/limits.md from the constants of the packages. See README.md. */
import { parseArgs } from 'node:util';
import { publish, table } from './lib/page.mjs';
import { readConstants } from './limits/sources.mjs';
import { topics } from './limits/topics.mjs';

/** @typedef {import('./limits/sources.mjs').Constant} Constant */

/** What a name says when it is that of a limit. */
const LIMIT = /(^|_)(MAX|MOST|LIMIT|BUDGET|BACKLOG|TIMEOUT)(_|$)/;
/** Objects of defaults. */
const DEFAULTS = /^(\w+Defaults|DEFAULT_\w*LIMITS)\./;
const KIB = 1024;

const HEAD = `# Limits

Whatever somebody outside can fill has a bound. This page is written by \`pnpm nx run reliability:limits\` from the constants in the code:
their names, their values, and what the docstring says of unit and reason. Options of the packages change many of them; the values here
are the defaults.

## Memory under attack

What peers can make a client hold is the sum of its budgets: for pieces on their way in, for blocks on their way out, for metadata of magnet
links, and for each of its connections the socket's buffers, one message that is read piece by piece, and the requests it has queued. The load
test (\`pnpm nx run load:hostile\`) allows 128 KiB for each of 500 hostile connections on top of what the same download takes alone.

## Those that are asked for
`;

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const constants = readConstants();
const limits = constants.filter(
  ({ name, value, text, tagged }) =>
    tagged ||
    (text !== '' && typeof value === 'number' && LIMIT.test(name)) ||
    (DEFAULTS.test(name) && text !== ''),
);
for (const { name, text, file, value } of constants) {
  if (text === '' && typeof value === 'number' && LIMIT.test(name)) {
    throw new Error(`${file}: ${name} has no docstring that says its unit and reason`);
  }
}
const asked = topics.flatMap(([topic, ...names]) =>
  names.map((wanted, index) => row(named(wanted), index === 0 ? topic : '')),
);
const packages = [...new Set(limits.map((each) => each.package))];
const sections = packages.map((name) =>
  [
    `## ${name}`,
    table(
      ['limit', 'default', 'unit and reason', 'file'],
      limits.filter((each) => each.package === name).map((each) => row(each)),
    ),
  ].join('\n\n'),
);
const top = table(['of what', 'limit', 'default', 'unit and reason', 'file'], asked);
process.exitCode = await publish('docs/limits.md', [HEAD, top, ...sections].join('\n\n'), {
  check: values.check,
  command: 'pnpm nx run reliability:limits',
});

/**
 * @param {string} wanted `package name`, and ` in file` where there are several
 * @returns {Constant}
 */
function named(wanted) {
  const [name = '', file = ''] = wanted.split(' in ');
  const matches = constants.filter(
    (each) => `${each.package} ${each.name}` === name && each.file.endsWith(file),
  );
  if (matches.length > 1) throw new Error(`limits/topics.mjs: there are several ${wanted}`);
  const [found] = matches;
  if (found === undefined) throw new Error(`limits/topics.mjs names ${wanted}, which is not there`);
  if (found.text === '') throw new Error(`${wanted} has no docstring`);
  return found;
}

/**
 * @param {Constant} constant
 * @param {string} [topic]
 */
function row({ name, value, text, file }, topic) {
  const cells = [`\`${name}\``, show(value, text), text, `[${file.split('/').at(-1)}](../${file})`];
  return topic === undefined ? cells : [topic, ...cells];
}

/**
 * @param {number | string} value
 * @param {string} text
 */
function show(value, text) {
  if (typeof value === 'string') return value;
  const plain = value.toLocaleString('en');
  const isBytes = /\bbytes\b/i.test(text.slice(0, 60));
  if (!isBytes || value % KIB !== 0 || value < 2 * KIB) return plain;
  if (value % KIB ** 3 === 0) return `${plain} (${value / KIB ** 3} GiB)`;
  return value % KIB ** 2 === 0
    ? `${plain} (${value / KIB ** 2} MiB)`
    : `${plain} (${value / KIB} KiB)`;
}
