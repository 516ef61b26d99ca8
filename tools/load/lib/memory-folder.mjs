// @ts-check
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Where files are kept in memory, as a disk is not what is measured; without it, the folder for temporary files. */
export function memoryFolder() {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize > 2 ** 31 ? '/dev/shm' : tmpdir();
  } catch {
    return tmpdir();
  }
}
