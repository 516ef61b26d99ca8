// @ts-check
/**
 * A disk in memory that remembers what was done to it, in order. What a power failure leaves of it is decided later, by
 * `crash-image.mjs`, from the journal: so one run of the engine gives all its crash points.
 */

/**
 * @typedef {object} Inode
 * @property {number} id
 * @property {'file' | 'folder'} kind
 * @property {Uint8Array} data of a file; longer than `size` while it grows
 * @property {number} size
 * @property {number} mtime milliseconds
 * @property {Map<string, number>} entries of a folder
 */

/**
 * @typedef {{ op: 'entry', folder: number, name: string, id: number, kind: 'file' | 'folder' }
 *   | { op: 'remove', folder: number, name: string }
 *   | { op: 'rename', folder: number, name: string, to: string }
 *   | { op: 'write', id: number, offset: number, bytes: Uint8Array, mtime: number }
 *   | { op: 'size', id: number, size: number, mtime: number }
 *   | { op: 'time', id: number, mtime: number }
 *   | { op: 'sync', id: number, times: boolean }
 *   | { op: 'rot', id: number, offset: number, piece: number }
 *   | { op: 'known' }} Change
 * @typedef {Change & { at: number }} JournalEntry `at`: virtual milliseconds
 */

/** The folder everything stands in. */
export const ROOT_ID = 1;

export class ModelDisk {
  /** @type {Map<number, Inode>} */
  inodes = new Map();
  /** @type {JournalEntry[]} */
  journal = [];
  #nextId = ROOT_ID + 1;
  /** @type {() => number} */
  #now;

  /** @param {() => number} now wall-clock milliseconds */
  constructor(now) {
    this.#now = now;
    this.inodes.set(ROOT_ID, emptyInode(ROOT_ID, 'folder'));
  }

  /** @param {() => number} now */
  set clock(now) {
    this.#now = now;
  }

  /**
   * A disk as `inodes` say, all of it durable.
   *
   * @param {Map<number, Inode>} inodes
   * @param {() => number} now
   */
  static of(inodes, now) {
    const disk = new ModelDisk(now);
    disk.inodes = inodes;
    disk.#nextId = Math.max(...inodes.keys()) + 1;
    return disk;
  }

  /**
   * @param {number} id
   * @returns {Inode}
   */
  inode(id) {
    const found = this.inodes.get(id);
    if (found === undefined) throw new Error(`no inode ${id}`);
    return found;
  }

  /**
   * @param {number} folder
   * @param {string} name
   * @param {'file' | 'folder'} kind
   */
  create(folder, name, kind) {
    const id = this.#nextId++;
    this.#do({ op: 'entry', folder, name, id, kind });
    return id;
  }

  /**
   * @param {number} folder
   * @param {string} name
   * @param {number} id
   */
  link(folder, name, id) {
    this.#do({ op: 'entry', folder, name, id, kind: this.inode(id).kind });
  }

  /**
   * @param {number} folder
   * @param {string} name
   */
  remove(folder, name) {
    this.#do({ op: 'remove', folder, name });
  }

  /**
   * @param {number} folder
   * @param {string} name
   * @param {string} to
   */
  rename(folder, name, to) {
    this.#do({ op: 'rename', folder, name, to });
  }

  /**
   * @param {number} id
   * @param {number} offset
   * @param {Uint8Array} bytes
   */
  write(id, offset, bytes) {
    this.#do({ op: 'write', id, offset, bytes: bytes.slice(), mtime: this.#tick() });
  }

  /**
   * @param {number} id
   * @param {number} size
   */
  resize(id, size) {
    this.#do({ op: 'size', id, size, mtime: this.#tick() });
  }

  /**
   * @param {number} id
   * @param {number} mtime
   */
  touch(id, mtime) {
    this.#do({ op: 'time', id, mtime });
  }

  /**
   * @param {number} id of a file or folder
   * @param {boolean} times `fsync`, which keeps the times as well, rather than `fdatasync`
   */
  sync(id, times) {
    this.#do({ op: 'sync', id, times });
  }

  /**
   * A bit of a file turns on the disk itself: nobody is told.
   *
   * @param {number} id
   * @param {number} offset
   * @param {number} piece which that is
   */
  rot(id, offset, piece) {
    this.#do({ op: 'rot', id, offset, piece });
  }

  /** From here on the engine knows of all that has rotted. */
  known() {
    this.#do({ op: 'known' });
  }

  /** Times of files are as coarse as a kernel's clock tick: what is written within one cannot be told apart by it. */
  #tick() {
    const now = this.#now();
    return now - (now % 4);
  }

  /** @param {Change} change */
  #do(change) {
    this.journal.push({ ...change, at: this.#now() });
    applyChange(this.inodes, change);
  }
}

/**
 * @param {number} id
 * @param {'file' | 'folder'} kind
 * @returns {Inode}
 */
export function emptyInode(id, kind) {
  return { id, kind, data: new Uint8Array(0), size: 0, mtime: 0, entries: new Map() };
}

/**
 * Does to `inodes` what a change says, as the running system sees it.
 *
 * @param {Map<number, Inode>} inodes
 * @param {Change} change
 */
export function applyChange(inodes, change) {
  /** @param {number} id */
  const get = (id) => {
    const inode = inodes.get(id);
    if (inode === undefined) throw new Error(`no inode ${id}`);
    return inode;
  };
  switch (change.op) {
    case 'entry':
      if (!inodes.has(change.id)) inodes.set(change.id, emptyInode(change.id, change.kind));
      get(change.folder).entries.set(change.name, change.id);
      return;
    case 'remove':
      get(change.folder).entries.delete(change.name);
      return;
    case 'rename': {
      const { entries } = get(change.folder);
      const id = entries.get(change.name);
      if (id === undefined) return;
      entries.delete(change.name);
      entries.set(change.to, id);
      return;
    }
    case 'write': {
      const inode = get(change.id);
      putBytes(inode, change.offset, change.bytes);
      inode.mtime = change.mtime;
      return;
    }
    case 'size': {
      const inode = get(change.id);
      setSize(inode, change.size);
      inode.mtime = change.mtime;
      return;
    }
    case 'time':
      get(change.id).mtime = change.mtime;
      return;
    case 'rot': {
      const { data } = get(change.id);
      data[change.offset] = (data[change.offset] ?? 0) ^ 1;
      return;
    }
    case 'sync':
    case 'known':
      return;
  }
}

/**
 * @param {Inode} inode
 * @param {number} offset
 * @param {Uint8Array} bytes
 */
export function putBytes(inode, offset, bytes) {
  const end = offset + bytes.length;
  if (end > inode.size) setSize(inode, end);
  inode.data.set(bytes, offset);
}

/**
 * @param {Inode} inode
 * @param {number} size
 */
export function setSize(inode, size) {
  if (size > inode.data.length) {
    const data = new Uint8Array(Math.max(size, inode.data.length * 2));
    data.set(inode.data.subarray(0, inode.size));
    inode.data = data;
  }
  if (size < inode.size) inode.data.fill(0, size, inode.size);
  inode.size = size;
}
