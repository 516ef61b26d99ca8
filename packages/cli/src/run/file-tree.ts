import { fileColumns } from '@shoal/metainfo';
import type { FileColumns, TorrentInfo } from '@shoal/metainfo';
import { formatBytes } from '../terminal/format.ts';
import { plainText } from '../terminal/plain-text.ts';
import { Turns } from '../turns.ts';

/** Files that are put into the tree without a look at the time: about a millisecond. */
const FILES_AT_ONCE = 1_024;

interface Folder {
  /** Bytes of all files in it and below. */
  length: number;
  /** Folders, and files by their index. */
  readonly entries: Map<string, Folder | number>;
}

/** The files of a torrent as a tree, each entry on a line behind its size; padding is left out. */
export async function treeLines(info: TorrentInfo): Promise<Iterable<string>> {
  const columns = fileColumns(info);
  const root: Folder = { length: 0, entries: new Map() };
  const turns = new Turns();
  for (let index = 0; index < columns.size; index++) {
    if (index % FILES_AT_ONCE === 0) await turns.yield();
    if (!columns.isPadding(index)) put(root, index, columns);
  }
  return linesOf(root, columns, undefined);
}

function put(root: Folder, index: number, columns: FileColumns): void {
  const components = columns.pathOf(index).split('/');
  const name = components.pop() ?? '';
  let folder = root;
  for (const component of components) {
    let below = folder.entries.get(component);
    // No file has the path of a folder.
    if (below === undefined || typeof below === 'number') {
      below = { length: 0, entries: new Map() };
      folder.entries.set(component, below);
    }
    below.length += columns.lengths[index] ?? 0;
    folder = below;
  }
  folder.entries.set(name, index);
}

/** What is in a folder, with `before` in front of each line; undefined at the top. As deep as a path may be, which is bounded. */
function* linesOf(
  folder: Folder,
  columns: FileColumns,
  before: string | undefined,
): Generator<string, void, undefined> {
  let left = folder.entries.size;
  for (const [name, entry] of folder.entries) {
    const isLast = --left === 0;
    const own = before === undefined ? '' : `${before}${isLast ? '└── ' : '├── '}`;
    yield lineOf(name, entry, columns, own);
    if (typeof entry === 'number') continue;
    const below = before === undefined ? '' : `${before}${isLast ? '    ' : '│   '}`;
    yield* linesOf(entry, columns, below);
  }
}

function lineOf(name: string, entry: Folder | number, columns: FileColumns, own: string): string {
  const isFile = typeof entry === 'number';
  const length = isFile ? (columns.lengths[entry] ?? 0) : entry.length;
  const link = isFile ? columns.attributesOf(entry).symlink : undefined;
  const text = !isFile ? `${name}/` : link === undefined ? name : `${name} -> ${link}`;
  return `${formatBytes(length).padStart(10)}  ${own}${plainText(text)}\n`;
}
