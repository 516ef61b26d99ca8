import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './disk-error.ts';

/** Of file systems that cannot sync a folder, or do not let us read one. Their names are as durable as they can be. */
const CANNOT = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EACCES', 'EPERM']);

/**
 * Makes the names in a folder durable: files made, renamed or deleted there. Windows has no such call and needs none. Rejects
 * with an error of `node:fs`.
 */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  try {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    if (!CANNOT.has(errnoOf(error) ?? '')) throw error;
  }
}

/**
 * The folders whose names have to be made durable after `mkdir` has made `path` and what it stands in.
 *
 * @param first the first folder that was made, as `mkdir` says; undefined: none was
 */
export function parentsOfNew(first: string | undefined, path: string): string[] {
  if (first === undefined) return [];
  const parents: string[] = [];
  const last = dirname(first);
  let parent = path;
  do {
    parent = dirname(parent);
    parents.push(parent);
  } while (parent !== last && parent !== dirname(parent));
  return parents;
}
