import picomatch from 'picomatch';

/**
 * Whether a path is left out, by patterns as they are known from shells and ignore files: one without a slash is for the names
 * of files and folders wherever they are, one with a slash for paths below the top folder, and one that ends with a slash
 * for folders only. `*` stands for any part of a name, `**` for any folders, `?`, `[abc]` and `{a,b}` as usual. Hidden files
 * are like all others.
 */
export function excluding(
  patterns: readonly string[],
): (path: string, isFolder: boolean) => boolean {
  const tests = patterns.map(testOf);
  return (path, isFolder) => tests.some((test) => test(path, isFolder));
}

function testOf(pattern: string): (path: string, isFolder: boolean) => boolean {
  const foldersOnly = pattern.endsWith('/');
  const bare = pattern.replace(/\/+$/, '').replace(/^(?:\.?\/)+/, '');
  const matches = picomatch(bare, { dot: true, nonegate: true });
  const byName = !pattern.replace(/\/+$/, '').includes('/');
  return (path, isFolder) => {
    if (foldersOnly && !isFolder) return false;
    return matches(byName ? path.slice(path.lastIndexOf('/') + 1) : path);
  };
}
