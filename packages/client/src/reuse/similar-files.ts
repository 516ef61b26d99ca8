import { type FileColumns, fileColumns, type TorrentInfo } from '@shoal/metainfo';

/** Bytes of an SHA-1 digest. */
const SHA1_LENGTH = 20;

/** Files of one length that are compared with a file of ours: hostile torrents have thousands of them. */
const MAX_CANDIDATES = 16;

/** What is compared of a torrent. */
export type ComparedInfo = Pick<TorrentInfo, 'files' | 'pieceLength' | 'pieceHashes'>;

/**
 * Finds the files of a torrent in one that shares files with it, as its maker says (BEP 38). Two files of one length are taken
 * for the same where the SHA-1 hashes of all pieces that lie wholly in them are, in torrents that cut them alike; where there is
 * no such piece to be compared, where they have the same name too. That is a guess: what is read must be verified.
 *
 * @param isWanted which files of `info` to find
 * @returns pairs of file indices, in `info` and in `other`
 */
export function* similarFiles(
  info: ComparedInfo,
  other: ComparedInfo,
  isWanted: (file: number) => boolean,
): Generator<readonly [file: number, otherFile: number], void, undefined> {
  const files = fileColumns(info);
  const others = fileColumns(other);
  const byLength = new Map<number, number[]>();
  for (let file = 0; file < others.size; file++) {
    const length = others.lengths[file] ?? 0;
    if (length === 0 || others.isPadding(file)) continue;
    const same = byLength.get(length);
    if (same === undefined) byLength.set(length, [file]);
    else if (same.length < MAX_CANDIDATES) same.push(file);
  }
  for (let file = 0; file < files.size; file++) {
    if (files.isPadding(file) || !isWanted(file)) continue;
    const candidates = byLength.get(files.lengths[file] ?? 0) ?? [];
    for (const candidate of candidates) {
      const isSame =
        havePiecesAlike(info, files, file, other, others, candidate) ??
        nameOf(files, file) === nameOf(others, candidate);
      if (!isSame) continue;
      yield [file, candidate];
      break;
    }
  }
}

/** Whether the pieces that lie wholly in two files of one length have the same hashes; undefined where none can be compared. */
function havePiecesAlike(
  info: ComparedInfo,
  files: FileColumns,
  file: number,
  other: ComparedInfo,
  others: FileColumns,
  otherFile: number,
): boolean | undefined {
  const { pieceLength, pieceHashes } = info;
  if (pieceHashes === undefined || other.pieceHashes === undefined) return undefined;
  if (pieceLength !== other.pieceLength) return undefined;
  const offset = files.offsets[file] ?? 0;
  const otherOffset = others.offsets[otherFile] ?? 0;
  if ((offset - otherOffset) % pieceLength !== 0) return undefined;
  const first = Math.ceil(offset / pieceLength);
  const end = Math.floor((offset + (files.lengths[file] ?? 0)) / pieceLength);
  if (end <= first) return undefined;
  const otherFirst = Math.ceil(otherOffset / pieceLength);
  const hashes = pieceHashes.subarray(first * SHA1_LENGTH, end * SHA1_LENGTH);
  const otherHashes = other.pieceHashes.subarray(
    otherFirst * SHA1_LENGTH,
    (otherFirst + end - first) * SHA1_LENGTH,
  );
  return Buffer.compare(hashes, otherHashes) === 0;
}

function nameOf(files: FileColumns, file: number): string {
  const path = files.pathOf(file);
  return path.slice(path.lastIndexOf('/') + 1);
}
