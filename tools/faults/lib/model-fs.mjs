// @ts-check
import { constants } from 'node:fs';
import { ROOT_ID } from './model-disk.mjs';

/** @import { Inode, ModelDisk } from './model-disk.mjs' */

/** Paths below this are on the model disk; there is no such folder on the real one. */
export const MODEL_ROOT = '/shoal-model-disk';

/** Descriptors of the model disk are far above those of the system. */
const FIRST_DESCRIPTOR = 1_000_000;

/**
 * @param {string} code
 * @param {string} call
 * @param {string} path
 */
export function systemError(code, call, path) {
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code, syscall: call, path });
}

/** The calls of `node:fs` that the engine makes, upon a {@link ModelDisk}. All of them act at once. */
export class ModelFs {
  /** @type {ModelDisk} */
  disk;
  /** @type {Map<number, number>} */
  #open = new Map();
  #next = FIRST_DESCRIPTOR;

  /** @param {ModelDisk} disk */
  constructor(disk) {
    this.disk = disk;
  }

  /** @param {unknown} path */
  static owns(path) {
    return typeof path === 'string' && (path === MODEL_ROOT || path.startsWith(`${MODEL_ROOT}/`));
  }

  /** @param {unknown} descriptor */
  static ownsDescriptor(descriptor) {
    return typeof descriptor === 'number' && descriptor >= FIRST_DESCRIPTOR;
  }

  /** Descriptors that nobody has closed. */
  get openCount() {
    return this.#open.size;
  }

  /**
   * @param {string} path
   * @param {string | number} flags
   */
  open(path, flags) {
    const { create, exclusive, truncate } = flagsOf(flags);
    const found = this.#find(path);
    if (found !== undefined && exclusive) throw systemError('EEXIST', 'open', path);
    let id = found?.id;
    if (id === undefined) {
      if (!create) throw systemError('ENOENT', 'open', path);
      const { folder, name } = this.#place(path, 'open');
      id = this.disk.create(folder, name, 'file');
    } else if (truncate && found?.size !== 0) {
      this.disk.resize(id, 0);
    }
    const descriptor = this.#next++;
    this.#open.set(descriptor, id);
    return descriptor;
  }

  /** @param {number} descriptor */
  close(descriptor) {
    if (!this.#open.delete(descriptor)) throw systemError('EBADF', 'close', String(descriptor));
  }

  /**
   * @param {number} descriptor
   * @param {Uint8Array} into
   * @param {number} offset
   */
  read(descriptor, into, offset) {
    const { data, size } = this.#inode(descriptor);
    const count = Math.max(0, Math.min(into.length, size - offset));
    into.set(data.subarray(offset, offset + count));
    return count;
  }

  /**
   * @param {number} descriptor
   * @param {Uint8Array} bytes
   * @param {number} offset
   */
  write(descriptor, bytes, offset) {
    this.disk.write(this.#inode(descriptor).id, offset, bytes);
    return bytes.length;
  }

  /**
   * @param {number} descriptor
   * @param {number} size
   */
  truncate(descriptor, size) {
    this.disk.resize(this.#inode(descriptor).id, size);
  }

  /**
   * @param {number} descriptor
   * @param {boolean} times
   */
  sync(descriptor, times) {
    this.disk.sync(this.#inode(descriptor).id, times);
  }

  /** @param {number} descriptor */
  statOf(descriptor) {
    return statsOf(this.#inode(descriptor));
  }

  /** @param {string} path */
  idOf(path) {
    const found = this.#find(path);
    if (found === undefined) throw systemError('ENOENT', 'stat', path);
    return found.id;
  }

  /**
   * @param {string} path
   * @param {boolean} isBig numbers as bigints
   */
  stat(path, isBig = false) {
    return statsOf(this.disk.inode(this.idOf(path)), isBig);
  }

  /** @param {string} path */
  exists(path) {
    return this.#find(path) !== undefined;
  }

  /**
   * @param {string} path
   * @param {boolean} recursive
   * @returns {string | undefined} the first folder that was made, where `recursive`
   */
  makeFolder(path, recursive) {
    const found = this.#find(path);
    if (found !== undefined) {
      if (recursive && found.kind === 'folder') return undefined;
      throw systemError('EEXIST', 'mkdir', path);
    }
    const first = recursive
      ? this.makeFolder(path.slice(0, path.lastIndexOf('/')), true)
      : undefined;
    const { folder, name } = this.#place(path, 'mkdir');
    this.disk.create(folder, name, 'folder');
    return recursive ? (first ?? path) : undefined;
  }

  /**
   * @param {string} path
   * @param {boolean} force
   */
  remove(path, force) {
    if (this.#find(path) === undefined) {
      if (force) return;
      throw systemError('ENOENT', 'rm', path);
    }
    const { folder, name } = this.#place(path, 'rm');
    this.disk.remove(folder, name);
  }

  /**
   * @param {string} from
   * @param {string} to
   */
  rename(from, to) {
    if (this.#find(from) === undefined) throw systemError('ENOENT', 'rename', from);
    const source = this.#place(from, 'rename');
    const target = this.#place(to, 'rename');
    if (source.folder !== target.folder) throw systemError('EXDEV', 'rename', to);
    this.disk.rename(source.folder, source.name, target.name);
  }

  /**
   * @param {string} from
   * @param {string} to
   */
  link(from, to) {
    const found = this.#find(from);
    if (found === undefined) throw systemError('ENOENT', 'link', from);
    if (this.#find(to) !== undefined) throw systemError('EEXIST', 'link', to);
    const { folder, name } = this.#place(to, 'link');
    this.disk.link(folder, name, found.id);
  }

  /**
   * @param {string} path
   * @param {number} mtime
   */
  touch(path, mtime) {
    const found = this.#find(path);
    if (found === undefined) throw systemError('ENOENT', 'utime', path);
    this.disk.touch(found.id, mtime);
  }

  /** @param {string} path */
  readFile(path) {
    const found = this.#find(path);
    if (found === undefined) throw systemError('ENOENT', 'open', path);
    return Buffer.from(found.data.subarray(0, found.size));
  }

  /** Paths of all files. @returns {string[]} */
  files() {
    /** @type {string[]} */
    const paths = [];
    /** @param {number} id @param {string} path */
    const walk = (id, path) => {
      const inode = this.disk.inode(id);
      if (inode.kind === 'file') paths.push(path);
      else for (const [name, child] of inode.entries) walk(child, `${path}/${name}`);
    };
    walk(ROOT_ID, MODEL_ROOT);
    return paths;
  }

  /** @param {number} descriptor */
  #inode(descriptor) {
    const id = this.#open.get(descriptor);
    if (id === undefined) throw systemError('EBADF', 'use', String(descriptor));
    return this.disk.inode(id);
  }

  /** @param {string} path */
  #find(path) {
    let inode = this.disk.inode(ROOT_ID);
    for (const name of namesOf(path)) {
      if (inode.kind !== 'folder') throw systemError('ENOTDIR', 'open', path);
      const id = inode.entries.get(name);
      if (id === undefined) return undefined;
      inode = this.disk.inode(id);
    }
    return inode;
  }

  /**
   * @param {string} path
   * @param {string} call
   */
  #place(path, call) {
    const cut = path.lastIndexOf('/');
    const folder = this.#find(path.slice(0, cut));
    if (folder === undefined) throw systemError('ENOENT', call, path);
    return { folder: folder.id, name: path.slice(cut + 1) };
  }
}

/** @param {string} path */
function namesOf(path) {
  return path
    .slice(MODEL_ROOT.length)
    .split('/')
    .filter((name) => name !== '' && name !== '.');
}

/** @param {string | number} flags */
function flagsOf(flags) {
  if (typeof flags === 'number') {
    const has = (/** @type {number} */ flag) => (flags & flag) !== 0;
    return {
      create: has(constants.O_CREAT),
      exclusive: has(constants.O_EXCL),
      truncate: has(constants.O_TRUNC),
    };
  }
  return {
    create: flags.startsWith('w') || flags.startsWith('a'),
    exclusive: flags.includes('x'),
    truncate: flags.startsWith('w'),
  };
}

/**
 * @param {Inode} inode
 * @param {boolean} [isBig]
 */
function statsOf({ id, kind, size, mtime }, isBig = false) {
  return {
    dev: isBig ? 1n : 1,
    ino: isBig ? BigInt(id) : id,
    size,
    mtimeMs: mtime,
    isFile: () => kind === 'file',
    isDirectory: () => kind === 'folder',
    isSymbolicLink: () => false,
  };
}
