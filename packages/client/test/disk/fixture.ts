import { createCipheriv, createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileLayout, type Metainfo, type TorrentFile, type TorrentInfo } from '@shoal/metainfo';

export interface FileSpec {
  readonly path: string;
  readonly length: number;
  readonly padding?: boolean;
  readonly executable?: boolean;
}

export interface TestTorrent {
  readonly info: TorrentInfo;
  /** The whole piece space. */
  readonly content: Uint8Array;
  /** A fresh buffer of a whole piece length that holds the piece. */
  buffer(piece: number): ArrayBuffer;
  /** Bytes of a piece without the padding it ends with. */
  lengthOf(piece: number): number;
  /** Those bytes. */
  bytesOf(piece: number): Uint8Array;
  /** A stretch of a piece, with its padding. */
  blockOf(piece: number, begin: number, length: number): Uint8Array;
  fileBytes(file: number): Uint8Array;
}

/** One that was made and read as any other. */
export interface ParsedTorrent extends TestTorrent {
  readonly metainfo: Metainfo;
}

export function sha1(bytes: Uint8Array): Uint8Array {
  return createHash('sha1').update(bytes).digest();
}

/** Bytes that look random and are the same in every run. */
export function noise(length: number, seed: number): Uint8Array {
  const key = createHash('md5').update(String(seed)).digest();
  return new Uint8Array(
    createCipheriv('aes-128-ctr', key, new Uint8Array(16)).update(new Uint8Array(length)),
  );
}

export function makeTorrent(
  specs: readonly FileSpec[],
  pieceLength: number,
  seed = 1,
  change?: (content: Uint8Array) => void,
): TestTorrent {
  const files: TorrentFile[] = [];
  let offset = 0;
  for (const [index, { path, length, padding = false, executable = false }] of specs.entries()) {
    const attributes = { padding, executable, hidden: false, symlink: undefined };
    files.push({ index, path, length, offset, attributes });
    offset += length;
  }
  const content = noise(offset, seed);
  change?.(content);
  for (const file of files) {
    if (file.attributes.padding) content.fill(0, file.offset, file.offset + file.length);
  }
  const pieceCount = Math.ceil(offset / pieceLength);
  const pieceHashes = new Uint8Array(pieceCount * 20);
  for (let piece = 0; piece < pieceCount; piece++) {
    const end = Math.min(offset, (piece + 1) * pieceLength);
    pieceHashes.set(sha1(content.subarray(piece * pieceLength, end)), piece * 20);
  }
  return withContent(content, {
    bytes: new Uint8Array(0),
    infoHash: sha1(pieceHashes),
    infoHashV2: undefined,
    name: specs[0]?.path.split('/')[0] ?? 'empty',
    pieceLength,
    pieceCount,
    pieceHashes,
    multiFile: specs.length > 1,
    files,
    totalLength: offset,
    length: specs.reduce((sum, file) => sum + (file.padding === true ? 0 : file.length), 0),
    private: false,
    source: undefined,
  });
}

/** A torrent and the bytes of its piece space. */
export function withContent(content: Uint8Array, info: TorrentInfo): TestTorrent {
  const { files, pieceLength } = info;
  const layout = new FileLayout(info);
  const blockOf = (piece: number, begin: number, length: number) => {
    const start = piece * pieceLength + begin;
    return content.subarray(start, start + length);
  };
  const bytesOf = (piece: number) => blockOf(piece, 0, layout.payloadLengthAt(piece));
  return {
    info,
    content,
    bytesOf,
    blockOf,
    lengthOf: (piece) => layout.payloadLengthAt(piece),
    buffer: (piece) => {
      const buffer = new ArrayBuffer(pieceLength);
      new Uint8Array(buffer).set(bytesOf(piece));
      return buffer;
    },
    fileBytes: (file) =>
      content.subarray(files[file]!.offset, files[file]!.offset + files[file]!.length),
  };
}

/** A folder for one test; call the result's `remove` afterwards. */
export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'shoal-disk-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
