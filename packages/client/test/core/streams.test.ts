import { FileStream, type StreamSource } from '../../src/stream/file-stream.ts';
import { StreamWindows } from '../../src/stream/stream-windows.ts';
import { PieceWaiters } from '../../src/piece/piece-waiters.ts';
import { makeTorrent } from '../disk/fixture.ts';
import { settle } from './support.ts';

describe('StreamWindows', () => {
  it('gives the window of the stream that moved last', () => {
    const windows = new StreamWindows();
    const [one, two] = [{}, {}];
    expect(windows.current).toBeUndefined();
    windows.move(one, { first: 0, last: 7 });
    windows.move(two, { first: 50, last: 57 });
    expect(windows.current).toEqual({ first: 50, last: 57 });
    windows.move(one, { first: 1, last: 8 });
    expect(windows.current).toEqual({ first: 1, last: 8 });
    windows.move(one, undefined);
    expect(windows.current).toEqual({ first: 50, last: 57 });
    windows.move(two, undefined);
    windows.move(two, undefined);
    expect(windows.current).toBeUndefined();
  });
});

describe('PieceWaiters', () => {
  const never = new AbortController().signal;

  it('tells everybody who waits for a piece, and nobody else', async () => {
    const waiters = new PieceWaiters();
    const told: string[] = [];
    void waiters.wait(1, never).then(() => told.push('one'));
    void waiters.wait(1, never).then(() => told.push('also one'));
    const two = waiters.wait(2, never);
    expect(waiters.pieces).toEqual([1, 2]);
    waiters.arrived(3);
    waiters.arrived(1);
    await settle();
    expect(told).toEqual(['one', 'also one']);
    expect(waiters.pieces).toEqual([2]);
    waiters.arrived(2);
    await two;
    expect(waiters.pieces).toEqual([]);
  });

  it("ends a wait with the signal's reason, before or during it, and keeps the others", async () => {
    const waiters = new PieceWaiters();
    const abort = new AbortController();
    const ended = waiters.wait(1, abort.signal);
    const going = waiters.wait(1, never);
    abort.abort(new Error('enough'));
    await expect(ended).rejects.toThrow('enough');
    await expect(waiters.wait(2, abort.signal)).rejects.toThrow('enough');
    expect(waiters.pieces).toEqual([1]);
    waiters.arrived(1);
    await going;
  });

  it('fails everybody at once, and can be used again', async () => {
    const waiters = new PieceWaiters();
    const waits = [waiters.wait(1, never), waiters.wait(2, never)];
    waiters.fail(new Error('disk full'));
    for (const wait of waits) await expect(wait).rejects.toThrow('disk full');
    expect(waiters.pieces).toEqual([]);
    const again = waiters.wait(1, never);
    waiters.arrived(1);
    await again;
  });
});

describe('FileStream', () => {
  const torrent = makeTorrent(
    [
      { path: 't/a', length: 70 },
      { path: 't/b', length: 1_000 },
    ],
    64,
  );
  const file = torrent.info.files[1]!;
  const content = Buffer.from(torrent.fileBytes(1));

  function sourceOf(ready: (piece: number) => Promise<void> = () => Promise.resolve()) {
    const windows: (string | undefined)[] = [];
    const source: StreamSource = {
      info: torrent.info,
      pieceReady: ready,
      readBlocks: (target, reads) => {
        for (const { piece, begin, length, at } of reads) {
          target.set(torrent.bytesOf(piece).subarray(begin, begin + length), at);
        }
        return Promise.resolve();
      },
      setWindow: (_, window) => windows.push(window && `${window.first}-${window.last}`),
    };
    return { source, windows };
  }

  async function read(stream: FileStream): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  it.each([
    ['the whole file', {}, 0, 1_000],
    ['from a byte on', { start: 900 }, 900, 1_000],
    ['both ends included', { start: 60, end: 60 }, 60, 61],
    ['an end beyond the file', { start: 999, end: 5_000 }, 999, 1_000],
    ['a start beyond the file', { start: 1_000 }, 0, 0],
    ['an empty range', { start: 5, end: 4 }, 0, 0],
  ])('reads %s', async (_, options, from, to) => {
    const { source, windows } = sourceOf();
    expect(await read(new FileStream(source, file, options))).toEqual(content.subarray(from, to));
    expect(windows.at(-1)).toBeUndefined();
  });

  it('wants the pieces ahead of it first, up to the end of the range', async () => {
    const { source, windows } = sourceOf();
    await read(new FileStream(source, file, { end: 700 }));
    const asked = windows.flatMap((window) =>
      window === undefined ? [] : [window.split('-').map(Number)],
    );
    expect(asked.map(([first]) => first)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    for (const [first = 0, last] of asked) {
      // At least eight pieces, none beyond the range.
      expect(last).toBeGreaterThanOrEqual(Math.min(12, first + 7));
      expect(last).toBeLessThanOrEqual(12);
    }
  });

  it.each([{ start: -1 }, { start: 0.5 }, { end: Number.NaN }])('refuses the range %p', (range) => {
    expect(() => new FileStream(sourceOf().source, file, range)).toThrow(RangeError);
  });

  it('waits for a piece that is not there, and ends with the error of the torrent', async () => {
    const { source } = sourceOf((piece) =>
      piece < 3 ? Promise.resolve() : Promise.reject(new Error('disk full')),
    );
    await expect(read(new FileStream(source, file))).rejects.toThrow('disk full');
  });

  it('stops waiting when it is destroyed or its signal fires', async () => {
    const signals: AbortSignal[] = [];
    const { source, windows } = sourceOf();
    const stuck: StreamSource = {
      ...source,
      pieceReady: (_, signal) =>
        new Promise((_resolve, reject) => {
          signals.push(signal);
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    };
    const abort = new AbortController();
    const reading = read(new FileStream(stuck, file, { signal: abort.signal }));
    await settle();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    abort.abort();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    expect(signals[0]?.aborted).toBe(true);
    expect(windows.at(-1)).toBeUndefined();
  });
});
