import * as nodeFs from 'node:fs';
import { sep } from 'node:path';
import { DiskError } from '../errors.ts';
import { errnoOf, toDiskError } from './disk-error.ts';

const { O_CREAT, O_RDONLY, O_RDWR } = nodeFs.constants;
/** Flags some systems (Windows) do not have. */
const optional: Partial<typeof nodeFs.constants> = nodeFs.constants;
const O_NOFOLLOW = optional.O_NOFOLLOW;
const O_NONBLOCK = optional.O_NONBLOCK ?? 0;

/** To open a file for reading: without `O_NONBLOCK`, a FIFO in its place would hang the thread. */
export const READ_FLAGS = O_RDONLY | O_NONBLOCK;

/** To open a file for writing that is there. */
export const WRITE_FLAGS = O_RDWR | O_NONBLOCK;

/** The part of `node:fs` the workers use, so that tests can make it fail. */
export type DiskFs = Pick<
  typeof nodeFs,
  | 'openSync'
  | 'closeSync'
  | 'readSync'
  | 'writeSync'
  | 'fstatSync'
  | 'lstatSync'
  | 'statSync'
  | 'mkdirSync'
  | 'realpathSync'
  | 'ftruncateSync'
  | 'fdatasyncSync'
>;

/** The folder a torrent stands in, see `LayoutData`. */
export interface DownloadFolder {
  readonly root: string;
  readonly rootId: BigUint64Array;
}

/**
 * Opens a file below a download folder for reading and writing, creates it and the folders it stands in where they are
 * missing, but never the download folder itself, nor anything in another folder that has taken its place: where a drive was
 * mounted, an empty folder is left. Throws errors of `node:fs` and {@link DiskError}.
 *
 * Torrents name their own files, and what stands in the download folder may come from elsewhere: nothing is ever written
 * through a symbolic link that leads out of it. A link that stays inside is followed, and the download folder itself may be
 * one. Nothing seen is remembered: any folder may be replaced by a link while the download goes on.
 */
export function openSafely(
  fs: DiskFs,
  folder: DownloadFolder,
  path: string,
  executable: boolean,
): number {
  ensureParents(fs, folder, path);
  return openUnlinked(fs, folder, path, executable ? 0o777 : 0o666);
}

/** Whether what stands at the root is the folder that the download began in. */
export function isSameRoot({ dev, ino }: nodeFs.BigIntStats, rootId: BigUint64Array): boolean {
  return rootId[0] === BigInt.asUintN(64, dev) && rootId[1] === BigInt.asUintN(64, ino);
}

/** Before anything is made. */
function assertSameRoot(fs: DiskFs, { root, rootId }: DownloadFolder): void {
  if (rootId[0] === 0n && rootId[1] === 0n) return;
  if (isSameRoot(fs.statSync(root, { bigint: true }), rootId)) return;
  throw new DiskError(
    'ERR_DISK_MISSING',
    `Cannot write to "${root}": it is not the folder the download began in (has the disk been unmounted?)`,
    { path: root },
  );
}

function ensureParents(fs: DiskFs, download: DownloadFolder, path: string): void {
  const { root } = download;
  const parent = path.slice(0, path.lastIndexOf('/'));
  if (parent.length <= root.length) return;
  let linked = false;
  let folder = root;
  for (const component of parent.slice(root.length + 1).split('/')) {
    folder += `/${component}`;
    if (ensureFolder(fs, download, folder) === 'link') linked = true;
  }
  if (linked && !isInside(fs, root, parent)) throw unsafe(parent);
}

function openUnlinked(fs: DiskFs, folder: DownloadFolder, path: string, mode: number): number {
  const { root } = folder;
  const flags = O_RDWR | O_NONBLOCK | (O_NOFOLLOW ?? 0);
  try {
    if (O_NOFOLLOW === undefined && isLink(fs, path)) throw unsafe(path);
    return openOrMake(fs, folder, path, flags, mode);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'ELOOP' && errno !== 'EMLINK') throw error;
    if (!isInside(fs, root, path)) throw unsafe(path);
    return openRegular(fs, fs.realpathSync(path), flags, mode);
  }
}

function openOrMake(
  fs: DiskFs,
  folder: DownloadFolder,
  path: string,
  flags: number,
  mode: number,
): number {
  try {
    return openRegular(fs, path, flags, mode);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  assertSameRoot(fs, folder);
  return openRegular(fs, path, flags | O_CREAT, mode);
}

function ensureFolder(fs: DiskFs, download: DownloadFolder, folder: string): 'folder' | 'link' {
  for (let attempt = 0; ; attempt++) {
    try {
      const stats = fs.lstatSync(folder);
      if (stats.isDirectory()) return 'folder';
      if (stats.isSymbolicLink() && fs.statSync(folder).isDirectory()) return 'link';
      throw new DiskError(
        'ERR_DISK_WRONG_TYPE',
        `Cannot use "${folder}" as a folder: something else stands there`,
        { path: folder },
      );
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || attempt > 0) throw toDiskError(error, 'use', folder);
    }
    assertSameRoot(fs, download);
    try {
      fs.mkdirSync(folder);
    } catch (error) {
      // Another worker may have been faster.
      if (errnoOf(error) !== 'EEXIST') throw toDiskError(error, 'create', folder);
    }
  }
}

function isLink(fs: DiskFs, path: string): boolean {
  try {
    return fs.lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

/** Whether what `path` really is lies in what `root` really is. A link that leads nowhere does not. */
function isInside(fs: DiskFs, root: string, path: string): boolean {
  try {
    const realRoot = fs.realpathSync(root);
    const prefix = realRoot.endsWith(sep) ? realRoot : realRoot + sep;
    return fs.realpathSync(path).startsWith(prefix);
  } catch {
    return false;
  }
}

function unsafe(path: string): DiskError {
  return new DiskError(
    'ERR_DISK_UNSAFE_PATH',
    `Refusing to write to "${path}": a symbolic link leads out of the download folder`,
    { path },
  );
}

/** Opens `path` and makes sure that it is a regular file. */
export function openRegular(fs: DiskFs, path: string, flags: number, mode: number): number {
  const fd = fs.openSync(path, flags, mode);
  if (fs.fstatSync(fd).isFile()) return fd;
  fs.closeSync(fd);
  throw new DiskError('ERR_DISK_WRONG_TYPE', `Cannot use "${path}": it is not a regular file`, {
    path,
  });
}
