// @ts-check
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { ModelFs } from './model-fs.mjs';

/**
 * Puts a model disk under this process: calls of `node:fs` for paths and descriptors of the model go to it, all others to the
 * system. To be called before the engine is loaded, once; the disk may be exchanged at any time.
 *
 * @param {{ fs: ModelFs, boot: number }} model `boot`: to be changed with each crash, so that this process counts as another
 */
export function installModel(model) {
  /** @typedef {(...given: any[]) => any} Call */
  /** @type {Record<string, Call>} */
  const real = /** @type {any} */ ({ ...fs });
  /** @type {Record<string, Call>} */
  const promises = /** @type {any} */ (fs.promises);
  /** @type {Record<string, Call>} */
  const target = /** @type {any} */ (fs);

  /** @type {Record<string, Call>} */
  const byPath = {
    openSync: (path, flags) => model.fs.open(path, flags),
    lstatSync: (path) => model.fs.stat(path),
    statSync: (path, options) => {
      if (options?.throwIfNoEntry === false && !model.fs.exists(path)) return undefined;
      return model.fs.stat(path, options?.bigint === true);
    },
    mkdirSync: (path, options) => model.fs.makeFolder(path, options?.recursive === true),
    realpathSync: (path) => path,
  };
  /** @type {Record<string, Call>} */
  const byDescriptor = {
    closeSync: (fd) => model.fs.close(fd),
    readSync: (fd, view, at, length, offset) =>
      model.fs.read(fd, view.subarray(at, at + length), offset),
    writeSync: (fd, view, at, length, offset) =>
      model.fs.write(fd, view.subarray(at, at + length), offset),
    fstatSync: (fd) => model.fs.statOf(fd),
    ftruncateSync: (fd, size) => model.fs.truncate(fd, size),
    fdatasyncSync: (fd) => model.fs.sync(fd, false),
    fsyncSync: (fd) => model.fs.sync(fd, true),
  };
  /** @type {Record<string, Call>} */
  const later = {
    open: (path, flags) => new ModelHandle(model.fs, path, flags ?? 'r'),
    mkdir: (path, options) => model.fs.makeFolder(path, options?.recursive === true),
    rename: (from, to) => model.fs.rename(from, to),
    rm: (path, options) => model.fs.remove(path, options?.force === true),
    stat: (path, options) => model.fs.stat(path, options?.bigint === true),
    link: (from, to) => model.fs.link(from, to),
    utimes: (path, _accessed, modified) => model.fs.touch(path, Number(modified)),
    readFile: (path, encoding) =>
      encoding === undefined ? model.fs.readFile(path) : model.fs.readFile(path).toString(),
    writeFile: (path, content, options) => {
      const fd = model.fs.open(path, options?.flag ?? 'w');
      model.fs.write(fd, Buffer.from(content), 0);
      model.fs.close(fd);
    },
  };

  for (const [name, call] of Object.entries(byPath)) {
    const system = real[name];
    target[name] = (...given) => (ModelFs.owns(given[0]) ? call(...given) : system?.(...given));
  }
  for (const [name, call] of Object.entries(byDescriptor)) {
    const system = real[name];
    target[name] = (...given) =>
      ModelFs.ownsDescriptor(given[0]) ? call(...given) : system?.(...given);
  }
  for (const [name, call] of Object.entries(later)) {
    const system = promises[name];
    promises[name] = (...given) =>
      ModelFs.owns(given[0]) ? turn(() => call(...given)) : system?.(...given);
  }
  /** @type {Record<string, Call>} */
  const withCallback = {
    open: (path, flags) => model.fs.open(path, flags),
    fstat: (fd) => model.fs.statOf(fd),
    close: (fd) => model.fs.close(fd),
    read: (fd, view, at, length, offset) =>
      model.fs.read(fd, view.subarray(at, at + length), offset),
    readv: (fd, views, offset) => readViews(model.fs, fd, views, offset),
  };
  for (const [name, call] of Object.entries(withCallback)) {
    const system = real[name];
    target[name] = (...given) => {
      const [first] = given;
      if (!ModelFs.owns(first) && !ModelFs.ownsDescriptor(first)) return system?.(...given);
      const done = given.pop();
      turn(() => call(...given)).then(
        (value) => done(null, value),
        (error) => done(error),
      );
    };
  }
  const { readFileSync } = fs;
  /** When this process was started: locks of before a crash are those of another one. */
  target['readFileSync'] = (...given) => {
    if (given[0] !== `/proc/${process.pid}/stat`) {
      return readFileSync(.../** @type {[string]} */ (given));
    }
    return `1 (model) ${Array.from({ length: 19 }, () => '0').join(' ')} ${model.boot}`;
  };
  syncBuiltinESMExports();
}

class ModelHandle {
  #fs;
  #fd;

  /**
   * @param {ModelFs} modelFs
   * @param {string} path
   * @param {string | number} flags
   */
  constructor(modelFs, path, flags) {
    this.#fs = modelFs;
    this.#fd = modelFs.open(path, flags);
  }

  stat() {
    return turn(() => this.#fs.statOf(this.#fd));
  }

  /** @param {Uint8Array} bytes */
  writeFile(bytes) {
    return turn(() => this.#fs.write(this.#fd, bytes, 0));
  }

  readFile() {
    return turn(() => {
      const bytes = Buffer.alloc(this.#fs.statOf(this.#fd).size);
      this.#fs.read(this.#fd, bytes, 0);
      return bytes;
    });
  }

  /**
   * @param {Uint8Array} view
   * @param {number} at
   * @param {number} length
   * @param {number} offset
   */
  read(view, at, length, offset) {
    return turn(() => ({
      bytesRead: this.#fs.read(this.#fd, view.subarray(at, at + length), offset),
    }));
  }

  /**
   * @param {Uint8Array} view
   * @param {number} at
   * @param {number | undefined} length
   * @param {number} offset
   */
  write(view, at, length, offset) {
    const end = length === undefined ? view.length : at + length;
    return turn(() => this.#fs.write(this.#fd, view.subarray(at, end), offset));
  }

  /** @param {number} size */
  truncate(size) {
    return turn(() => this.#fs.truncate(this.#fd, size));
  }

  sync() {
    return turn(() => this.#fs.sync(this.#fd, true));
  }

  datasync() {
    return turn(() => this.#fs.sync(this.#fd, false));
  }

  close() {
    return turn(() => this.#fs.close(this.#fd));
  }
}

/**
 * As a call that goes through Node's thread pool: it is done in a later turn of the event loop.
 *
 * @template T
 * @param {() => T} work
 * @returns {Promise<T>}
 */
function turn(work) {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(work());
      } catch (error) {
        reject(error);
      }
    });
  });
}

/**
 * @param {ModelFs} modelFs
 * @param {number} fd
 * @param {readonly Uint8Array[]} views
 * @param {number} offset
 */
function readViews(modelFs, fd, views, offset) {
  let count = 0;
  for (const view of views) {
    const read = modelFs.read(fd, view, offset + count);
    count += read;
    if (read < view.length) break;
  }
  return count;
}
