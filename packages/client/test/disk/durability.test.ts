import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { DiskPool } from '../../src/disk/disk-pool.ts';
import { FileCache } from '../../src/disk/file-cache.ts';
import { FileStorage } from '../../src/disk/file-storage.ts';
import { FileSyncer } from '../../src/disk/file-syncer.ts';
import { parentsOfNew } from '../../src/disk/sync-folder.ts';
import { makeTorrent, temporaryFolder } from './fixture.ts';

const K = 1024;
// Pieces of 32 KiB: a 0–1, b 1–2.
const torrent = makeTorrent(
  [
    { path: 't/a', length: 40 * K },
    { path: 't/in/b', length: 30 * K },
  ],
  32 * K,
);

/** What is made durable, and what else happens to the parts file, in order. */
const log: string[] = [];
let root = '';

class LoggingSyncer extends FileSyncer {
  /** Ends when the first file is to be made durable. */
  wait: Promise<void> | undefined;

  override async sync(paths: readonly string[], onDone: (count: number) => void): Promise<void> {
    await this.wait;
    await super.sync(paths, onDone);
    log.push(...paths.map((path) => `file ${nameOf(path)}`));
  }

  override async syncFolders(paths: Iterable<string>): Promise<void> {
    const all = [...paths];
    await super.syncFolders(all);
    log.push(...all.map((path) => `folder ${nameOf(path)}`).sort());
  }
}

class LoggingPool extends DiskPool {
  override run(...[task]: Parameters<DiskPool['run']>): ReturnType<DiskPool['run']> {
    if (task.kind === 'settle' || task.kind === 'clear-slots') log.push(task.kind);
    return super.run(task);
  }
}

function nameOf(path: string): string {
  const name = relative(root, path);
  return name.endsWith('.parts') ? 'parts' : name;
}

describe('what a storage makes durable', () => {
  let remove: () => Promise<void>;
  let pool: LoggingPool;
  const files = new FileCache();
  let syncer: LoggingSyncer;
  let storage: FileStorage;

  beforeEach(async () => {
    const folder = await temporaryFolder();
    root = folder.path;
    remove = folder.remove;
    pool = new LoggingPool({ workers: 1 });
    syncer = new LoggingSyncer();
    log.length = 0;
  });
  afterEach(async () => {
    await storage.close();
    await syncer.close();
    await pool.close();
    await remove();
  });

  const open = (directory = root): FileStorage =>
    (storage = new FileStorage(torrent.info, directory, { pool, files, syncer }));
  const write = (piece: number): Promise<unknown> =>
    storage.writePiece(piece, torrent.buffer(piece), torrent.lengthOf(piece), false);

  it('includes the names of files, once each, and of the folders they stand in', async () => {
    open(join(root, 'new', 'downloads'));
    await write(0);
    await storage.sync();
    // The folder that was there already holds the name of the first new one.
    expect(log).toEqual([
      'file new/downloads/t/a',
      'folder ',
      'folder new',
      'folder new/downloads',
      'folder new/downloads/t',
    ]);
    log.length = 0;
    await write(1);
    await storage.sync();
    expect(log).toEqual([
      'file new/downloads/t/a',
      'file new/downloads/t/in/b',
      'folder new/downloads',
      'folder new/downloads/t',
      'folder new/downloads/t/in',
    ]);
    log.length = 0;
    await write(2);
    await storage.sync();
    expect(log).toEqual(['file new/downloads/t/in/b']);
  });

  it('is complete for whoever asks while it is under way', async () => {
    open();
    await write(0);
    let go: () => void = () => undefined;
    syncer.wait = new Promise((resolve) => (go = resolve));
    const first = storage.sync();
    let isOver = false;
    const second = storage.sync().then(() => (isOver = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    go();
    await first;
    await second;
    expect(log[0]).toBe('file t/a');
  });

  it('includes what leaves the parts file, before it does', async () => {
    open();
    await storage.setWanted([true, false]);
    await write(1);
    await storage.sync();
    log.length = 0;
    await storage.setWanted([true, true]);
    expect(log.slice(0, 1)).toEqual(['settle']);
    expect(log.indexOf('file t/in/b')).toBeGreaterThan(0);
    expect(log.indexOf('folder t/in')).toBeGreaterThan(log.indexOf('file t/in/b'));
    expect(log.indexOf('clear-slots')).toBeGreaterThan(log.indexOf('folder t/in'));
  });

  it('does not ask for files that a torn parts file should have held', async () => {
    open();
    await storage.setWanted([false, true]);
    await write(2);
    await write(1);
    await storage.close();
    const [parts] = [join(root, `.${Buffer.from(torrent.info.infoHash!).toString('hex')}.parts`)];
    const bytes = await readFile(parts);
    bytes.fill(7, 4096);
    await writeFile(parts, bytes);
    open();
    // The first file was never written.
    await storage.prepare();
    await storage.sync();
    expect(log).not.toContain('file t/a');
  });
});

describe('parentsOfNew', () => {
  it('gives the folders in which something was made', async () => {
    const { path, remove } = await temporaryFolder();
    const deep = join(path, 'a', 'b', 'c');
    const first = await mkdir(deep, { recursive: true });
    expect(parentsOfNew(first, deep)).toEqual([join(path, 'a', 'b'), join(path, 'a'), path]);
    expect(parentsOfNew(await mkdir(deep, { recursive: true }), deep)).toEqual([]);
    await remove();
  });
});
