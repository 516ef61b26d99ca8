import { DiskPool } from '../../src/disk/disk-pool.ts';
import { DiskThreads } from '../../src/disk/disk-threads.ts';
import { layoutOf } from '../../src/disk/layout-of.ts';
import { makeTorrent, temporaryFolder } from './fixture.ts';

const script = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`);

/** A worker that ends on the first message of every thread. */
const mortal = script(`
  import { parentPort } from 'node:worker_threads';
  parentPort.on('message', () => { throw new Error('mortal'); });
`);

/** A worker that ends when it is handed piece 13 and reports success of all others. */
const superstitious = script(`
  import { parentPort } from 'node:worker_threads';
  parentPort.on('message', (message) => {
    const answers = [];
    for (const item of message) {
      if (item.kind !== 'write') continue;
      const numbers = new Float64Array(item.buffers.length * 2);
      for (let index = 0; index < item.buffers.length; index++) {
        if (item.numbers[index * 6 + 2] === 13) process.exit(1);
        numbers[index * 2] = item.numbers[index * 6];
      }
      answers.push({ kind: 'written', numbers, buffers: item.buffers, details: [] });
    }
    parentPort.postMessage(answers, answers.flatMap(({ buffers }) => buffers));
  });
`);

/** A worker that answers with how many pieces each message had, in place of the outcome's detail. */
const counting = script(`
  import { parentPort } from 'node:worker_threads';
  parentPort.on('message', (message) => {
    const answers = [];
    for (const item of message) {
      if (item.kind !== 'write') continue;
      const numbers = new Float64Array(item.buffers.length * 2);
      const details = [];
      for (let index = 0; index < item.buffers.length; index++) {
        numbers[index * 2] = item.numbers[index * 6];
        details.push({ index, blockHashes: Uint8Array.of(item.buffers.length), error: undefined });
      }
      answers.push({ kind: 'written', numbers, buffers: item.buffers, details });
    }
    parentPort.postMessage(answers, answers.flatMap(({ buffers }) => buffers));
  });
`);

/** A worker that answers with its thread's number in place of the outcome's detail. */
const naming = script(`
  import { parentPort, threadId } from 'node:worker_threads';
  parentPort.on('message', (message) => {
    const answers = [];
    for (const item of message) {
      if (item.kind !== 'write') continue;
      const numbers = new Float64Array(item.buffers.length * 2);
      const details = [];
      for (let index = 0; index < item.buffers.length; index++) {
        numbers[index * 2] = item.numbers[index * 6];
        details.push({ index, blockHashes: Uint8Array.of(threadId), error: undefined });
      }
      answers.push({ kind: 'written', numbers, buffers: item.buffers, details });
    }
    parentPort.postMessage(answers, answers.flatMap(({ buffers }) => buffers));
  });
`);

const torrent = makeTorrent([{ path: 'a', length: 16_384 * 100 }], 16_384);
const layout = layoutOf(torrent.info, '/nowhere', undefined);

function pieceTask(storage: number, piece: number, length = 16_384) {
  return {
    storage,
    piece,
    buffer: new ArrayBuffer(length),
    length,
    wantBlockHashes: false,
    slot: -1,
  };
}

describe('DiskPool', () => {
  it('fails what a crashing worker was doing, and starts another one', async () => {
    await using pool = new DiskPool({ workers: 1, workerUrl: superstitious });
    const storage = pool.register(layout);
    expect(await pool.write(pieceTask(storage, 1))).toMatchObject({ outcome: 'written' });
    const failed = await pool.write(pieceTask(storage, 13));
    expect(failed).toMatchObject({ outcome: 'failed', error: { code: 'ERR_DISK_WORKER' } });
    // The buffer went down with the worker; the caller gets one of the same size.
    expect(failed.buffer.byteLength).toBe(16_384);
    expect(await pool.write(pieceTask(storage, 2))).toMatchObject({ outcome: 'written' });
    expect(pool.queuedBytes).toBe(0);
  });

  it('gives up on what waits after some crashes in a row', async () => {
    await using pool = new DiskPool({ workers: 1, workerUrl: mortal });
    const storage = pool.register(layout);
    const tasks = Array.from({ length: 20 }, (_, piece) =>
      pool.write(pieceTask(storage, piece, 1_048_576)),
    );
    const results = await Promise.all(tasks);
    expect(results.every(({ outcome }) => outcome === 'failed')).toBe(true);
    expect(results.every(({ buffer }) => buffer.byteLength === 1_048_576)).toBe(true);
    await expect(pool.run({ kind: 'stat', storage })).rejects.toMatchObject({
      code: 'ERR_DISK_WORKER',
      cause: { message: 'mortal' },
    });
    expect(pool.queuedBytes).toBe(0);
  });

  it('fails what waits, and nothing else, when no thread can be started', async () => {
    // A scheme Node refuses at once, as it does where the system gives no further thread.
    await using pool = new DiskPool({ workers: 2, workerUrl: new URL('ftp://nowhere/worker.js') });
    const storage = pool.register(layout);
    pool.warmUp();
    const results = await Promise.all([
      pool.write(pieceTask(storage, 0)),
      pool.write(pieceTask(storage, 1)),
    ]);
    for (const { outcome, error, buffer } of results) {
      expect(outcome).toBe('failed');
      expect(error).toMatchObject({ code: 'ERR_DISK_WORKER' });
      expect(buffer.byteLength).toBe(16_384);
    }
    await expect(pool.run({ kind: 'stat', storage })).rejects.toMatchObject({
      code: 'ERR_DISK_WORKER',
    });
    expect(pool.queuedBytes).toBe(0);
  });

  it('sends the pieces of one turn in few messages', async () => {
    await using pool = new DiskPool({ workers: 1, workerUrl: counting });
    const storage = pool.register(layout);
    const small = Array.from({ length: 100 }, (_, piece) => pool.write(pieceTask(storage, piece)));
    expect(pool.queuedBytes).toBe(100 * 16_384);
    const sizes = (await Promise.all(small)).map(({ blockHashes }) => blockHashes![0]!);
    expect(sizes).toEqual(new Array<number>(100).fill(100));
    const large = Array.from({ length: 6 }, () => pool.write(pieceTask(storage, 0, 1_048_576)));
    const batches = (await Promise.all(large)).map(({ blockHashes }) => blockHashes![0]);
    expect(batches).toEqual([4, 4, 4, 4, 2, 2]);
  });

  it('gives pieces to no more workers than shall write', async () => {
    await using pool = new DiskPool({ workers: 3, writers: 1, workerUrl: naming });
    const storage = pool.register(layout);
    const pieces = Array.from({ length: 40 }, (_, piece) =>
      pool.write(pieceTask(storage, piece, 1_048_576)),
    );
    const writers = new Set((await Promise.all(pieces)).map(({ blockHashes }) => blockHashes![0]));
    expect(writers.size).toBe(1);
  });

  it('finishes what is under way before it closes, and takes nothing afterwards', async () => {
    const pool = new DiskPool({ workers: 2, workerUrl: counting });
    const storage = pool.register(layout);
    const pieces = Array.from({ length: 10 }, (_, piece) => pool.write(pieceTask(storage, piece)));
    const closing = pool.close();
    expect((await Promise.all(pieces)).every(({ outcome }) => outcome === 'written')).toBe(true);
    await closing;
    await pool.close();
    const late = pieceTask(storage, 0);
    const result = await pool.write(late);
    expect(result).toMatchObject({ outcome: 'failed', error: { code: 'ERR_DISK_CLOSED' } });
    expect(result.buffer).toBe(late.buffer);
    await expect(pool.run({ kind: 'stat', storage })).rejects.toMatchObject({
      code: 'ERR_DISK_CLOSED',
    });
  });

  it('takes threads that were started before first, and ends those it had no use for', async () => {
    const threads = await DiskThreads.start(2);
    const pool = new DiskPool({ workers: 1, threads, workerUrl: new URL('file:///nowhere.js') });
    const storage = pool.register(layout);
    await expect(pool.run({ kind: 'stat', storage })).resolves.toHaveLength(2);
    const lent = threads.take();
    expect(lent).toBeDefined();
    await Promise.all([pool.close(), lent?.terminate()]);
    expect(threads.take()).toBeUndefined();
  });

  it('closes without ever having started a thread', async () => {
    const pool = new DiskPool({ workerUrl: new URL('file:///nowhere.js') });
    pool.register(layout);
    await pool.unregister(1);
    await pool.unregister(7);
    await pool.close();
  });

  it('fails tasks where the worker cannot be started at all', async () => {
    await using pool = new DiskPool({
      workers: 2,
      workerUrl: new URL('file:///nowhere/worker.js'),
    });
    const storage = pool.register(layout);
    expect(await pool.write(pieceTask(storage, 0))).toMatchObject({
      outcome: 'failed',
      error: { code: 'ERR_DISK_WORKER' },
    });
  });

  it('runs its own worker with several torrents at a time', async () => {
    const folder = await temporaryFolder();
    await using pool = new DiskPool({ workers: 2 });
    const torrents = [1, 2, 3].map((seed) =>
      makeTorrent([{ path: `f${seed}`, length: 100_000 }], 16_384, seed),
    );
    const storages = torrents.map(({ info }) =>
      pool.register(layoutOf(info, folder.path, undefined)),
    );
    const results = await Promise.all(
      torrents.flatMap((each, index) =>
        Array.from({ length: each.info.pieceCount }, (_, piece) =>
          pool.write({
            storage: storages[index]!,
            piece,
            buffer: each.buffer(piece),
            length: each.lengthOf(piece),
            wantBlockHashes: false,
            slot: -1,
          }),
        ),
      ),
    );
    expect(results.every(({ outcome }) => outcome === 'written')).toBe(true);
    await pool.unregister(storages[0]!);
    await expect(pool.run({ kind: 'stat', storage: storages[0]! })).rejects.toMatchObject({
      code: 'ERR_DISK_CLOSED',
    });
    const states = await pool.run({ kind: 'stat', storage: storages[1]! });
    expect(states![0]).toBe(100_000);
    await folder.remove();
  });
});
