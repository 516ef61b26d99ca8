import type { TorrentInfo } from '@shoal/metainfo';

/** Characters of a web seed's URL; servers commonly stop at 8 KiB, and the path of a file comes on top. */
const MAX_URL_LENGTH = 4096;

/** A web seed's URL, or why it cannot be one. */
export type SeedUrl = { readonly url: URL } | { readonly reason: string };

/** Reads the URL of a web seed: `http:` or `https:`. */
export function readSeedUrl(text: string): SeedUrl {
  if (text.length > MAX_URL_LENGTH) return { reason: 'Its URL is too long' };
  if (!URL.canParse(text)) return { reason: 'Its URL cannot be read' };
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return { reason: `It is not of the web, but of the scheme "${url.protocol.slice(0, -1)}"` };
  }
  return { url };
}

/** As it may be shown: without credentials. */
export function shownUrl(text: string): string {
  if (!URL.canParse(text)) return text.slice(0, MAX_URL_LENGTH);
  const url = new URL(text);
  url.username = '';
  url.password = '';
  return url.href;
}

/**
 * Where a file of a torrent is (BEP 19). The URL of a single-file torrent is that of the file, unless it ends with a slash; else it
 * is the folder that the torrent's name is in. Names are those that the torrent gives, not those they have on disk here. A query
 * stays at the end. Undefined for a file that no URL can name: `..` would lead elsewhere.
 */
export function fileUrl(
  base: URL,
  info: Pick<TorrentInfo, 'name' | 'originalName' | 'multiFile' | 'files'>,
  fileIndex: number,
): string | undefined {
  const { pathname } = base;
  const isFolder = pathname.endsWith('/');
  if (!info.multiFile && !isFolder) return `${originOf(base)}${pathname}${base.search}`;
  const names = [info.originalName ?? info.name];
  const file = info.files[fileIndex];
  if (info.multiFile) {
    if (file === undefined) return undefined;
    names.push(...(file.originalPath ?? file.path.split('/').slice(1)));
  }
  if (names.some((name) => name === '' || name === '.' || name === '..')) return undefined;
  const path = names.map(escaped).join('/');
  return `${originOf(base)}${pathname}${isFolder ? '' : '/'}${path}${base.search}`;
}

/**
 * Where bytes of a piece are (BEP 17).
 * @param infoHash SHA-1 of the info dictionary, 20 bytes
 * @param range bytes within the piece, both included; undefined: the whole piece
 */
export function pieceUrl(
  base: URL,
  infoHash: Uint8Array,
  piece: number,
  range: { readonly first: number; readonly last: number } | undefined,
): string {
  let hash = '';
  for (const byte of infoHash) hash += `%${byte.toString(16).padStart(2, '0')}`;
  const ranges = range === undefined ? '' : `&ranges=${range.first}-${range.last}`;
  const before = base.search === '' ? '?' : `${base.search}&`;
  return `${originOf(base)}${base.pathname}${before}info_hash=${hash}&piece=${piece}${ranges}`;
}

/** Scheme, host and port; credentials go into a header. */
function originOf(url: URL): string {
  return `${url.protocol}//${url.host}`;
}

/** A name as one component of a path, as UTF-8; half a surrogate pair, which is no text, becomes U+FFFD. */
function escaped(name: string): string {
  return encodeURIComponent(Buffer.from(name).toString());
}
