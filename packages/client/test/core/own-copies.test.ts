import { FileStates } from '../../src/disk/file-states.ts';
import { decodeResume, encodeResume } from '../../src/disk/resume-format.ts';
import { EarlyMessages } from '../../src/metadata/early-messages.ts';
import { MetadataAttempt } from '../../src/metadata/metadata-attempt.ts';

// `slice` of a Buffer is a view, and buffers are used again.
describe('what is kept of a Buffer is a copy', () => {
  const bytes = (value: number, length: number): Buffer => Buffer.alloc(length, value);

  it('pieces of metadata', () => {
    const attempt = new MetadataAttempt(8);
    const data = bytes(7, 8);
    attempt.put(0, data, 'peer', 0);
    data.fill(0);
    expect(attempt.assemble()).toEqual(new Uint8Array(8).fill(7));
  });

  it('what a peer says before its time', () => {
    const early = new EarlyMessages();
    const [pieces, payload] = [bytes(0xf0, 1), Buffer.from('d1:mdee')];
    early.has(pieces);
    early.extendedHandshake(payload);
    const before = early.replay();
    pieces.fill(0);
    payload.fill(0);
    expect(early.replay()).toEqual(before);
  });

  it('resume data', () => {
    const data = {
      infoHash: new Uint8Array(20).fill(1),
      infoHashV2: new Uint8Array(32).fill(2),
      directory: '/data',
      pieceCount: 10,
      pieces: Uint8Array.of(0xff, 0xc0),
      files: FileStates.of([{ size: 5, mtime: 1 }]),
      priorities: Uint8Array.of(1),
      uploaded: 1,
      downloaded: 2,
      pieceLayers: [[new Uint8Array(32).fill(3), new Uint8Array(64).fill(4)]] as const,
    };
    const expected = { infoHash: data.infoHash, infoHashV2: data.infoHashV2 };
    const file = Buffer.from(encodeResume(data));
    const read = decodeResume(file, { ...expected, pieceCount: 10, fileCount: 1 });
    file.fill(0);
    const { infoHash, infoHashV2, pieces, priorities, pieceLayers } = data;
    expect(read).toMatchObject({
      ok: true,
      data: { infoHash, infoHashV2, pieces, priorities, pieceLayers },
    });
  });
});
