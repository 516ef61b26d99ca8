import picomatch from 'picomatch';
import { UsageError } from '../errors.ts';

/** Characters of a pattern, beyond any path's: picomatch refuses 65,536. */
const MAX_LENGTH = 8192;

/**
 * Whether a path is left out, by patterns as they are known from shells and ignore files: one without a slash is for the names
 * of files and folders wherever they are, one with a slash for paths below the top folder, and one that ends with a slash
 * for folders only. `*` stands for any part of a name, `**` for any folders, `?`, `[abc]` and `{a,b}` as usual. Hidden files
 * are like all others. Throws a `UsageError` for a pattern that can match nothing.
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
  if (bare === '' || bare.length > MAX_LENGTH) {
    const said = bare === '' ? `"${pattern}" names nothing` : 'it is too long';
    throw new UsageError(`--exclude takes a pattern, for example *.tmp or name/, and ${said}`);
  }
  const matches = picomatch(bare, { dot: true, nonegate: true });
  const byName = !pattern.replace(/\/+$/, '').includes('/');
  return (path, isFolder) => {
    if (foldersOnly && !isFolder) return false;
    return matches(byName ? path.slice(path.lastIndexOf('/') + 1) : path);
  };
}
