// @ts-check
/** The constants of the packages, read from their sources without running them. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { ROOT } from '../lib/page.mjs';

/**
 * @typedef {object} Constant
 * @property {string} package
 * @property {string} file from the root
 * @property {string} name as it stands in the code; `object.member` for a member
 * @property {number | string} value
 * @property {string} text of its docstring; empty: none
 * @property {boolean} tagged it has `@limit`
 */

/** @typedef {{ path: string, source: ts.SourceFile, constants: Map<string, ts.VariableDeclaration> }} Module */

/** Folders of a package's sources that nobody runs in earnest. */
const LEFT_OUT = new Set(['sim', 'compliance']);

/** @type {Map<string, Module>} */
const modules = new Map();

/** @param {string} path @returns {Module} */
function load(path) {
  const known = modules.get(path);
  if (known !== undefined) return known;
  const source = ts.createSourceFile(
    path,
    readFileSync(path, 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  /** @type {Map<string, ts.VariableDeclaration>} */
  const constants = new Map();
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const declaration of statement.declarationList.declarations) {
      if (ts.isIdentifier(declaration.name)) constants.set(declaration.name.text, declaration);
    }
  }
  const module = { path, source, constants };
  modules.set(path, module);
  return module;
}

/** @returns {Constant[]} all that have a value which can be read off */
export function readConstants() {
  /** @type {Constant[]} */
  const found = [];
  for (const name of readdirSync(join(ROOT, 'packages')).sort()) {
    const folder = join(ROOT, 'packages', name, 'src');
    for (const path of sourcesBelow(folder)) {
      const module = load(path);
      for (const declaration of module.constants.values()) {
        for (const constant of constantsOf(module, declaration)) {
          found.push({ package: name, file: relative(ROOT, path), ...constant });
        }
      }
    }
  }
  return found;
}

/** @param {string} folder @returns {string[]} */
function sourcesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return LEFT_OUT.has(entry.name) ? [] : sourcesBelow(path);
      return entry.name.endsWith('.ts') ? [path] : [];
    });
}

/**
 * @param {Module} module
 * @param {ts.VariableDeclaration} declaration
 * @returns {Pick<Constant, 'name' | 'value' | 'text' | 'tagged'>[]}
 */
function constantsOf(module, declaration) {
  const name = declaration.name.getText();
  const given = bare(declaration.initializer);
  if (given !== undefined && ts.isObjectLiteralExpression(given)) {
    const rate = rateOf(module, given);
    if (rate === undefined) return membersOf(module, declaration, given);
    return [{ name, value: rate, ...docsOf(declaration.parent.parent) }];
  }
  const value = valueOf(module, given);
  if (value === undefined) return [];
  return [{ name, value, ...docsOfStatement(module, declaration.parent.parent) }];
}

/** A docstring may be for two constants, one right below the other. @param {Module} module @param {ts.Node} statement */
function docsOfStatement({ source }, statement) {
  const own = docsOf(statement);
  if (own.text !== '') return own;
  const index = source.statements.findIndex((each) => each === statement);
  const above = source.statements[index - 1];
  const isNext =
    above !== undefined && !source.text.slice(above.end, statement.getStart()).includes('\n\n');
  return isNext && ts.isVariableStatement(above) ? docsOf(above) : own;
}

/**
 * @param {Module} module
 * @param {ts.VariableDeclaration} declaration
 * @param {ts.ObjectLiteralExpression} object
 */
function membersOf(module, declaration, object) {
  const name = declaration.name.getText();
  const type = declaration.type?.getText();
  return object.properties.flatMap((property) => {
    if (!ts.isPropertyAssignment(property)) return [];
    const given = bare(property.initializer);
    const member = property.name.getText();
    const value =
      given !== undefined && ts.isObjectLiteralExpression(given)
        ? rateOf(module, given)
        : valueOf(module, given);
    if (value === undefined) return [];
    const own = docsOf(property);
    const docs = own.text === '' ? docsOfMember(module, type, member) : own;
    return [{ name: `${name}.${member}`, value, ...docs }];
  });
}

/** What an interface of the same module says of a member. @param {Module} module @param {string | undefined} type @param {string} member */
function docsOfMember({ source }, type, member) {
  for (const statement of source.statements) {
    if (!ts.isInterfaceDeclaration(statement) || statement.name.text !== type) continue;
    const found = statement.members.find((each) => each.name?.getText() === member);
    if (found !== undefined) return docsOf(found);
  }
  return { text: '', tagged: false };
}

/** @param {ts.Node} node */
function docsOf(node) {
  const docs = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  const text = ts.getTextOfJSDocComment(docs.at(-1)?.comment) ?? '';
  const tagged = docs.some((doc) => doc.tags?.some((tag) => tag.tagName.text === 'limit') === true);
  // `{@link X}` is X in code.
  return {
    text: text
      .replace(/\{@link\s+([^}]+?)\s*\}/g, '`$1`')
      .replace(/\s+/g, ' ')
      .trim(),
    tagged,
  };
}

/** Without `as const` and parentheses. @param {ts.Expression | undefined} node @returns {ts.Expression | undefined} */
function bare(node) {
  if (node === undefined) return undefined;
  if (
    ts.isAsExpression(node) ||
    ts.isParenthesizedExpression(node) ||
    ts.isSatisfiesExpression(node)
  ) {
    return bare(node.expression);
  }
  return node;
}

/** `{ rate, burst }` in words. @param {Module} module @param {ts.ObjectLiteralExpression} object */
function rateOf(module, object) {
  const read = (/** @type {string} */ name) => {
    const property = object.properties.find((each) => each.name?.getText() === name);
    if (property === undefined || !ts.isPropertyAssignment(property)) return undefined;
    return valueOf(module, property.initializer);
  };
  const rate = read('rate');
  const burst = read('burst');
  if (typeof rate !== 'number' || typeof burst !== 'number') return undefined;
  return `${rate.toLocaleString('en')} a second, ${burst.toLocaleString('en')} at once`;
}

/**
 * @param {Module} module
 * @param {ts.Expression | undefined} expression
 * @returns {number | string | undefined} undefined: it cannot be read off
 */
function valueOf(module, expression) {
  const node = bare(expression);
  if (node === undefined) return undefined;
  if (ts.isNumericLiteral(node)) return Number(node.text.replaceAll('_', ''));
  if (ts.isStringLiteral(node)) return node.text;
  if (ts.isIdentifier(node)) return valueOfName(module, node.text);
  if (ts.isPropertyAccessExpression(node)) return valueOfMember(module, node);
  if (ts.isBinaryExpression(node)) {
    const left = valueOf(module, node.left);
    const right = valueOf(module, node.right);
    if (typeof left !== 'number' || typeof right !== 'number') return undefined;
    return calculate(left, node.operatorToken.kind, right);
  }
  if (ts.isCallExpression(node) && node.expression.getText() === 'Math.ceil') {
    const value = valueOf(module, node.arguments[0]);
    return typeof value === 'number' ? Math.ceil(value) : undefined;
  }
  return undefined;
}

/** @param {number} left @param {ts.SyntaxKind} operator @param {number} right */
function calculate(left, operator, right) {
  if (operator === ts.SyntaxKind.PlusToken) return left + right;
  if (operator === ts.SyntaxKind.MinusToken) return left - right;
  if (operator === ts.SyntaxKind.AsteriskToken) return left * right;
  if (operator === ts.SyntaxKind.SlashToken) return left / right;
  if (operator === ts.SyntaxKind.AsteriskAsteriskToken) return left ** right;
  if (operator === ts.SyntaxKind.LessThanLessThanToken) return left << right;
  return undefined;
}

/** @param {Module} module @param {string} name */
function valueOfName(module, name) {
  const home = homeOf(module, name);
  return home === undefined ? undefined : valueOf(home.module, home.declaration.initializer);
}

/** @param {Module} module @param {ts.PropertyAccessExpression} node */
function valueOfMember(module, node) {
  const home = homeOf(module, node.expression.getText());
  const object = bare(home?.declaration.initializer);
  if (home === undefined || object === undefined || !ts.isObjectLiteralExpression(object))
    return undefined;
  const property = object.properties.find((each) => each.name?.getText() === node.name.text);
  if (property === undefined || !ts.isPropertyAssignment(property)) return undefined;
  return valueOf(home.module, property.initializer);
}

/**
 * Where a name is declared: here, or where it is imported from.
 *
 * @param {Module} module
 * @param {string} name
 * @returns {{ module: Module, declaration: ts.VariableDeclaration } | undefined}
 */
function homeOf(module, name) {
  const declaration = module.constants.get(name);
  if (declaration !== undefined) return { module, declaration };
  for (const statement of module.source.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier))
      continue;
    const bindings = statement.importClause?.namedBindings;
    if (bindings === undefined || !ts.isNamedImports(bindings)) continue;
    const element = bindings.elements.find((each) => each.name.text === name);
    if (element === undefined) continue;
    const from = statement.moduleSpecifier.text;
    const original = element.propertyName?.text ?? name;
    if (from.startsWith('.')) return homeOf(load(join(dirname(module.path), from)), original);
    return homeInPackage(from, original);
  }
  return undefined;
}

/** A name that a sibling exports. @param {string} from @param {string} name */
function homeInPackage(from, name) {
  const folder = join(ROOT, 'packages', from.replace('@shoal/', ''), 'src');
  if (!from.startsWith('@shoal/') || from.slice('@shoal/'.length).includes('/')) return undefined;
  for (const path of sourcesBelow(folder)) {
    const module = load(path);
    const declaration = module.constants.get(name);
    if (declaration !== undefined) return { module, declaration };
  }
  return undefined;
}
