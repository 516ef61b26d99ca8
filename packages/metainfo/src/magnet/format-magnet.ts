import { MetainfoError } from '../errors.ts';
import { toHex } from '../hex.ts';
import { SHA1_LENGTH, SHA256_LENGTH } from '../limits.ts';
import type { Metainfo } from '../types.ts';
import { encodePercent } from './percent.ts';
import { formatSelectOnly } from './select-only.ts';
import type { MagnetLink } from './types.ts';

/** A link as {@link MagnetLink}, with lists that may be left out. */
export type MagnetInput = Partial<MagnetLink>;

/**
 * Write a magnet link (BEP 9, BEP 52, BEP 53). Throws ERR_METAINFO_INVALID_MAGNET where there is no info-hash, or one of a
 * wrong length.
 */
export function formatMagnet(link: MagnetInput): string {
  const { infoHash, infoHashV2, name, selectOnly, exactLength } = link;
  const parameters: string[] = [];
  if (infoHash !== undefined) {
    checkLength(infoHash, SHA1_LENGTH);
    parameters.push(`xt=urn:btih:${toHex(infoHash)}`);
  }
  if (infoHashV2 !== undefined) {
    checkLength(infoHashV2, SHA256_LENGTH);
    parameters.push(`xt=urn:btmh:1220${toHex(infoHashV2)}`);
  }
  if (parameters.length === 0) {
    throw new MetainfoError('ERR_METAINFO_INVALID_MAGNET', 'a magnet link needs an info-hash');
  }
  if (name !== undefined && name !== '') parameters.push(`dn=${encodePercent(name)}`);
  if (exactLength !== undefined) parameters.push(`xl=${exactLength}`);
  for (const url of link.trackers ?? []) parameters.push(`tr=${encodePercent(url)}`);
  for (const url of link.webSeeds ?? []) parameters.push(`ws=${encodePercent(url)}`);
  for (const url of link.exactSources ?? []) parameters.push(`xs=${encodePercent(url)}`);
  for (const { host, port } of link.peers ?? []) {
    parameters.push(`x.pe=${host.includes(':') ? `[${host}]` : host}:${port}`);
  }
  if (selectOnly !== undefined && selectOnly.length > 0) {
    parameters.push(`so=${formatSelectOnly(selectOnly)}`);
  }
  return `magnet:?${parameters.join('&')}`;
}

/** The magnet link of a torrent, with its name, length, trackers and web seeds. */
export function magnetOf({ info, trackers, webSeeds }: Metainfo): string {
  return formatMagnet({
    infoHash: info.infoHash,
    infoHashV2: info.infoHashV2,
    name: info.originalName ?? info.name,
    exactLength: info.length,
    trackers: trackers.flat(),
    webSeeds,
  });
}

function checkLength(hash: Uint8Array, length: number): void {
  if (hash.length === length) return;
  throw new MetainfoError(
    'ERR_METAINFO_INVALID_MAGNET',
    `an info-hash has ${length} bytes, not ${hash.length}`,
  );
}
