import { DiskPool } from '../../src/disk/disk-pool.ts';
import { FileCache } from '../../src/disk/file-cache.ts';
import { FileStorage } from '../../src/disk/file-storage.ts';
import { temporaryFolder } from './fixture.ts';
import { storageCompliance } from './storage-compliance.ts';

const pool = new DiskPool({ workers: 2, maxOpenFiles: 3 });
const files = new FileCache({ maxOpenFiles: 2 });
afterAll(async () => {
  await pool.close();
  await files.close();
});

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
storageCompliance('FileStorage', {
  create: async (info) => {
    folder = await temporaryFolder();
    return new FileStorage(info, folder.path, { pool, files });
  },
  cleanUp: () => folder.remove(),
});
