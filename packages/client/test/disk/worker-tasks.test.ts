import { execFileSync } from 'node:child_process';
import * as nodeFs from 'node:fs';
import { join } from 'node:path';
import { DiskLayout } from '../../src/disk/disk-layout.ts';
import {
  OUTCOME_CORRUPT,
  OUTCOME_FAILED,
  OUTCOME_WRITTEN,
  type FromWorker,
  type WriteResults,
} from '../../src/disk/disk-protocol.ts';
import { noteRoot } from '../../src/disk/download-root.ts';
import { layoutOf } from '../../src/disk/layout-of.ts';
import type { DiskFs } from '../../src/disk/safe-open.ts';
import { WorkerFiles, createWorkerStorage } from '../../src/disk/worker-files.ts';
import { WorkerTasks } from '../../src/disk/worker-tasks.ts';
import { makeTorrent, temporaryFolder, type TestTorrent } from './fixture.ts';

const K = 1024;
const torrent = makeTorrent(
  [
    { path: 't/a', length: 40 * K },
    { path: 't/sub/b', length: 40 * K },
    { path: 't/sub/c', length: 48 * K },
  ],
  32 * K,
);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

function fault(code: string, message = code): () => never {
  return () => {
    throw Object.assign(new Error(message), { code });
  };
}

function setUp(overrides: Partial<DiskFs> = {}, of: TestTorrent = torrent, maxOpenFiles = 10) {
  const tasks = new WorkerTasks({ maxOpenFiles, fs: { ...nodeFs, ...overrides } });
  const layout = layoutOf(of.info, folder.path, undefined);
  tasks.handle([{ kind: 'register', storage: 1, layout }]);
  return {
    tasks,
    layout,
    write(...pieces: number[]): WriteResults {
      const numbers = pieces.flatMap((piece, at) => [at + 1, 1, piece, of.lengthOf(piece), 0, -1]);
      const buffers = pieces.map((piece) => of.buffer(piece));
      const [answer] = tasks.handle([
        { kind: 'write', numbers: Float64Array.from(numbers), buffers },
      ]);
      return answer as WriteResults;
    },
    check(...pieces: number[]): FromWorker[number] {
      const batch = Uint32Array.from(pieces);
      return tasks.handle([
        { kind: 'check', task: 9, storage: 1, pieces: batch, slots: undefined },
      ])[0]!;
    },
    close: () => tasks.handle([{ kind: 'unregister', task: 1, storage: 1 }]),
  };
}

const outcomesOf = ({ numbers }: WriteResults) =>
  Array.from({ length: numbers.length / 2 }, (_, index) => numbers[index * 2 + 1]);

describe('a worker that writes', () => {
  it('answers a batch in one message, each piece for itself', () => {
    const { tasks, write, close } = setUp();
    const good = write(0, 3);
    expect([...good.numbers]).toEqual([1, OUTCOME_WRITTEN, 2, OUTCOME_WRITTEN]);
    expect(good.details).toEqual([]);
    const buffers = [torrent.buffer(2), torrent.buffer(1)];
    const numbers = Float64Array.of(5, 1, 1, 32 * K, 0, -1, 6, 1, 1, 32 * K, 1, -1);
    const [mixed] = tasks.handle([{ kind: 'write', numbers, buffers }]);
    expect(outcomesOf(mixed as WriteResults)).toEqual([OUTCOME_CORRUPT, OUTCOME_WRITTEN]);
    expect((mixed as WriteResults).details.map(({ index }) => index)).toEqual([0, 1]);
    expect((mixed as WriteResults).buffers).toEqual(buffers);
    close();
  });

  it.each([
    ['ENOSPC', 'ERR_DISK_FULL'],
    ['EDQUOT', 'ERR_DISK_FULL'],
    ['EIO', 'ERR_DISK_IO'],
    ['EROFS', 'ERR_DISK_PERMISSION'],
    ['ESTALE', 'ERR_DISK_MISSING'],
    ['EWHATEVER', 'ERR_DISK_IO'],
  ])('says what %s while writing means: %s', (errno, code) => {
    const { write, close } = setUp({ writeSync: fault(errno) });
    const result = write(1, 3);
    expect(outcomesOf(result)).toEqual([OUTCOME_FAILED, OUTCOME_FAILED]);
    expect(result.buffers).toHaveLength(2);
    expect(result.details[0]!.error).toMatchObject({ code, errno, path: join(folder.path, 't/a') });
    expect(result.details[0]!.error!.message).toContain('t/a');
    close();
  });

  it.each([
    ['openSync', 'EACCES', 'ERR_DISK_PERMISSION'],
    ['openSync', 'EMFILE', 'ERR_DISK_TOO_MANY_FILES'],
    ['openSync', 'EISDIR', 'ERR_DISK_WRONG_TYPE'],
    ['mkdirSync', 'EACCES', 'ERR_DISK_PERMISSION'],
    ['mkdirSync', 'ENOSPC', 'ERR_DISK_FULL'],
    ['fstatSync', 'EIO', 'ERR_DISK_IO'],
  ] as const)('says what a failing %s (%s) means: %s', (call, errno, code) => {
    const { write } = setUp({ [call]: fault(errno) });
    expect(write(0).details[0]!.error).toMatchObject({ code, errno });
  });

  it('says that the disk is full as it goes on, and goes on when there is room', () => {
    let room = 40 * K;
    const { write, check, close } = setUp({
      writeSync: ((
        fd: number,
        bytes: Uint8Array,
        offset: number,
        length: number,
        position: number,
      ) => {
        if (room === 0) fault('ENOSPC')();
        // The system takes what fits.
        const count = nodeFs.writeSync(fd, bytes, offset, Math.min(length, room), position);
        room -= count;
        return count;
      }) as DiskFs['writeSync'],
    });
    expect(outcomesOf(write(0, 1, 2))).toEqual([OUTCOME_WRITTEN, OUTCOME_FAILED, OUTCOME_FAILED]);
    room = 1024 * K;
    expect(outcomesOf(write(1, 2, 3))).toEqual([OUTCOME_WRITTEN, OUTCOME_WRITTEN, OUTCOME_WRITTEN]);
    expect(check(0, 1, 2, 3)).toMatchObject({ kind: 'done', value: Uint8Array.of(1, 1, 1, 1) });
    close();
  });

  it('closes files it does not need when the system allows no more', () => {
    let open = 0;
    const overrides: Partial<DiskFs> = {
      openSync: (...args) => {
        if (open >= 2) fault('EMFILE')();
        const fd = nodeFs.openSync(...args);
        open++;
        return fd;
      },
      closeSync: (fd) => {
        open--;
        nodeFs.closeSync(fd);
      },
    };
    const { write, close } = setUp(overrides);
    expect(outcomesOf(write(0, 1, 2, 3))).toEqual([0, 0, 0, 0]);
    expect(open).toBe(2);
    close();
    expect(open).toBe(0);
  });

  it('keeps no more files open than it may, and closes all in the end', () => {
    let open = 0;
    let most = 0;
    const { write, check, close } = setUp(
      {
        openSync: (...args) => {
          const fd = nodeFs.openSync(...args);
          most = Math.max(most, ++open);
          return fd;
        },
        closeSync: (fd) => {
          open--;
          nodeFs.closeSync(fd);
        },
      },
      torrent,
      2,
    );
    write(0, 1, 2, 3);
    check(0, 1, 2, 3);
    expect(most).toBe(2);
    close();
    expect(open).toBe(0);
  });

  it('makes nothing in a folder that has taken the place of the download folder', async () => {
    const { write, layout, close } = setUp();
    await noteRoot(layout);
    expect(outcomesOf(write(0))).toEqual([OUTCOME_WRITTEN]);
    nodeFs.renameSync(folder.path, `${folder.path}-away`);
    nodeFs.mkdirSync(folder.path);
    // A piece of a file that is open goes where the file is; another file would be made.
    const away = write(3);
    expect(outcomesOf(away)).toEqual([OUTCOME_FAILED]);
    expect(away.details[0]!.error).toMatchObject({ code: 'ERR_DISK_MISSING', path: folder.path });
    expect(nodeFs.readdirSync(folder.path)).toEqual([]);
    nodeFs.rmdirSync(folder.path);
    nodeFs.renameSync(`${folder.path}-away`, folder.path);
    expect(outcomesOf(write(3))).toEqual([OUTCOME_WRITTEN]);
    close();
  });

  it('knows nothing of a storage that was unregistered', () => {
    const { write, check, close } = setUp();
    close();
    expect(write(0).details[0]!.error).toMatchObject({ code: 'ERR_DISK_CLOSED' });
    expect(check(0)).toMatchObject({ kind: 'failed', task: 9, error: { code: 'ERR_DISK_CLOSED' } });
  });

  it('makes folders again that were removed, but not the download folder', () => {
    const { write, tasks } = setUp();
    write(0, 1, 2, 3);
    tasks.handle([{ kind: 'close-files', task: 1, storage: 1 }]);
    nodeFs.rmSync(join(folder.path, 't'), { recursive: true });
    expect(outcomesOf(write(3))).toEqual([OUTCOME_WRITTEN]);
    tasks.handle([{ kind: 'close-files', task: 1, storage: 1 }]);
    nodeFs.rmSync(folder.path, { recursive: true });
    expect(write(3, 0).details.map(({ error }) => error!.code)).toEqual([
      'ERR_DISK_MISSING',
      'ERR_DISK_MISSING',
    ]);
    expect(nodeFs.existsSync(folder.path)).toBe(false);
  });

  it('never writes through a link that leads outside', async () => {
    const outside = await temporaryFolder();
    const { write, close } = setUp();
    nodeFs.mkdirSync(join(folder.path, 't'));
    nodeFs.symlinkSync(outside.path, join(folder.path, 't/sub'));
    nodeFs.writeFileSync(join(outside.path, 'victim'), 'unharmed');
    nodeFs.symlinkSync(join(outside.path, 'victim'), join(folder.path, 't/a'));
    expect(write(0, 3).details.map(({ error }) => error!.code)).toEqual([
      'ERR_DISK_UNSAFE_PATH',
      'ERR_DISK_UNSAFE_PATH',
    ]);
    nodeFs.rmSync(join(folder.path, 't/a'));
    nodeFs.symlinkSync(join(outside.path, 'created'), join(folder.path, 't/a'));
    expect(write(0).details[0]!.error!.code).toBe('ERR_DISK_UNSAFE_PATH');
    expect(nodeFs.readdirSync(outside.path)).toEqual(['victim']);
    expect(nodeFs.readFileSync(join(outside.path, 'victim'), 'utf8')).toBe('unharmed');
    close();
    await outside.remove();
  });

  it('looks at the folders again for each file: one may be replaced by a link meanwhile', async () => {
    const outside = await temporaryFolder();
    const { write, tasks, close } = setUp();
    expect(outcomesOf(write(0, 1, 2, 3))).toEqual([0, 0, 0, 0]);
    tasks.handle([{ kind: 'close-files', task: 1, storage: 1 }]);
    nodeFs.renameSync(join(folder.path, 't/sub'), join(folder.path, 'aside'));
    nodeFs.symlinkSync(outside.path, join(folder.path, 't/sub'));
    expect(write(3).details[0]!.error!.code).toBe('ERR_DISK_UNSAFE_PATH');
    expect(nodeFs.readdirSync(outside.path)).toEqual([]);
    close();
    await outside.remove();
  });

  it('follows links that stay inside, and a download folder that is one', async () => {
    const real = await temporaryFolder();
    nodeFs.rmdirSync(folder.path);
    nodeFs.symlinkSync(real.path, folder.path);
    nodeFs.mkdirSync(join(real.path, 'elsewhere'));
    nodeFs.mkdirSync(join(real.path, 't'));
    nodeFs.symlinkSync('../elsewhere', join(real.path, 't/sub'));
    nodeFs.writeFileSync(join(real.path, 'elsewhere/a'), '');
    nodeFs.symlinkSync('../elsewhere/a', join(real.path, 't/a'));
    const { write, check, close } = setUp();
    expect(outcomesOf(write(0, 1, 2, 3))).toEqual([0, 0, 0, 0]);
    expect(check(0, 1, 2, 3)).toMatchObject({ value: Uint8Array.of(1, 1, 1, 1) });
    expect(nodeFs.readdirSync(join(real.path, 'elsewhere')).sort()).toEqual(['a', 'b', 'c']);
    close();
    nodeFs.unlinkSync(folder.path);
    await real.remove();
  });

  it('fails where a pipe stands in the place of a file, and does not wait for it', () => {
    const { write } = setUp();
    nodeFs.mkdirSync(join(folder.path, 't'), { recursive: true });
    execFileSync('mkfifo', [join(folder.path, 't/a')]);
    expect(write(0).details[0]!.error!.code).toBe('ERR_DISK_WRONG_TYPE');
  });

  it('fails where something else stands in the place of a file or folder', () => {
    const { write } = setUp();
    nodeFs.mkdirSync(join(folder.path, 't/a'), { recursive: true });
    nodeFs.writeFileSync(join(folder.path, 't/sub'), '');
    expect(write(0, 3).details.map(({ error }) => error!.code)).toEqual([
      'ERR_DISK_WRONG_TYPE',
      'ERR_DISK_WRONG_TYPE',
    ]);
  });
});

describe('a worker that checks', () => {
  it('reads nothing of files that are missing or too short', () => {
    let reads = 0;
    const { write, check, close } = setUp({
      readSync: ((...args: Parameters<typeof nodeFs.readSync>) => {
        reads++;
        return nodeFs.readSync(...args);
      }) as DiskFs['readSync'],
    });
    expect(check(0, 1, 2, 3)).toMatchObject({ value: new Uint8Array(4) });
    expect(reads).toBe(0);
    write(0);
    // Piece 1 needs 40 KiB of the first file, which has 32.
    expect(check(1)).toMatchObject({ value: Uint8Array.of(0) });
    expect(reads).toBe(0);
    expect(check(0, 1, 2, 3)).toMatchObject({ value: Uint8Array.of(1, 0, 0, 0) });
    close();
  });

  it('treats a file that is longer than it should be by its content, and leaves it so', () => {
    const { write, check, close } = setUp();
    write(0, 1, 2, 3);
    nodeFs.appendFileSync(join(folder.path, 't/a'), 'more');
    expect(check(0, 1, 2, 3)).toMatchObject({ value: Uint8Array.of(1, 1, 1, 1) });
    write(0, 1);
    expect(nodeFs.statSync(join(folder.path, 't/a')).size).toBe(40 * K + 4);
    close();
  });

  it('sees content that changed', () => {
    const { write, check, close } = setUp();
    write(0, 1, 2, 3);
    const fd = nodeFs.openSync(join(folder.path, 't/sub/b'), 'r+');
    nodeFs.writeSync(fd, Buffer.of(0xaa, 0xbb), 0, 2, 30 * K);
    nodeFs.closeSync(fd);
    expect(check(3, 2, 1, 0)).toMatchObject({ value: Uint8Array.of(1, 0, 1, 1) });
    close();
  });

  it('knows zeros from holes by the hash alone', () => {
    const length = 1000 * K;
    const zeros = makeTorrent([{ path: 'z', length, padding: true }], 300 * K);
    const info = {
      ...zeros.info,
      files: [
        {
          ...zeros.info.files[0]!,
          attributes: { ...zeros.info.files[0]!.attributes, padding: false },
        },
      ],
    };
    const holes = setUp({}, { ...zeros, info });
    nodeFs.writeFileSync(join(folder.path, 'z'), '');
    nodeFs.truncateSync(join(folder.path, 'z'), length);
    expect(holes.check(0, 1, 2, 3)).toMatchObject({ value: Uint8Array.of(1, 1, 1, 1) });
    const noisy = setUp({}, makeTorrent([{ path: 'z', length }], 300 * K));
    expect(noisy.check(0, 1, 2, 3)).toMatchObject({ value: new Uint8Array(4) });
    holes.close();
    noisy.close();
  });

  it('hashes pieces that begin with zeros, and small pieces in runs', () => {
    for (const pieceLength of [16 * K, 600 * K]) {
      const mixed = makeTorrent(
        [
          { path: `m${pieceLength}/pad`, length: 300 * K, padding: true },
          { path: `m${pieceLength}/a`, length: 1000 * K },
        ],
        pieceLength,
      );
      const { write, check, close } = setUp({}, mixed);
      const all = Array.from({ length: mixed.info.pieceCount }, (_, piece) => piece);
      write(...all);
      expect(check(...all)).toMatchObject({ value: new Uint8Array(all.length).fill(1) });
      nodeFs.truncateSync(join(folder.path, `m${pieceLength}/a`), 999 * K);
      expect(check(...all)).toMatchObject({
        value: Uint8Array.from(all, (piece) => (piece === all.length - 1 ? 0 : 1)),
      });
      close();
    }
  });

  it('fails with a typed error where reading fails', () => {
    const { write, check, close } = setUp({ readSync: fault('EIO') });
    write(0);
    expect(check(0)).toMatchObject({
      kind: 'failed',
      error: { code: 'ERR_DISK_IO', errno: 'EIO' },
    });
    close();
    const denied = setUp({ openSync: fault('EACCES') });
    expect(denied.check(0)).toMatchObject({
      kind: 'failed',
      error: { code: 'ERR_DISK_PERMISSION' },
    });
  });
});

describe('the open files of a worker', () => {
  it('gives up the one used longest ago', () => {
    const closed: number[] = [];
    const files = new WorkerFiles(
      {
        ...nodeFs,
        closeSync: (fd) => {
          closed.push(fd);
          nodeFs.closeSync(fd);
        },
      },
      2,
    );
    const storage = createWorkerStorage(
      1,
      new DiskLayout(layoutOf(torrent.info, folder.path, undefined)),
    );
    const a = files.forWriting(storage, 0);
    const b = files.forWriting(storage, 1);
    expect(files.forWriting(storage, 0)).toBe(a);
    files.forWriting(storage, 2);
    expect(closed).toEqual([b]);
    files.closeStorage(2);
    expect(files.size).toBe(2);
    files.closeStorage(1);
    expect(files.size).toBe(0);
  });
});
