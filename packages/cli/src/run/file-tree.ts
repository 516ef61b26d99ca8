import type { TorrentFile } from '@shoal/metainfo';
import { formatBytes } from '../terminal/format.ts';
import { plainText } from '../terminal/plain-text.ts';

interface Folder {
  /** Bytes of all files in it and below. */
  length: number;
  readonly entries: Map<string, Folder | TorrentFile>;
}

/** The files of a torrent as a tree, each entry on a line behind its size; padding is left out. */
export function treeLines(files: Iterable<TorrentFile>): string[] {
  const root: Folder = { length: 0, entries: new Map() };
  for (const file of files) {
    if (file.attributes.padding) continue;
    const components = file.path.split('/');
    const name = components.pop() ?? '';
    let folder = root;
    for (const component of components) {
      let below = folder.entries.get(component);
      // No file has the path of a folder.
      if (below === undefined || !('entries' in below)) {
        below = { length: 0, entries: new Map() };
        folder.entries.set(component, below);
      }
      below.length += file.length;
      folder = below;
    }
    folder.entries.set(name, file);
  }
  const lines: string[] = [];
  for (const [name, entry] of root.entries) addLines(lines, name, entry, '', '');
  return lines;
}

/** `own` stands before the entry, `below` before what is in it. As deep as a path may be, which is bounded. */
function addLines(
  lines: string[],
  name: string,
  entry: Folder | TorrentFile,
  own: string,
  below: string,
): void {
  const isFolder = 'entries' in entry;
  const link = isFolder ? undefined : entry.attributes.symlink;
  const text = isFolder ? `${name}/` : link === undefined ? name : `${name} -> ${link}`;
  lines.push(`${formatBytes(entry.length).padStart(10)}  ${own}${plainText(text)}`);
  if (!isFolder) return;
  let left = entry.entries.size;
  for (const [child, inside] of entry.entries) {
    const isLast = --left === 0;
    addLines(
      lines,
      child,
      inside,
      `${below}${isLast ? '└── ' : '├── '}`,
      `${below}${isLast ? '    ' : '│   '}`,
    );
  }
}
