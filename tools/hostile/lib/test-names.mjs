// @ts-check
/** The names of the tests in a file, read without running it. */
import { readFileSync } from 'node:fs';
import ts from 'typescript';

const GROUP = /^(?:describe)(?:\.each|\.only|\.skip)?$/;
const TEST = /^(?:it|test)(?:\.each|\.only|\.failing)?$/;
/** What stands for a value in the title of an `each`. */
const PLACEHOLDER = /%[sdifjop#]|\$[\w.#]+/g;

/**
 * Patterns that the full names of a file's tests match.
 *
 * @param {string} file
 * @returns {RegExp[]}
 */
export function testNames(file) {
  const source = ts.createSourceFile(
    file,
    readFileSync(file, 'utf8'),
    ts.ScriptTarget.ES2022,
    true,
  );
  /** @type {RegExp[]} */
  const found = [];
  /** @param {ts.Node} node @param {string} within a pattern */
  const visit = (node, within) => {
    if (ts.isCallExpression(node)) {
      const callee = calleeName(node.expression);
      const title = node.arguments[0];
      if (title !== undefined && GROUP.test(callee)) {
        for (const part of node.arguments.slice(1)) visit(part, `${within}${patternOf(title)} `);
        return;
      }
      if (title !== undefined && TEST.test(callee)) {
        found.push(new RegExp(`^${within}${patternOf(title)}$`, 's'));
        return;
      }
    }
    ts.forEachChild(node, (child) => visit(child, within));
  };
  visit(source, '');
  return found;
}

/** `it` and `it.each` of `it(…)` and `it.each(…)(…)`. @param {ts.Expression} callee @returns {string} */
function calleeName(callee) {
  if (ts.isIdentifier(callee)) return callee.text;
  if (ts.isPropertyAccessExpression(callee))
    return `${calleeName(callee.expression)}.${callee.name.text}`;
  if (ts.isCallExpression(callee)) return calleeName(callee.expression);
  if (ts.isTaggedTemplateExpression(callee)) return calleeName(callee.tag);
  return '';
}

/** @param {ts.Expression} title */
function patternOf(title) {
  if (!ts.isStringLiteralLike(title)) return '.+';
  return title.text
    .split(PLACEHOLDER)
    .map((part) => escapePattern(part))
    .join('.*');
}

/** @param {string} text */
export function escapePattern(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
