import type { AttributeLetters } from './attributes.ts';
import { MetainfoError } from './errors.ts';
import type { FileNames } from './file-names.ts';
import type { NameRules } from './safe-path.ts';
import { safeComponent } from './safe-path.ts';
import type { FileAttributes, TorrentFile } from './types.ts';

/** A symlink of the torrent before its target is known to be safe. */
export interface SymlinkRequest {
  readonly index: number;
  readonly letters: AttributeLetters;
  /** Components below the torrent's folder, as the torrent gives them. */
  readonly target: readonly string[] | undefined;
}

type LinkableFile = Pick<TorrentFile, 'path'> & { attributes: FileAttributes };

/**
 * Give each symlink its target: a plain file or a folder of the same torrent. Whatever else a torrent asks for (a path that
 * leads outside, another link, the link's own folder, nothing that exists) leaves the link without a target.
 *
 * Throws ERR_METAINFO_UNSAFE_SYMLINK where a file stands below a link: writing it would follow the link.
 */
export function resolveSymlinks(
  requests: readonly SymlinkRequest[],
  files: readonly LinkableFile[],
  names: FileNames,
  root: string,
  rules: NameRules,
): void {
  if (requests.length === 0) return;
  const links = new Set(requests.map(({ index }) => index));
  for (const index of names.displaced) {
    if (links.has(index)) {
      throw new MetainfoError(
        'ERR_METAINFO_UNSAFE_SYMLINK',
        `file ${index} is a symlink and other files are to stand below it`,
      );
    }
  }
  for (const { index, letters, target } of requests) {
    const file = files[index];
    const safe = target === undefined ? undefined : safeTarget(target, rules);
    if (file === undefined || safe === undefined) continue;
    const found = names.find(safe);
    let symlink: string | undefined;
    if (found === 'folder') {
      const folder = [root, ...safe].join('/');
      if (!file.path.startsWith(`${folder}/`)) symlink = folder;
    } else if (found !== undefined && !links.has(found)) {
      symlink = files[found]?.path;
    }
    if (symlink === undefined) continue;
    const { executable, hidden } = letters;
    file.attributes = { padding: false, executable, hidden, symlink };
  }
}

/** The components of a target, made safe like any path; undefined where one of them climbs or is empty. */
function safeTarget(target: readonly string[], rules: NameRules): string[] | undefined {
  const safe: string[] = [];
  for (const component of target) {
    const name = component === '' ? undefined : safeComponent(component, rules);
    if (name === undefined) return undefined;
    safe.push(name);
  }
  return safe.length === 0 ? undefined : safe;
}

export function malformedTarget(index: number): MetainfoError {
  return new MetainfoError(
    'ERR_METAINFO_UNSAFE_SYMLINK',
    `the symlink target of file ${index} holds something that is not a name`,
  );
}
