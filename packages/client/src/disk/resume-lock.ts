import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { DiskError } from '../errors.ts';
import { errnoOf, toDiskError } from './disk-error.ts';

/** Milliseconds between two signs of life of whoever holds a lock: for those on other hosts, who cannot look for the process. */
const HEARTBEAT_PERIOD = 20_000;
/** Milliseconds without one after which a lock of another host is taken over: several were missed, the clocks may differ. */
const HEARTBEAT_TIMEOUT = 120_000;
/** Milliseconds an unreadable lock is given, since it may be being written just now. */
const WRITE_TIME = 10_000;
/** Times to try when others take and leave the lock at the same moment. */
const MAX_ATTEMPTS = 8;

/** Who holds a lock. */
export interface LockOwner {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in whatever unit the system has; empty where unknown. Tells processes apart that had the same id. */
  readonly started: string;
}

/** A lock that is held until it is released, or until its process ends. */
export interface ResumeLock extends AsyncDisposable {
  readonly path: string;
  /** Idempotent. */
  release(): Promise<void>;
}

let temporaries = 0;

/**
 * Takes a lock file. Rejects with `ERR_DISK_LOCKED` while a process that is alive holds it, this one included; with another
 * {@link DiskError} where the file cannot be written. The lock of a process that has ended is taken over.
 */
export async function takeLock(
  path: string,
  owner: LockOwner = ownIdentity(),
): Promise<ResumeLock> {
  const content = JSON.stringify(owner);
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (await create(path, content)) return hold(path, content);
      const held = await read(path);
      if (held === undefined) continue;
      if (!isStale(held.content, held.age, owner)) throw locked(path, parseOwner(held.content));
      await removeStale(path, held.content);
    }
  } catch (error) {
    throw toDiskError(error, 'lock', path);
  }
  throw locked(path, undefined);
}

/** This process. */
export function ownIdentity(): LockOwner {
  return { pid: process.pid, host: hostname(), started: startOf(process.pid) };
}

function hold(path: string, content: string): ResumeLock {
  const heartbeat = setInterval(() => {
    const now = new Date();
    // Where this fails, the worst is that another host takes the lock over.
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_PERIOD).unref();
  let released: Promise<void> | undefined;
  const release = () => {
    clearInterval(heartbeat);
    released ??= removeOwn(path, content);
    return released;
  };
  return { path, release, [Symbol.asyncDispose]: release };
}

/** Creates the lock with its content in one step. False where there is one. */
async function create(path: string, content: string): Promise<boolean> {
  const temporary = temporaryOf(path);
  await writeFile(temporary, content);
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
  } finally {
    await rm(temporary, { force: true });
  }
  // A file system without hard links.
  try {
    await writeFile(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function read(path: string): Promise<{ content: string; age: number } | undefined> {
  try {
    const [content, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    return { content, age: Date.now() - mtimeMs };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isStale(content: string, age: number, self: LockOwner): boolean {
  const owner = parseOwner(content);
  // The clock may have been set back since.
  if (owner === undefined) return Math.abs(age) > WRITE_TIME;
  if (owner.host !== self.host) return age > HEARTBEAT_TIMEOUT;
  if (!isAlive(owner.pid)) return true;
  const started = startOf(owner.pid);
  return started !== '' && owner.started !== '' && started !== owner.started;
}

/**
 * Removes a lock that was found stale. Another process may have done so in the meantime and hold the lock by now: so it is
 * moved away first, looked at, and put back if it is not the stale one.
 */
async function removeStale(path: string, content: string): Promise<void> {
  const away = temporaryOf(path);
  try {
    await rename(path, away);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  try {
    if ((await readFile(away, 'utf8')) !== content) await link(away, path);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  } finally {
    await rm(away, { force: true });
  }
}

async function removeOwn(path: string, content: string): Promise<void> {
  try {
    if ((await readFile(path, 'utf8')) === content) await rm(path, { force: true });
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw toDiskError(error, 'unlock', path);
  }
}

function temporaryOf(path: string): string {
  return `${path}.${process.pid}.${++temporaries}`;
}

function parseOwner(content: string): LockOwner | undefined {
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, host, started } = value as Partial<Record<keyof LockOwner, unknown>>;
    if (!Number.isSafeInteger(pid) || typeof pid !== 'number' || pid <= 0) return undefined;
    if (typeof host !== 'string' || typeof started !== 'string') return undefined;
    return { pid, host, started };
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, but belongs to somebody else.
    return errnoOf(error) !== 'ESRCH';
  }
}

/** When a process started, in clock ticks since the system did (Linux); empty elsewhere. */
function startOf(pid: number): string {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses, which may hold anything; the start is field 22.
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function locked(path: string, owner: LockOwner | undefined): DiskError {
  const who =
    owner === undefined
      ? 'another process'
      : owner.pid === process.pid && owner.host === hostname()
        ? 'this process'
        : `process ${owner.pid} on ${owner.host}`;
  const message = `Cannot use the download: ${who} is working on it ("${path}")`;
  return new DiskError('ERR_DISK_LOCKED', message, { path });
}
