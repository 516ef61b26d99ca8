import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { FileCache } from '../../src/disk/file-cache.ts';
import { temporaryFolder } from './fixture.ts';

describe('FileCache', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  const path = (name: string) => join(folder.path, name);

  beforeEach(async () => {
    folder = await temporaryFolder();
    for (const name of ['a', 'b', 'c']) await fs.writeFile(path(name), name);
  });
  afterEach(() => folder.remove());

  it('opens a file once, also for those who ask at the same time', async () => {
    await using cache = new FileCache();
    const owner = {};
    const [first, second] = await Promise.all([
      cache.acquire(owner, 0, path('a')),
      cache.acquire(owner, 0, path('a')),
    ]);
    expect(first.fd).toBe(second.fd);
    expect(cache.size).toBe(1);
    cache.release(first);
    cache.release(second);
    expect((await cache.acquire(owner, 0, path('a'))).fd).toBe(first.fd);
    cache.release(first);
  });

  it('closes the one used longest ago, but none in use', async () => {
    await using cache = new FileCache({ maxOpenFiles: 2 });
    const owner = {};
    const a = await cache.acquire(owner, 0, path('a'));
    const b = await cache.acquire(owner, 1, path('b'));
    let opened = false;
    const waiting = cache.acquire(owner, 2, path('c'));
    void waiting.then(() => (opened = true));
    // Those that are open are still found at once.
    cache.release(await cache.acquire(owner, 0, path('a')));
    await fs.readFile(path('c'));
    expect(opened).toBe(false);
    cache.release(b);
    const c = await waiting;
    expect(a.fd).toBeGreaterThanOrEqual(0);
    expect(b.fd).toBe(-1);
    cache.release(a);
    cache.release(c);
    expect(cache.size).toBe(2);
  });

  it('lets thousands wait for each other, some of them for files there are not', async () => {
    await using cache = new FileCache({ maxOpenFiles: 2 });
    let most = 0;
    const read = async (file: number): Promise<void> => {
      const opened = await cache.acquire({}, file, path(file % 5 === 0 ? 'missing' : 'a'));
      const descriptors = await fs.readdir('/proc/self/fd').catch(() => []);
      most = Math.max(most, descriptors.length);
      cache.release(opened);
    };
    const before = (await fs.readdir('/proc/self/fd').catch(() => [])).length;
    const results = await Promise.allSettled(
      Array.from({ length: 2_000 }, (_, file) => read(file)),
    );
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(400);
    expect(most).toBeLessThan(before + 40);
  });

  it('closes a dropped file when its last user has released it', async () => {
    await using cache = new FileCache();
    const owner = {};
    const a = await cache.acquire(owner, 0, path('a'));
    await cache.drop(owner);
    expect(cache.size).toBe(0);
    expect(a.fd).toBeGreaterThanOrEqual(0);
    // A new one is opened meanwhile, which sees a file that was replaced.
    await fs.rm(path('a'));
    await fs.writeFile(path('a'), 'new');
    const again = await cache.acquire(owner, 0, path('a'));
    expect(again.fd).not.toBe(a.fd);
    cache.release(a);
    expect(a.fd).toBe(-1);
    cache.release(again);
  });

  it('remembers no failure', async () => {
    await using cache = new FileCache();
    const owner = {};
    const failed = await Promise.allSettled([
      cache.acquire(owner, 0, path('x')),
      cache.acquire(owner, 0, path('x')),
    ]);
    for (const result of failed) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_DISK_MISSING' } });
    }
    expect(cache.size).toBe(0);
    await fs.writeFile(path('x'), '');
    cache.release(await cache.acquire(owner, 0, path('x')));
    await expect(cache.acquire(owner, 1, folder.path)).rejects.toMatchObject({
      code: 'ERR_DISK_WRONG_TYPE',
    });
  });
});
