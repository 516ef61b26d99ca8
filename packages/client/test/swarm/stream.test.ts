import type { Readable } from 'node:stream';
import { DiskError } from '../../src/index.ts';
import { type Node, type NodeOptions, SimSwarm } from '../support/sim-swarm.ts';

const PIECE = 32_768;
const FILES = [
  { path: 'show/sample.avi', length: 10 * PIECE + 5_000 },
  { path: 'show/film.mkv', length: 100 * PIECE },
  { path: 'show/empty.txt', length: 0 },
];

async function swarmOf(
  seed: number,
  options: NodeOptions = {},
): Promise<{ swarm: SimSwarm; seeding: Node; leecher: Node }> {
  const swarm = new SimSwarm({ seed, files: FILES });
  const seeding = await swarm.seed({ trackerless: true });
  const leecher = await swarm.node({
    trackerless: true,
    ...options,
    add: { peers: [{ address: seeding.host.address, port: 6881 }], ...options.add },
  });
  return { swarm, seeding, leecher };
}

/** Everything a stream gives. */
async function collect(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

const film = ({ torrent }: SimSwarm, start = 0, end = 100 * PIECE - 1): Buffer =>
  Buffer.from(torrent.fileBytes(1).subarray(start, end + 1));

describe('reading a file while it is downloaded', () => {
  it('gives the bytes of the file', async () => {
    const { swarm, leecher } = await swarmOf(91);
    const bytes = await swarm.settle(collect(leecher.torrent.files[1]!.createReadStream()));
    expect(bytes.equals(film(swarm))).toBe(true);
    await swarm.close();
  });

  it('gives a range, which comes before everything else', async () => {
    const { swarm, leecher } = await swarmOf(92, { line: { bandwidthDown: 100_000 } });
    const start = 80 * PIECE + 77;
    const end = 84 * PIECE + 99;
    const bytes = await swarm.settle(
      collect(leecher.torrent.files[1]!.createReadStream({ start, end })),
    );
    expect(bytes.equals(film(swarm, start, end))).toBe(true);
    // Five pieces at 100 kB/s take 1.6 s; what had been asked for before the stream takes as long again.
    expect(swarm.world.now).toBeLessThan(6_000);
    expect(leecher.torrent.progress().pieces.have).toBeLessThan(25);
    await swarm.finished([leecher], 120_000);
    await swarm.close();
  });

  it('follows the reader: what it needs next comes first', async () => {
    const { swarm, leecher } = await swarmOf(93, { line: { bandwidthDown: 400_000 } });
    const stream = leecher.torrent.files[1]!.createReadStream();
    const reading = collect(stream);
    await swarm.pass(5_000);
    const { written } = leecher.storage;
    const inOrder = written.filter((piece) => piece >= 10);
    const sorted = [...inOrder].sort((one, other) => one - other);
    const strays = inOrder.filter(
      (piece, index) => Math.abs(piece - (sorted[index] ?? 0)) > 8,
    ).length;
    expect(written.length).toBeGreaterThan(30);
    expect(strays).toBeLessThan(8);
    expect((await swarm.settle(reading)).equals(film(swarm))).toBe(true);
    await swarm.close();
  });

  it('gives the same as a web stream', async () => {
    const { swarm, leecher } = await swarmOf(94);
    const stream = leecher.torrent.files[1]!.stream({ start: 5, end: 70_000 });
    const bytes = await swarm.settle(collect(stream));
    expect(bytes.equals(film(swarm, 5, 70_000))).toBe(true);
    const broken = leecher.torrent.files[1]!.stream();
    await swarm.settle(broken.getReader().cancel());
    await swarm.finished([leecher], 60_000);
    await swarm.close();
  });

  it('reads several ranges of several files at the same time', async () => {
    const { swarm, leecher } = await swarmOf(95);
    // By itself, before all are made.
    const movie = leecher.torrent.file(1);
    expect([-1, 0.5, 99].map((index) => leecher.torrent.file(index))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const [sample, ...others] = leecher.torrent.files;
    expect(others[0]).toMatchObject({ index: 1, path: movie?.path, length: movie?.length });
    expect(leecher.torrent.file(0)).toBe(sample);
    const ranges = [0, 20, 40, 60, 80].map((piece) => ({
      start: piece * PIECE + 1,
      end: (piece + 3) * PIECE,
    }));
    const all = await swarm.settle(
      Promise.all([
        ...ranges.map((range) => collect(movie!.createReadStream(range))),
        collect(sample!.createReadStream()),
      ]),
    );
    ranges.forEach(({ start, end }, index) =>
      expect(all[index]?.equals(film(swarm, start, end))).toBe(true),
    );
    expect(all[5]?.equals(Buffer.from(swarm.torrent.fileBytes(0)))).toBe(true);
    await swarm.close();
  });

  it('makes an unwanted file wanted', async () => {
    const { swarm, leecher } = await swarmOf(96, { add: { select: [0] } });
    await swarm.finished([leecher], 30_000);
    expect(leecher.torrent.files[1]!.progress).toBeLessThan(0.05);
    const bytes = await swarm.settle(
      collect(leecher.torrent.files[1]!.createReadStream({ start: 10, end: 99 })),
    );
    expect(bytes.equals(film(swarm, 10, 99))).toBe(true);
    expect(leecher.torrent.files[1]!.priority).toBe(4);
    await swarm.close();
  });

  it('knows the edges: an empty file, an empty range, an end past the last byte, nonsense', async () => {
    const { swarm, leecher } = await swarmOf(97);
    const [, movie, empty] = leecher.torrent.files;
    expect(await swarm.settle(collect(empty!.createReadStream()))).toHaveLength(0);
    expect(empty!.progress).toBe(1);
    expect(
      await swarm.settle(collect(movie!.createReadStream({ start: 10, end: 9 }))),
    ).toHaveLength(0);
    const last = 100 * PIECE - 1;
    const tail = await swarm.settle(
      collect(movie!.createReadStream({ start: last - 3, end: 1e12 })),
    );
    expect(tail.equals(film(swarm, last - 3))).toBe(true);
    for (const options of [{ start: -1 }, { start: 0.5 }, { end: Number.NaN }])
      expect(() => movie!.createReadStream(options)).toThrow(RangeError);
    await swarm.close();
  });

  it('waits while the torrent is paused, from before its first check on', async () => {
    const { swarm, leecher } = await swarmOf(98, { add: { paused: true } });
    const reading = collect(
      leecher.torrent.files[1]!.createReadStream({ start: 90 * PIECE, end: 95 * PIECE }),
    );
    await swarm.pass(5_000);
    await leecher.torrent.resume();
    await swarm.settle(reading);
    expect(leecher.torrent.progress().pieces.have).toBeLessThan(60);
    await swarm.close();
  });
});

describe('a stream that ends early', () => {
  const errorOf = (stream: Readable): Promise<Error> =>
    new Promise((resolve) => stream.on('error', resolve));

  it('is destroyed by its reader, by a signal, by the closing of the torrent', async () => {
    const { swarm, leecher } = await swarmOf(101, { add: { peers: [] } });
    const file = leecher.torrent.files[1]!;
    const abandoned = file.createReadStream();
    abandoned.resume();
    abandoned.destroy();
    const abort = new AbortController();
    const aborted = file.createReadStream({ signal: abort.signal });
    const abortError = errorOf(aborted);
    aborted.resume();
    abort.abort();
    expect((await abortError).name).toBe('AbortError');
    const open = file.createReadStream();
    const closeError = errorOf(open);
    open.resume();
    await swarm.pass(100);
    await swarm.settle(leecher.torrent.close());
    expect(await closeError).toMatchObject({ code: 'ERR_CLIENT_TORRENT_CLOSED' });
    const late = file.createReadStream();
    const lateError = errorOf(late);
    late.resume();
    expect(await lateError).toMatchObject({ code: 'ERR_CLIENT_TORRENT_CLOSED' });
    await swarm.close();
  });

  it('fails with the torrent, and with what cannot be read', async () => {
    const { swarm, leecher } = await swarmOf(102);
    const full = new DiskError('ERR_DISK_FULL', 'No space left');
    const stream = leecher.torrent.files[1]!.createReadStream();
    const failed = errorOf(stream);
    stream.resume();
    await swarm.pass(500);
    leecher.storage.faults.writeError = full;
    await swarm.until(() => leecher.torrent.state === 'error', 2_000);
    expect(await failed).toBe(full);
    leecher.storage.faults.writeError = undefined;
    await leecher.torrent.resume();
    await swarm.finished([leecher], 60_000);
    const gone = new DiskError('ERR_DISK_MISSING', 'The file is gone');
    leecher.storage.faults.readError = gone;
    const second = leecher.torrent.files[1]!.createReadStream();
    const unreadable = errorOf(second);
    second.resume();
    expect(await unreadable).toBe(gone);
    await swarm.close();
  });
});
