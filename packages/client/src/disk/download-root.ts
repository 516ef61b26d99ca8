import { mkdir, stat } from 'node:fs/promises';
import { toDiskError } from './disk-error.ts';
import type { LayoutData } from './disk-layout.ts';
import { isSameRoot } from './safe-open.ts';
import type { StorageWork } from './storage-work.ts';
import { parentsOfNew } from './sync-folder.ts';

/** Makes the folder where there is none, and notes it. Rejects with a `DiskError`. */
export async function makeRoot(work: StorageWork): Promise<void> {
  const { data } = work.layout;
  try {
    const first = await mkdir(data.root, { recursive: true });
    work.foldersMade(parentsOfNew(first, data.root));
    await noteRoot(data);
  } catch (error) {
    throw toDiskError(error, 'create', data.root);
  }
}

/** From now on, files are made only in the folder that stands at the root by now. Rejects with an error of `node:fs`. */
export async function noteRoot({ root, rootId }: LayoutData): Promise<void> {
  const { dev, ino } = await stat(root, { bigint: true });
  rootId[0] = BigInt.asUintN(64, dev);
  rootId[1] = BigInt.asUintN(64, ino);
}

/** Whether the folder that was noted still stands at the root. */
export async function isRoot({ root, rootId }: LayoutData): Promise<boolean> {
  try {
    return isSameRoot(await stat(root, { bigint: true }), rootId);
  } catch {
    return false;
  }
}
