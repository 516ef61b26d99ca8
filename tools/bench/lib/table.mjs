// @ts-check
/** Results as Markdown: medians with ranges, and ratios of medians. */
import { format, median, summaryOf } from './statistics.mjs';

/** @typedef {import('./rounds.mjs').Result} Result */
/** @typedef {import('./rounds.mjs').Row} Row */

/** @param {Row | undefined} row @param {string} key */
const valuesOf = (row, key) =>
  row?.runs.flatMap((values) => (values[key] === undefined ? [] : [values[key]])) ?? [];

/** @param {Row | undefined} row @param {string} key @returns {number | undefined} */
export function medianOf(row, key) {
  const values = valuesOf(row, key);
  return values.length > 0 ? median(values) : undefined;
}

/** @param {Row} row @param {string} key */
function cell(row, key) {
  const values = valuesOf(row, key);
  if (values.length === 0) return '';
  const { median: middle, min, max } = summaryOf(values);
  return values.length === 1 ? format(middle) : `${format(middle)} (${format(min)}–${format(max)})`;
}

/**
 * The row that ratios are made with: the baseline, or the first client.
 *
 * @param {Result} result
 * @param {Row[]} rows
 */
function pivotOf({ baseline }, rows) {
  return rows.find(({ client }) => client === baseline) ?? rows.find(({ runs }) => runs.length > 0);
}

/**
 * @param {number | undefined} value
 * @param {number | undefined} by
 */
const quotient = (value, by) =>
  value === undefined || by === undefined || by === 0 ? '' : (value / by).toFixed(2);

/** @param {Result} result @returns {string} Markdown */
export function tableOf(result) {
  const compared = result.columns.filter(({ ratio }) => ratio);
  const lines = [];
  for (const { label, rows } of result.cases) {
    const pivot = pivotOf(result, rows);
    const name = pivot?.client ?? '';
    const ratioTitle = result.baseline === undefined ? `${name} ÷ this` : `this ÷ ${name}`;
    if (label) lines.push(`**${label}**`, '');
    const single = rows.length < 2;
    const titles = [
      'client',
      ...result.columns.map(({ title, unit }) => `${title} (${unit})`),
      ...(single ? [] : compared.map(({ title }) => `${title}: ${ratioTitle}`)),
    ];
    lines.push(`| ${titles.join(' | ')} |`, `| --- ${'| ---: '.repeat(titles.length - 1)}|`);
    for (const row of rows) {
      if (row.runs.length === 0) continue;
      const ratios = single
        ? []
        : compared.map(({ key }) => {
            const [mine, its] = [medianOf(pivot, key), medianOf(row, key)];
            if (row === pivot) return '1';
            return result.baseline === undefined ? quotient(mine, its) : quotient(its, mine);
          });
      const cells = result.columns.map(({ key }) => cell(row, key));
      lines.push(`| ${[row.client, ...cells, ...ratios].join(' | ')} |`);
    }
    lines.push('');
    for (const { client, runs, error } of rows) {
      if (runs.length === 0)
        lines.push(`${client} gave no result: ${error ?? 'it was not run'}.`, '');
    }
  }
  const absent = result.clients.filter((client) => client.absent).map(({ name }) => name);
  if (absent.length > 0) lines.push(`Not installed: ${absent.join(', ')}.`, '');
  return lines.join('\n');
}
