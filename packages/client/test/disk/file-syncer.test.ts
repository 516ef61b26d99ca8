import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SYNC_TASK_FILES } from '../../src/disk/disk-limits.ts';
import { FileSyncer } from '../../src/disk/file-syncer.ts';
import { temporaryFolder } from './fixture.ts';

describe('FileSyncer', () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ path: folder, remove } = await temporaryFolder());
  });
  afterEach(() => remove());

  async function makeFiles(count: number): Promise<string[]> {
    const paths = Array.from({ length: count }, (_, index) => join(folder, String(index)));
    for (const path of paths) await writeFile(path, path);
    return paths;
  }

  it.each([0, 3, SYNC_TASK_FILES + 7])('makes %i files durable, in order', async (count) => {
    await using syncer = new FileSyncer();
    const done: number[] = [];
    await syncer.sync(await makeFiles(count), (files) => done.push(files));
    expect(done.at(-1) ?? 0).toBe(count);
    expect(done).toEqual([...done].sort((a, b) => a - b));
  });

  it.each([3, 2 * SYNC_TASK_FILES])('names the one of %i files that cannot be', async (count) => {
    await using syncer = new FileSyncer();
    const paths = await makeFiles(count);
    const last = paths.at(-1) ?? '';
    await rm(last);
    let done = 0;
    await expect(syncer.sync(paths, (files) => (done = files))).rejects.toMatchObject({
      code: 'ERR_DISK_MISSING',
      message: expect.stringContaining(last) as unknown,
    });
    expect(done).toBe(count > SYNC_TASK_FILES ? SYNC_TASK_FILES : count - 1);
  });

  it('works without a thread after it was closed', async () => {
    const syncer = new FileSyncer({ workerUrl: new URL('file:///nowhere.js') });
    await syncer.close();
    let done = 0;
    await syncer.sync(await makeFiles(SYNC_TASK_FILES + 1), (files) => (done = files));
    expect(done).toBe(SYNC_TASK_FILES + 1);
  });
});
