import * as fs from 'node:fs';
import { open } from 'node:fs/promises';
import { DiskError } from '../errors.ts';
import { toDiskError } from './disk-error.ts';
import type { ReadStep } from './read-plan.ts';

/** Makes what was written to a file durable. Rejects with an error of `node:fs`. */
export async function makeDurable(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** Fills all views of a step. Rejects with a {@link DiskError}, also where the file ends before. */
export async function readFully(fd: number, path: string, step: ReadStep): Promise<void> {
  let { views } = step;
  let offset = step.fileOffset;
  let left = step.length;
  for (;;) {
    const count = await readSome(fd, path, views, offset);
    left -= count;
    if (left === 0) return;
    if (count === 0) {
      const message = `Cannot read ${left} bytes at ${offset} of "${path}": the file is shorter than that`;
      throw new DiskError('ERR_DISK_MISSING', message, { path });
    }
    offset += count;
    views = without(views, count);
  }
}

function readSome(fd: number, path: string, views: Uint8Array[], offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const done = (error: NodeJS.ErrnoException | null, count: number) => {
      if (error === null) resolve(count);
      else reject(toDiskError(error, 'read', path));
    };
    const [only] = views;
    if (views.length === 1 && only !== undefined) fs.read(fd, only, 0, only.length, offset, done);
    else fs.readv(fd, views, offset, done);
  });
}

/** What is left of `views` after their first `count` bytes. */
function without(views: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = count;
  for (const view of views) {
    if (skip < view.length) rest.push(view.subarray(skip));
    skip = Math.max(0, skip - view.length);
  }
  return rest;
}

/** Waits for all, then throws what the first one that failed has thrown. */
export async function allDone(work: Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) {
    if (result.status === 'rejected') throw result.reason;
  }
}
