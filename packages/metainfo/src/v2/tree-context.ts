import { MetainfoError } from '../errors.ts';
import type { MetainfoLimits } from '../limits.ts';
import type { NameRules } from '../safe-path.ts';

/** What a v2-only torrent's tree is read with. */
export interface TreeContext {
  /** The torrent's name, made safe. */
  readonly name: string;
  readonly pieceLength: number;
  readonly limits: MetainfoLimits;
  readonly rules: NameRules;
}

/** Bytes from the end of a file to the next piece. */
export function gapBehind(length: number, pieceLength: number): number {
  const rest = length % pieceLength;
  return rest === 0 ? 0 : pieceLength - rest;
}

/** Path of a padding file, which stands nowhere on disk: as libtorrent has it. */
export function paddingPath(name: string, length: number): string {
  return `${name}/.pad/${length}`;
}

/** Throws ERR_METAINFO_TOO_MANY_FILES. */
export function checkFileCount(count: number, { maxFiles }: MetainfoLimits): void {
  if (count <= maxFiles) return;
  throw new MetainfoError(
    'ERR_METAINFO_TOO_MANY_FILES',
    `the torrent has more files, with their padding, than the limit of ${maxFiles}`,
  );
}
