import picomatch from 'picomatch';
import { UsageError } from '../errors.ts';

/** Characters of a pattern: time to read nested braces grows with their square, and is 30 ms with this. */
const MAX_LENGTH = 1024;
/** Bytes of a name, as file systems have it. */
const NAME_LENGTH = 255;
/**
 * Ways in which the wildcards of a pattern may be laid over a name that was made to be slow: four `*` can in 2e8, and take two
 * seconds for them. Names that people have take microseconds.
 */
const MAX_WAYS = 2e8;
/** What going back to choose another of `{a,b}` costs, in letters that a `*` takes. */
const CHOICE_COST = 16;

/**
 * Whether a path is left out, by patterns as they are known from shells and ignore files: one without a slash is for the names
 * of files and folders wherever they are, one with a slash for paths below the top folder, and one that ends with a slash
 * for folders only. `*` stands for any part of a name, `**` for any folders, `?`, `[abc]`, `[!abc]` and `{a,b}` as usual;
 * parentheses and bars are themselves. Hidden files are like all others. Throws a `UsageError` for a pattern that can match
 * nothing, and for one that could take for ever.
 */
export function excluding(
  patterns: readonly string[],
): (path: string, isFolder: boolean) => boolean {
  const tests = patterns.map(testOf);
  return (path, isFolder) => tests.some((test) => test(path, isFolder));
}

function testOf(pattern: string): (path: string, isFolder: boolean) => boolean {
  const foldersOnly = pattern.endsWith('/');
  const bare = pattern.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, '');
  const wrong = wrongWith(bare);
  if (wrong !== undefined) {
    throw new UsageError(`--exclude takes a pattern, for example *.tmp or name/, and ${wrong}`);
  }
  const matches = picomatch(escapeSigns(bare), {
    dot: true,
    nonegate: true,
    noextglob: true,
    // For [!abc], which is how shells spell it.
    posix: true,
    // A + is no repetition, whatever it stands behind.
    regex: false,
  });
  const byName = !pattern.replace(/\/+$/, '').includes('/');
  return (path, isFolder) => {
    if (foldersOnly && !isFolder) return false;
    return matches(byName ? path.slice(path.lastIndexOf('/') + 1) : path);
  };
}

/** Why a pattern is not taken; undefined where it is. */
function wrongWith(bare: string): string | undefined {
  if (bare === '') return 'this one names nothing';
  if (bare.length > MAX_LENGTH) return `this one is longer than ${MAX_LENGTH} characters`;
  // picomatch 4 reads beyond the end of a pattern that ends in four of them, without an end.
  if (bare.includes('\\\\\\\\')) return 'this one has more than three backslashes in a row';
  if (waysOf(bare) > MAX_WAYS) return 'this one has too many * and {}';
  return undefined;
}

/**
 * In how many ways a matcher that tries one after the other can lay a pattern over one name, at the most: `*` within a name
 * share out its letters, `**` share out folders with all others, and braces multiply.
 */
function waysOf(pattern: string): number {
  let choices = 1;
  let folders = 0;
  let mostStars = 0;
  let stars = 0;
  const open: number[] = [];
  // Escaped characters, brackets and rows of stars count as one.
  for (const [part] of pattern.matchAll(/\\[^]|\[[^\]*{}]*\]|\*+|[^]/g)) {
    if (part === '{') open.push(1);
    else if (part === ',' && open.length > 0) open.push((open.pop() ?? 0) + 1);
    else if (part === '}') choices *= open.pop() ?? 1;
    else if (part === '*') stars++;
    else if (part.startsWith('**')) folders++;
    else if (part === '/' && open.length === 0) stars = 0;
    mostStars = Math.max(mostStars, stars);
  }
  let ways = choices === 1 ? 1 : choices * CHOICE_COST;
  for (let star = 0; star < folders + mostStars; star++) ways *= (NAME_LENGTH - star) / (star + 1);
  return ways;
}

/** Parentheses and bars, outside of brackets, where they are letters anyway. */
function escapeSigns(pattern: string): string {
  return pattern.replace(/\\[^]|\[(?:\\[^]|[^\]\\])*\]|[()|]/g, (found) =>
    found.length === 1 ? `\\${found}` : found,
  );
}
