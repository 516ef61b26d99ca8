import { decode, encode } from '@shoal/bencode';
import fc from 'fast-check';
import { FileStates } from '../../src/disk/file-states.ts';
import { decodeResume, encodeResume, type ResumeData } from '../../src/disk/resume-format.ts';
import { sha1 } from './fixture.ts';

const hash = () => fc.uint8Array({ minLength: 20, maxLength: 20 });

const resumeData: fc.Arbitrary<ResumeData> = fc
  .record({
    infoHash: hash(),
    infoHashV2: fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }), { nil: undefined }),
    directory: fc.string({ unit: 'grapheme' }),
    have: fc.array(fc.boolean(), { maxLength: 40 }),
    files: fc.array(
      fc.record({
        size: fc.oneof(fc.constant(-1), fc.maxSafeNat()),
        mtime: fc.double({ min: 0, max: 1e13, noNaN: true }),
        priority: fc.integer({ min: 0, max: 255 }),
      }),
      { maxLength: 10 },
    ),
    uploaded: fc.maxSafeNat(),
    downloaded: fc.maxSafeNat(),
  })
  .map(({ have, files, ...rest }) => {
    const pieces = new Uint8Array(Math.ceil(have.length / 8));
    for (const [piece, has] of have.entries()) if (has) pieces[piece >> 3]! |= 0x80 >> (piece & 7);
    return {
      ...rest,
      pieceCount: have.length,
      pieces,
      files: FileStates.of(files),
      priorities: Uint8Array.from(files, ({ priority }) => priority),
    };
  });

const expectationOf = (data: ResumeData) => ({
  infoHash: data.infoHash,
  infoHashV2: data.infoHashV2,
  pieceCount: data.pieceCount,
  fileCount: data.files.count,
});

const sample: ResumeData = {
  infoHash: new Uint8Array(20).fill(7),
  directory: '/data',
  pieceCount: 10,
  pieces: Uint8Array.of(0xff, 0xc0),
  files: FileStates.of([{ size: 5, mtime: 1_700_000_000_000.25 }]),
  priorities: Uint8Array.of(1),
  uploaded: 1,
  downloaded: 2,
};

/** A file whose body is `change`d, its checksum being right. */
function forged(change: Record<string, unknown>): Uint8Array {
  const file = decode(encodeResume(sample)) as Map<string, Uint8Array>;
  const body = decode(file.get('data')!) as Map<string, unknown>;
  for (const [key, value] of Object.entries(change)) {
    if (value === undefined) body.delete(key);
    else body.set(key, value);
  }
  const data = encode(body as never);
  return encode({ format: file.get('format')!, version: 1, data, checksum: sha1(data) });
}

describe('the resume format', () => {
  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(resumeData, (data) => {
        const result = decodeResume(encodeResume(data), expectationOf(data));
        expect(result.ok).toBe(true);
        if (!result.ok) return;
        const { infoHash, infoHashV2, pieces, priorities, ...rest } = result.data;
        expect(infoHashV2 && [...infoHashV2]).toEqual(data.infoHashV2 && [...data.infoHashV2]);
        expect(rest).toEqual({
          directory: data.directory,
          pieceCount: data.pieceCount,
          files: data.files,
          uploaded: data.uploaded,
          downloaded: data.downloaded,
        });
        expect([...infoHash, ...pieces, ...priorities]).toEqual([
          ...data.infoHash,
          ...data.pieces,
          ...data.priorities,
        ]);
      }),
    );
  });

  it('takes no byte that was lost or changed', () => {
    fc.assert(
      fc.property(resumeData, fc.nat(), fc.integer({ min: 1, max: 255 }), (data, at, change) => {
        const bytes = encodeResume(data);
        const torn = bytes.subarray(0, at % bytes.length);
        expect(decodeResume(torn, expectationOf(data))).toEqual({ ok: false, reason: 'torn' });
        const damaged = bytes.slice();
        damaged[at % bytes.length]! ^= change;
        expect(decodeResume(damaged, expectationOf(data)).ok).toBe(false);
      }),
    );
  });

  it('keeps a list of peers, but no more bytes than one may have', () => {
    const read = (length: number): number | undefined => {
      const result = decodeResume(
        encodeResume({ ...sample, peers: new Uint8Array(length) }),
        expectationOf(sample),
      );
      return result.ok ? result.data.peers?.length : -1;
    };
    expect([0, 1, 1_900, 1_901].map(read)).toEqual([undefined, 1, 1_900, undefined]);
    for (const peers of [7, 'x'.repeat(1_901), []]) {
      expect(decodeResume(forged({ peers }), expectationOf(sample)).ok).toBe(true);
    }
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeResume(bytes, expectationOf(sample))).toEqual({ ok: false, reason: 'torn' });
      }),
    );
  });

  it('says that a newer program wrote it', () => {
    const file = decode(encodeResume(sample)) as Map<string, never>;
    const bytes = encode(new Map([...file, ['version', 2 as never]]));
    expect(decodeResume(bytes, expectationOf(sample))).toEqual({
      ok: false,
      reason: 'future-version',
    });
  });

  it('says that it is of another torrent, or of another size', () => {
    const bytes = encodeResume(sample);
    const expected = expectationOf(sample);
    expect(decodeResume(bytes, { ...expected, infoHash: new Uint8Array(20) })).toEqual({
      ok: false,
      reason: 'other-torrent',
    });
    expect(decodeResume(bytes, { ...expected, pieceCount: 11 })).toEqual({
      ok: false,
      reason: 'wrong-size',
    });
    expect(decodeResume(bytes, { ...expected, fileCount: 2 })).toEqual({
      ok: false,
      reason: 'wrong-size',
    });
  });

  it('compares the v2 info-hash where both sides have one, and reads what was written before there was one', () => {
    const infoHashV2 = new Uint8Array(32).fill(9);
    const old = encodeResume(sample);
    const both = encodeResume({ ...sample, infoHashV2 });
    const expected = expectationOf(sample);
    expect(decodeResume(old, { ...expected, infoHashV2 }).ok).toBe(true);
    expect(decodeResume(both, expected).ok).toBe(true);
    expect(decodeResume(both, { ...expected, infoHashV2 }).ok).toBe(true);
    // The same SHA-1, as two torrents can be made to have, is not the same torrent.
    const other = new Uint8Array(32).fill(8);
    expect(decodeResume(both, { ...expected, infoHashV2: other })).toEqual({
      ok: false,
      reason: 'other-torrent',
    });
  });

  it.each([
    ['spare bits set', { pieces: Uint8Array.of(0xff, 0xe0) }],
    ['too few piece bytes', { pieces: Uint8Array.of(0xff) }],
    ['no pieces', { pieces: undefined }],
    ['pieces of a wrong type', { pieces: 3 }],
    ['file states cut off', { files: new Uint8Array(15) }],
    ['a size that is no number', { files: new Uint8Array(16).fill(0xff) }],
    ['too many priorities', { priorities: Uint8Array.of(1, 1) }],
    ['a negative total', { uploaded: -1 }],
    ['a total beyond what is exact', { downloaded: 2n ** 60n }],
    ['a folder that is not UTF-8', { directory: Uint8Array.of(0xff) }],
    ['a short info-hash', { 'info-hash': new Uint8Array(19) }],
    ['a short v2 info-hash', { 'info-hash-v2': new Uint8Array(20) }],
    ['a v2 info-hash that is none', { 'info-hash-v2': 5 }],
  ])('is torn with %s', (_, change) => {
    expect(decodeResume(forged({}), expectationOf(sample)).ok).toBe(true);
    expect(decodeResume(forged(change), expectationOf(sample))).toEqual({
      ok: false,
      reason: 'torn',
    });
  });
});
