import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toDiskError } from './disk-error.ts';
import { parentsOfNew, syncFolder } from './sync-folder.ts';

/**
 * Replaces a file in one step, and makes that durable: after a crash or a power failure either the old or the new content is there.
 * Two writings of one path must not overlap. Rejects with a `DiskError`.
 */
export async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.new`;
  await makeFolder(dirname(path));
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw toDiskError(error, 'save', path);
  }
}

/** Makes a folder and those it stands in, and makes their names durable. Rejects with a `DiskError`. */
export async function makeFolder(path: string): Promise<void> {
  try {
    const first = await mkdir(path, { recursive: true });
    for (const parent of parentsOfNew(first, path)) await syncFolder(parent);
  } catch (error) {
    throw toDiskError(error, 'create', path);
  }
}
