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

/**
 * Opens a file below a download folder for reading and writing, creates it and the folders it stands in where they are
 * missing, but never the download folder itself. Throws errors of `node:fs` and {@link DiskError}.
 *
 * Torrents name their own files, and what stands in the download folder may come from elsewhere: nothing is ever written
 * through a symbolic link that leads out of it. A link that stays inside is followed, and the download folder itself may be
 * one. Nothing seen is remembered: any folder may be replaced by a link while the download goes on.
 */
export function openSafely(fs: DiskFs, root: string, path: string, executable: boolean): number {
  ensureParents(fs, root, path);
  return openUnlinked(fs, root, path, executable ? 0o777 : 0o666);
}

function ensureParents(fs: DiskFs, root: string, path: string): void {
  const parent = path.slice(0, path.lastIndexOf('/'));
  if (parent.length <= root.length) return;
  let linked = false;
  let folder = root;
  for (const component of parent.slice(root.length + 1).split('/')) {
    folder += `/${component}`;
    if (ensureFolder(fs, folder) === 'link') linked = true;
  }
  if (linked && !isInside(fs, root, parent)) throw unsafe(parent);
}

function openUnlinked(fs: DiskFs, root: string, path: string, mode: number): number {
  const flags = O_RDWR | O_NONBLOCK | (O_NOFOLLOW ?? 0);
  try {
    if (O_NOFOLLOW === undefined && isLink(fs, path)) throw unsafe(path);
    return openRegular(fs, path, flags | O_CREAT, mode);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'ELOOP' && errno !== 'EMLINK') throw error;
    if (!isInside(fs, root, path)) throw unsafe(path);
    return openRegular(fs, fs.realpathSync(path), flags, mode);
  }
}

function ensureFolder(fs: DiskFs, folder: string): 'folder' | 'link' {
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
