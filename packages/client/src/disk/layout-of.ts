import { resolve } from 'node:path';
import type { TorrentInfo } from '@shoal/metainfo';
import { DiskError } from '../errors.ts';
import { FLAG_EXECUTABLE, FLAG_PADDING, type LayoutData } from './disk-layout.ts';

/** Throws {@link DiskError} for a torrent without SHA-1 piece hashes (v2-only). */
export function assertStorable(info: TorrentInfo, directory: string): void {
  if (info.infoHash !== undefined && info.pieceHashes !== undefined) return;
  throw unsupported(info, directory);
}

/** What the disk has to know of a torrent. Throws {@link DiskError} where it has no SHA-1 piece hashes (v2-only). */
export function layoutOf(
  info: TorrentInfo,
  directory: string,
  wanted: readonly boolean[] | undefined,
): LayoutData {
  const { infoHash, pieceHashes, files, pieceLength, pieceCount } = info;
  if (infoHash === undefined || pieceHashes === undefined) {
    throw unsupported(info, directory);
  }
  const flags = new Uint8Array(files.length);
  const flagsWanted = new Uint8Array(new SharedArrayBuffer(files.length));
  for (const [index, { attributes }] of files.entries()) {
    flags[index] =
      (attributes.padding ? FLAG_PADDING : 0) | (attributes.executable ? FLAG_EXECUTABLE : 0);
    flagsWanted[index] = wanted?.[index] === false ? 0 : 1;
  }
  const root = resolve(directory);
  return {
    root: root.endsWith('/') ? root.slice(0, -1) : root,
    paths: files.map((file) => file.path),
    partsName: `.${Buffer.from(infoHash).toString('hex')}.parts`,
    lengths: Float64Array.from(files, (file) => file.length),
    flags,
    wanted: flagsWanted,
    pieceLength,
    pieceCount,
    hashes: pieceHashes,
  };
}

function unsupported({ name }: TorrentInfo, directory: string): DiskError {
  const message = `"${name}" is a v2-only torrent, which cannot be stored yet`;
  return new DiskError('ERR_DISK_UNSUPPORTED', message, { path: directory });
}
