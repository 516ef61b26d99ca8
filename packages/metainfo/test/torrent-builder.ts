import type { BencodeInput } from '@shoal/bencode';
import { encode } from '@shoal/bencode';

export interface FileEntry {
  readonly path?: readonly string[];
  readonly length?: number;
  readonly [key: string]: BencodeInput | undefined;
}

type Members = Readonly<Record<string, BencodeInput | undefined>>;

const PIECE_LENGTH = 16_384;

/** Hashes of the right number for so many bytes. */
export function hashes(length: number, pieceLength = PIECE_LENGTH): Uint8Array {
  return new Uint8Array(20 * Math.ceil(length / pieceLength));
}

/** A single-file torrent; `info` overrides members of its info dictionary, `outer` of the rest. */
export function singleFile(info: Members = {}, outer: Members = {}): Uint8Array {
  const length = typeof info['length'] === 'number' ? info['length'] : 100;
  return encode({
    ...outer,
    info: { length, name: 'name', 'piece length': PIECE_LENGTH, pieces: hashes(length), ...info },
  });
}

/** A torrent of several files; the hashes fit the lengths. */
export function multiFile(files: readonly FileEntry[], info: Members = {}): Uint8Array {
  const total = files.reduce((sum, { length }) => sum + (length ?? 0), 0);
  const pieces = hashes(total);
  return encode({ info: { files, name: 'root', 'piece length': PIECE_LENGTH, pieces, ...info } });
}
