import { encodePieceHeader } from '@shoal/peer-wire';
import { MemoryStorage } from '../../src/disk/memory-storage.ts';
import { planReads } from '../../src/disk/read-plan.ts';
import { DiskLayout } from '../../src/disk/disk-layout.ts';
import { layoutOf } from '../../src/disk/layout-of.ts';
import { UploadReader } from '../../src/disk/read-batch.ts';
import { SendBuffers } from '../../src/disk/send-buffers.ts';
import { makeTorrent } from './fixture.ts';

const K = 1024;
const torrent = makeTorrent([{ path: 'a', length: 300 * K }], 64 * K);

async function seeded(): Promise<MemoryStorage> {
  const storage = new MemoryStorage(torrent.info);
  for (let piece = 0; piece < torrent.info.pieceCount; piece++) {
    await storage.writePiece(piece, torrent.buffer(piece), torrent.lengthOf(piece), false);
  }
  return storage;
}

describe('UploadReader', () => {
  it('lays out messages that can be sent as they are', async () => {
    const buffers = new SendBuffers();
    const reader = new UploadReader(await seeded(), buffers);
    const requests = [
      { piece: 0, begin: 16 * K, length: 16 * K },
      { piece: 4, begin: 100, length: 7 },
      { piece: 1, begin: 0, length: 64 * K },
    ];
    // Twice, so that the second time the memory holds what the first one left.
    for (let round = 0; round < 2; round++) {
      const batch = await reader.read(requests.slice(round));
      const expected = requests.slice(round).flatMap(({ piece, begin, length }) => {
        const header = new Uint8Array(13);
        encodePieceHeader(header, 0, piece, begin, length);
        return [header, torrent.bytesOf(piece).subarray(begin, begin + length)];
      });
      expect(Buffer.compare(batch.bytes, Buffer.concat(expected))).toBe(0);
      expect(buffers.usedBytes).toBeGreaterThanOrEqual(batch.bytes.length);
      batch.recycle();
      batch.recycle();
      expect(buffers.usedBytes).toBe(0);
    }
  });

  it('uses the same memory again, in order', async () => {
    const buffers = new SendBuffers();
    const reader = new UploadReader(await seeded(), buffers);
    const one = [{ piece: 0, begin: 0, length: 16 * K }];
    const first = await reader.read(one);
    const memory = first.bytes.buffer;
    first.recycle();
    const second = await reader.read(one);
    expect(second.bytes.buffer).toBe(memory);
    second.recycle();
  });

  it('waits while all memory is in use', async () => {
    const buffers = new SendBuffers(100 * K);
    const reader = new UploadReader(await seeded(), buffers);
    const two = [
      { piece: 0, begin: 0, length: 16 * K },
      { piece: 0, begin: 16 * K, length: 16 * K },
    ];
    const held = [await reader.read(two), await reader.read(two), await reader.read(two)];
    const order: number[] = [];
    const later = [0, 1].map((index) =>
      reader.read(two).then((batch) => {
        order.push(index);
        return batch;
      }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual([]);
    held[0]!.recycle();
    held.push(await later[0]!);
    expect(order).toEqual([0]);
    held[1]!.recycle();
    held.push(await later[1]!);
    for (const batch of held) batch.recycle();
    expect(buffers.usedBytes).toBe(0);
  });

  it('gives even a batch larger than all memory there should be', async () => {
    const buffers = new SendBuffers(1);
    const reader = new UploadReader(await seeded(), buffers);
    const requests = [0, 1, 2, 3].map((piece) => ({ piece, begin: 0, length: 64 * K }));
    const batch = await reader.read(requests);
    expect(batch.bytes.length).toBe(4 * (64 * K + 13));
    batch.recycle();
  });

  it('gives the memory back where reading fails', async () => {
    const buffers = new SendBuffers();
    const reader = new UploadReader(new MemoryStorage(torrent.info), buffers);
    await expect(reader.read([{ piece: 0, begin: 0, length: 1 }])).rejects.toMatchObject({
      code: 'ERR_DISK_MISSING',
    });
    await expect(reader.read([{ piece: 99, begin: 0, length: 1 }])).rejects.toThrow(
      'No such block',
    );
    expect(buffers.usedBytes).toBe(0);
  });
});

describe('planReads', () => {
  const layout = new DiskLayout(layoutOf(torrent.info, '/', undefined));
  const target = new Uint8Array(200 * K);

  it('makes one read of blocks that follow each other, with gaps in the target', () => {
    const reads = [0, 1, 2, 3, 4].map((block) => ({
      piece: block >> 2,
      begin: (block & 3) * 16 * K,
      length: 16 * K,
      at: 13 + block * (16 * K + 13),
    }));
    const steps = planReads(layout, new Map(), target, reads);
    expect(steps).toHaveLength(1);
    expect(steps[0]).toMatchObject({ file: 0, fileOffset: 0, length: 80 * K });
    expect(steps[0]!.views.map(({ byteOffset }) => byteOffset)).toEqual(reads.map(({ at }) => at));
  });

  it('makes one view of what also follows in the target', () => {
    const reads = [0, 1].map((piece) => ({ piece, begin: 0, length: 64 * K, at: piece * 64 * K }));
    const steps = planReads(layout, new Map(), target, reads);
    expect(steps).toHaveLength(1);
    expect(steps[0]!.views.map(({ length }) => length)).toEqual([128 * K]);
  });

  it('reads pieces that are kept aside from there', () => {
    const reads = [0, 1, 2].map((piece) => ({
      piece,
      begin: 0,
      length: 64 * K,
      at: piece * 64 * K,
    }));
    const steps = planReads(layout, new Map([[1, 5]]), target, reads);
    expect(steps.map(({ file, fileOffset }) => [file, fileOffset])).toEqual([
      [0, 0],
      [-1, 4096 + 5 * 64 * K],
      [0, 128 * K],
    ]);
  });

  it('bounds the views of one read', () => {
    const reads = Array.from({ length: 1300 }, (_, index) => ({
      piece: 0,
      begin: index,
      length: 1,
      at: index * 2,
    }));
    const steps = planReads(layout, new Map(), target, reads);
    expect(steps.map(({ views }) => views.length)).toEqual([512, 512, 276]);
  });
});
