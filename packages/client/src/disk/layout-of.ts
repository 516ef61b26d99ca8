import { resolve } from 'node:path';
import type { TorrentInfo } from '@shoal/metainfo';
import { fileColumns } from '@shoal/metainfo';
import { DiskError } from '../errors.ts';
import type { PieceHashes } from '../hashes/piece-hashes.ts';
import { payloadSteps } from '../piece/payload-lengths.ts';
import { runNow, STEP_ITEMS, type Steps } from '../slices.ts';
import { FLAG_EXECUTABLE, FLAG_PADDING, type LayoutData, PATH_END } from './disk-layout.ts';

/** Bytes of a device and an inode. */
const ROOT_ID_BYTES = 16;

/** Throws {@link DiskError} where nothing says what the pieces must hash to. */
export function assertStorable(info: TorrentInfo, directory: string, hashes?: PieceHashes): void {
  if (info.pieceHashes !== undefined || hashes !== undefined) return;
  const message = `"${info.name}" is a v2-only torrent, and its hashes were not handed over`;
  throw new DiskError('ERR_DISK_UNSUPPORTED', message, { path: directory });
}

/**
 * What the disk has to know of a torrent. Without `hashes` a hybrid torrent is held to its SHA-1 hashes alone, and a v2-only one
 * is refused with a {@link DiskError}. No object is made for any file: there may be a hundred thousand.
 */
export function layoutOf(
  info: TorrentInfo,
  directory: string,
  wanted: readonly boolean[] | undefined,
  hashes?: PieceHashes,
): LayoutData {
  return runNow(layoutSteps(info, directory, wanted, hashes));
}

/** {@link layoutOf}, to be done in slices: a hundred thousand files take some 60 ms. */
export function* layoutSteps(
  info: TorrentInfo,
  directory: string,
  wanted: readonly boolean[] | undefined,
  hashes?: PieceHashes,
): Steps<LayoutData> {
  assertStorable(info, directory, hashes);
  const files = fileColumns(info);
  const { pieceLength, pieceCount } = info;
  const flags = new Uint8Array(files.size);
  const flagsWanted = new Uint8Array(new SharedArrayBuffer(files.size));
  let paths = '';
  for (let file = 0; file < files.size; file++) {
    if (file % STEP_ITEMS === 0) {
      if (file > 0) {
        paths += PATH_END;
        yield;
      }
      paths += files.joinPaths(file, file + STEP_ITEMS);
    }
    const isPadding = files.isPadding(file);
    flags[file] = (isPadding ? FLAG_PADDING : 0) | (files.isExecutable(file) ? FLAG_EXECUTABLE : 0);
    flagsWanted[file] = wanted?.[file] === false ? 0 : 1;
  }
  const root = resolve(directory);
  if (hashes !== undefined) yield* hashes.prepare();
  return {
    root: root.endsWith('/') ? root.slice(0, -1) : root,
    rootId: new BigUint64Array(new SharedArrayBuffer(ROOT_ID_BYTES)),
    paths,
    partsName: `.${identityOf(info).toString('hex')}.parts`,
    lengths: files.lengths,
    flags,
    wanted: flagsWanted,
    pieceLength,
    pieceCount,
    payload: yield* payloadSteps(info),
    hashes: info.pieceHashes,
    v2: hashes?.shared,
  };
}

/** What names a torrent's parts file: the SHA-1 info-hash, of a v2-only torrent the SHA-256 one. */
export function identityOf({ infoHash, infoHashV2 }: TorrentInfo): Buffer {
  return Buffer.from(infoHash ?? infoHashV2 ?? new Uint8Array(20));
}
