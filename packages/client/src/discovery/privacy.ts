import type { Metainfo } from '@shoal/metainfo';

/** Whether a torrent is private (BEP 27); of a magnet link it is unknown until the metadata comes. */
export type Privacy = 'public' | 'private' | 'unknown';

/** Of a magnet link's torrent, which has no `metainfo`, it is unknown, unless the user says that it is private. */
export function privacyOf(metainfo: Metainfo | undefined, isSaidToBe: boolean): Privacy {
  if (isSaidToBe || metainfo?.info.private === true) return 'private';
  return metainfo === undefined ? 'unknown' : 'public';
}
