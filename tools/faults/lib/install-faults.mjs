// @ts-check
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { systemError } from './model-fs.mjs';

/** @import { FaultPlan } from './fault-plan.mjs' */

/**
 * Makes calls of `node:fs` on this thread fail as a plan says. Handles of `node:fs/promises`, callbacks and synchronous calls alike.
 *
 * @param {FaultPlan} plan
 */
export function installFaults(plan) {
  /** @typedef {(...given: any[]) => any} Call */
  /** @type {Record<string, Call>} */
  const target = /** @type {any} */ (fs);
  /** @type {Record<string, Call>} */
  const promises = /** @type {any} */ (fs.promises);
  /** Paths of open files. @type {Map<number, string>} */
  const paths = new Map();
  const pathOf = (/** @type {unknown} */ file) =>
    typeof file === 'number' ? (paths.get(file) ?? '') : String(file);

  /** @param {string} call @param {string} path */
  const failing = (call, path) => {
    const fault = plan.meets(call, path);
    if (fault?.code !== undefined) throw systemError(fault.code, call, path);
    return fault;
  };

  /** @type {Record<string, string>} */
  const synchronous = { openSync: 'open', mkdirSync: 'mkdir', ftruncateSync: 'write' };
  for (const [name, call] of Object.entries(synchronous)) {
    const real = target[name];
    target[name] = (file, ...rest) => {
      failing(call, pathOf(file));
      const result = real?.(file, ...rest);
      if (call === 'open') paths.set(result, String(file));
      return result;
    };
  }
  for (const [name, call] of /** @type {const} */ ([
    ['readSync', 'read'],
    ['writeSync', 'write'],
  ])) {
    const real = target[name];
    target[name] = (fd, view, at, length, offset) => {
      const most = failing(call, pathOf(fd))?.most ?? Infinity;
      return real?.(fd, view, at, Math.min(length, most), offset);
    };
  }
  const { fdatasyncSync, closeSync } = target;
  target['fdatasyncSync'] = (fd) => {
    const delay = failing('sync', pathOf(fd))?.delay ?? 0;
    if (delay > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delay);
    return fdatasyncSync?.(fd);
  };
  target['closeSync'] = (fd) => {
    paths.delete(fd);
    return closeSync?.(fd);
  };

  const { open, read, readv, close } = target;
  target['open'] = (path, ...rest) => {
    const done = rest.pop();
    const fault = plan.meets('open', String(path));
    if (fault?.code !== undefined) {
      setImmediate(() => done(systemError(fault.code ?? '', 'open', String(path))));
      return;
    }
    open?.(path, ...rest, (/** @type {unknown} */ error, /** @type {number} */ fd) => {
      if (error === null) paths.set(fd, String(path));
      done(error, fd);
    });
  };
  target['close'] = (fd, ...rest) => {
    paths.delete(fd);
    close?.(fd, ...rest);
  };
  target['read'] = (fd, view, at, length, offset, done) => {
    const fault = plan.meets('read', pathOf(fd));
    if (fault?.code !== undefined) {
      setImmediate(() => done(systemError(fault.code ?? '', 'read', pathOf(fd))));
      return;
    }
    read?.(fd, view, at, Math.min(length, fault?.most ?? Infinity), offset, done);
  };
  target['readv'] = (fd, views, offset, done) => {
    const fault = plan.meets('read', pathOf(fd));
    if (fault?.code !== undefined) {
      setImmediate(() => done(systemError(fault.code ?? '', 'read', pathOf(fd))));
      return;
    }
    const given = fault?.most === undefined ? views : [views[0].subarray(0, fault.most)];
    readv?.(fd, given, offset, done);
  };

  for (const [name, call] of /** @type {const} */ ([
    ['mkdir', 'mkdir'],
    ['rename', 'rename'],
    ['writeFile', 'write'],
  ])) {
    const real = promises[name];
    promises[name] = async (path, ...rest) => {
      failing(call, String(path));
      return real?.(path, ...rest);
    };
  }
  const openHandle = promises['open'];
  promises['open'] = async (path, ...rest) => {
    failing('open', String(path));
    const handle = await openHandle?.(path, ...rest);
    for (const [name, call] of /** @type {const} */ ([
      ['sync', 'sync'],
      ['datasync', 'sync'],
      ['writeFile', 'write'],
      ['write', 'write'],
    ])) {
      const real = handle[name].bind(handle);
      handle[name] = async (/** @type {unknown[]} */ ...given) => {
        const delay = failing(call, String(path))?.delay ?? 0;
        if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
        return real(...given);
      };
    }
    return handle;
  };
  syncBuiltinESMExports();
}
