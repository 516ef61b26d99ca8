import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { FileStates } from '../../src/disk/file-states.ts';
import { ResumeStore } from '../../src/disk/resume.ts';
import { encodeResume, type ResumeData } from '../../src/disk/resume-format.ts';
import { ownIdentity, takeLock } from '../../src/disk/resume-lock.ts';
import { temporaryFolder } from './fixture.ts';

const infoHash = new Uint8Array(20).fill(0xab);
const hex = 'ab'.repeat(20);
const expected = { infoHash, pieceCount: 3, fileCount: 1 };
const data: ResumeData = {
  infoHash,
  directory: '/data',
  pieceCount: 3,
  pieces: Uint8Array.of(0xa0),
  files: FileStates.of([{ size: 3, mtime: 12.5 }]),
  priorities: Uint8Array.of(1),
  uploaded: 10,
  downloaded: 20,
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let store: ResumeStore;

beforeEach(async () => {
  folder = await temporaryFolder();
  store = new ResumeStore(join(folder.path, 'resume'));
});

afterEach(() => folder.remove());

describe('ResumeStore', () => {
  it('saves and loads, and leaves nothing else behind', async () => {
    expect(await store.load(expected)).toEqual({ ok: false, reason: 'absent' });
    await Promise.all([
      store.save({ ...data, uploaded: 1 }),
      store.save({ ...data, uploaded: 2 }),
      store.save(data),
    ]);
    expect(await fs.readdir(store.directory)).toEqual([`${hex}.resume`]);
    const result = await store.load(expected);
    expect(result).toMatchObject({
      ok: true,
      data: { directory: '/data', uploaded: 10, downloaded: 20 },
    });
    await store.remove(infoHash);
    await store.remove(infoHash);
    expect(await store.load(expected)).toEqual({ ok: false, reason: 'absent' });
  });

  it('says why data is of no use', async () => {
    await store.save(data);
    const path = join(store.directory, `${hex}.resume`);
    const bytes = await fs.readFile(path);
    await fs.writeFile(path, bytes.subarray(0, 50));
    expect(await store.load(expected)).toEqual({ ok: false, reason: 'torn' });
    await fs.writeFile(path, encodeResume({ ...data, infoHash: new Uint8Array(20) }));
    expect(await store.load(expected)).toEqual({ ok: false, reason: 'other-torrent' });
    await fs.truncate(path, 64 * 1024 * 1024 + 1);
    expect(await store.load(expected)).toEqual({ ok: false, reason: 'torn' });
    await fs.rm(path);
    await fs.mkdir(path);
    expect((await store.load(expected)).ok).toBe(false);
    await expect(store.save(data)).rejects.toMatchObject({ code: 'ERR_DISK_WRONG_TYPE', path });
    expect(await fs.readdir(store.directory)).toEqual([`${hex}.resume`]);
  });

  it('keeps the old data where saving fails', async () => {
    await store.save(data);
    // A folder in the way of the temporary file.
    await fs.mkdir(join(store.directory, `${hex}.resume.new`, 'x'), { recursive: true });
    await expect(store.save({ ...data, uploaded: 99 })).rejects.toMatchObject({
      code: 'ERR_DISK_WRONG_TYPE',
    });
    expect(await store.load(expected)).toMatchObject({ ok: true, data: { uploaded: 10 } });
  });

  it('fails with a typed error where its folder cannot be', async () => {
    await fs.writeFile(join(folder.path, 'resume'), '');
    await expect(store.save(data)).rejects.toMatchObject({ code: 'ERR_DISK_WRONG_TYPE' });
    await expect(store.lock(infoHash)).rejects.toMatchObject({ code: 'ERR_DISK_WRONG_TYPE' });
    expect(await store.load(expected)).toMatchObject({
      ok: false,
      reason: 'unreadable',
      error: { code: 'ERR_DISK_WRONG_TYPE' },
    });
  });
});

describe('the lock on a download', () => {
  const lockPath = () => join(store.directory, `${hex}.lock`);

  it('is held once, also within a process', async () => {
    const lock = await store.lock(infoHash);
    await expect(store.lock(infoHash)).rejects.toMatchObject({
      code: 'ERR_DISK_LOCKED',
      path: lock.path,
    });
    const other = await store.lock(new Uint8Array(20));
    await other.release();
    await lock.release();
    await lock.release();
    expect(await fs.readdir(store.directory)).toEqual([]);
    await using again = await store.lock(infoHash);
    expect(again.path).toBe(lockPath());
  });

  it('goes to one of many who ask at once', async () => {
    await fs.mkdir(store.directory);
    // A stale lock that all of them try to take over.
    await fs.writeFile(lockPath(), JSON.stringify({ ...ownIdentity(), started: '1' }));
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => store.lock(infoHash)));
    const held = results.filter((result) => result.status === 'fulfilled');
    expect(held).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected')
        expect(result.reason).toMatchObject({ code: 'ERR_DISK_LOCKED' });
    }
    await held[0]!.value.release();
    expect(await fs.readdir(store.directory)).toEqual([]);
  });

  it('is held while another process lives, and free when it has ended', async () => {
    await fs.mkdir(store.directory);
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const owner = { pid: child.pid!, host: ownIdentity().host, started: '' };
    await fs.writeFile(lockPath(), JSON.stringify(owner));
    await expect(store.lock(infoHash)).rejects.toThrow(`process ${child.pid}`);
    const ended = once(child, 'exit');
    child.stdin.end();
    await ended;
    await (await store.lock(infoHash)).release();
  });

  it('is not mistaken for that of a later process with the same id', async () => {
    const identity = ownIdentity();
    if (identity.started === '') return;
    await fs.mkdir(store.directory);
    await fs.writeFile(
      lockPath(),
      JSON.stringify({ ...identity, started: `${identity.started}1` }),
    );
    await (await store.lock(infoHash)).release();
  });

  it('of another host counts as long as it shows signs of life', async () => {
    await fs.mkdir(store.directory);
    await fs.writeFile(
      lockPath(),
      JSON.stringify({ pid: 1, host: 'elsewhere.invalid', started: '' }),
    );
    await expect(store.lock(infoHash)).rejects.toThrow('elsewhere.invalid');
    const before = new Date(Date.now() - 600_000);
    await fs.utimes(lockPath(), before, before);
    await (await store.lock(infoHash)).release();
  });

  it('that cannot be read is taken over when it is old', async () => {
    await fs.mkdir(store.directory);
    await fs.writeFile(lockPath(), '{"pid":');
    await expect(store.lock(infoHash)).rejects.toMatchObject({ code: 'ERR_DISK_LOCKED' });
    const before = new Date(Date.now() - 60_000);
    await fs.utimes(lockPath(), before, before);
    await (await store.lock(infoHash)).release();
  });

  it('that cannot be read is taken over, too, when the clock was set back since', async () => {
    await fs.mkdir(store.directory);
    await fs.writeFile(lockPath(), '');
    const later = new Date(Date.now() + 86_400_000);
    await fs.utimes(lockPath(), later, later);
    await (await store.lock(infoHash)).release();
  });

  it('is not removed by one who has lost it', async () => {
    const lock = await store.lock(infoHash);
    await fs.rm(lockPath());
    const later = await takeLock(lockPath(), { ...ownIdentity(), started: 'later' });
    await lock.release();
    expect(await fs.readdir(store.directory)).toEqual([`${hex}.lock`]);
    await later.release();
  });
});
