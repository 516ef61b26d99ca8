import type { BencodeNode } from '@shoal/bencode';
import { MetainfoError } from './errors.ts';
import { itemsOf, safeIntegerOf, textField, textOf, urlOf } from './fields.ts';
import type { MetainfoLimits } from './limits.ts';
import { SHA1_LENGTH } from './limits.ts';
import type { ParseAsyncOptions, ParseOptions } from './parse-context.ts';
import { contextOf, parseBencode } from './parse-context.ts';
import { readInfo } from './parse-info.ts';
import type { Steps } from './steps.ts';
import { runInSlices, runNow } from './steps.ts';
import type { Metainfo, TorrentNode } from './types.ts';
import { readPieceLayers } from './v2/read-layers.ts';

/** The last second a `Date` can hold, as Unix time. */
const MAX_UNIX_TIME = 8_640_000_000_000;

/**
 * Parse and validate a .torrent file. What the download needs must be right, else this throws {@link MetainfoError};
 * optional fields of a wrong type are ignored, as all clients do. The result refers to `bytes`: do not write to them.
 *
 * The info-hash covers the info dictionary's original bytes, also where they are not canonical bencode.
 */
export function parseMetainfo(bytes: Uint8Array, options: ParseOptions = {}): Metainfo {
  return runNow(metainfoSteps(bytes, options));
}

/**
 * {@link parseMetainfo} without keeping the thread for long, whatever the size of the torrent: for one of 100,000 files or
 * more than a few thousand pieces of version 2. Do not write to `bytes` meanwhile. Rejects with {@link MetainfoError}, or with
 * the reason of the signal when that is aborted.
 */
export function parseMetainfoAsync(
  bytes: Uint8Array,
  options: ParseAsyncOptions = {},
): Promise<Metainfo> {
  return runInSlices(metainfoSteps(bytes, options), options.signal);
}

function* metainfoSteps(bytes: Uint8Array, options: ParseOptions): Steps<Metainfo> {
  const context = contextOf(options);
  const { limits } = context;
  const source = yield* parseBencode(bytes, limits);
  const { root } = source;
  const infoNode = root.get('info');
  if (infoNode?.type !== 'dictionary') {
    throw new MetainfoError('ERR_METAINFO_NOT_A_TORRENT', 'there is no info dictionary');
  }
  const info = yield* readInfo(infoNode, source, context);
  return {
    info,
    trackers: readTrackers(root, limits),
    webSeeds: readUrls(root.get('url-list'), limits),
    httpSeeds: readUrls(root.get('httpseeds'), limits),
    nodes: readNodes(root.get('nodes'), limits),
    comment: textField(root, 'comment', limits.maxTextLength),
    createdBy: textField(root, 'created by', limits.maxTextLength),
    creationDate: readDate(root.get('creation date')),
    collections: readCollections([infoNode, root], limits),
    similar: readSimilar([infoNode, root], limits),
    pieceLayers: yield* readPieceLayers(root.get('piece layers'), info),
  };
}

/** BEP 12: `announce-list` where it names a tracker, else `announce`. Each URL counts once, where it stands first. */
function readTrackers(root: BencodeNode, limits: MetainfoLimits): string[][] {
  const tiers: string[][] = [];
  const seen = new Set<string>();
  for (const tierNode of itemsOf(root.get('announce-list'))) {
    const tier: string[] = [];
    for (const node of itemsOf(tierNode)) {
      if (seen.size >= limits.maxTrackers) break;
      const url = urlOf(node, limits.maxUrlLength);
      if (url === undefined || seen.has(url)) continue;
      seen.add(url);
      tier.push(url);
    }
    if (tier.length > 0) tiers.push(tier);
  }
  if (tiers.length > 0) return tiers;
  const announce = urlOf(root.get('announce'), limits.maxUrlLength);
  return announce === undefined ? [] : [[announce]];
}

/** A list of URLs, or a single one without a list (BEP 19). */
function readUrls(node: BencodeNode | undefined, limits: MetainfoLimits): string[] {
  const urls = new Set<string>();
  for (const item of node?.type === 'bytes' ? [node] : itemsOf(node)) {
    if (urls.size >= limits.maxWebSeeds) break;
    const url = urlOf(item, limits.maxUrlLength);
    if (url !== undefined) urls.add(url);
  }
  return [...urls];
}

/** BEP 5: pairs of host and port. */
function readNodes(node: BencodeNode | undefined, limits: MetainfoLimits): TorrentNode[] {
  const nodes: TorrentNode[] = [];
  for (const pair of itemsOf(node)) {
    if (nodes.length >= limits.maxNodes) break;
    if (pair.type !== 'list' || pair.size < 2) continue;
    const [hostNode, portNode] = pair.items();
    const host = urlOf(hostNode, limits.maxUrlLength);
    const port = safeIntegerOf(portNode);
    if (host === undefined || port === undefined || port < 1 || port > 0xffff) continue;
    nodes.push({ host, port });
  }
  return nodes;
}

function readDate(node: BencodeNode | undefined): number | undefined {
  const date = safeIntegerOf(node);
  return date !== undefined && date >= 0 && date <= MAX_UNIX_TIME ? date : undefined;
}

function readCollections(places: readonly BencodeNode[], limits: MetainfoLimits): string[] {
  const collections = new Set<string>();
  for (const place of places) {
    for (const node of itemsOf(place.get('collections'))) {
      if (collections.size >= limits.maxSimilar) break;
      const text = node.type === 'bytes' && node.size <= limits.maxUrlLength ? textOf(node) : '';
      if (text !== undefined && text !== '') collections.add(text);
    }
  }
  return [...collections];
}

function readSimilar(places: readonly BencodeNode[], limits: MetainfoLimits): Uint8Array[] {
  const similar: Uint8Array[] = [];
  for (const place of places) {
    for (const node of itemsOf(place.get('similar'))) {
      if (similar.length >= limits.maxSimilar) break;
      if (node.type === 'bytes' && node.size === SHA1_LENGTH) similar.push(node.asBytes());
    }
  }
  return similar;
}
