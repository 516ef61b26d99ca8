import { keyFromBytes, parse } from '@shoal/bencode';
import type { BencodeNode } from '@shoal/bencode';
import { MetainfoError } from '../errors.ts';
import { chosenNameFault, dateFault, nodeFault, urlFault } from '../given-values.ts';
import type { UrlKind } from '../given-values.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { parseMetainfo } from '../parse-metainfo.ts';
import type { Metainfo, TorrentNode } from '../types.ts';
import type { ListChange, TorrentChanges, TrackerChange } from './changes.ts';
import { RawDictionary } from './raw-dictionary.ts';

/** A torrent that was changed. */
export interface EditedTorrent {
  /** The new .torrent file. */
  readonly bytes: Uint8Array;
  /** What a parser reads in {@link bytes}. */
  readonly metainfo: Metainfo;
  /** What a parser reads in the bytes given. */
  readonly before: Metainfo;
}

/**
 * Changes a .torrent file. The info dictionary stays byte for byte what it is, and with it the info-hash, unless
 * {@link TorrentChanges.info} asks for something else there; so do piece layers, and keys that nobody knows.
 *
 * Throws ERR_METAINFO_EDIT_OPTION for a change that cannot be made, and as {@link parseMetainfo} does for bytes that are no
 * torrent, or would be none any more.
 */
export function editTorrent(bytes: Uint8Array, changes: TorrentChanges): EditedTorrent {
  const before = parseMetainfo(bytes);
  // As it has been read already: within the same limits.
  const { maxLength, maxDepth, maxTokens } = DEFAULT_LIMITS;
  const { root } = parse(bytes, { lenient: true, maxLength, maxDepth, maxTokens });
  const edited = new RawDictionary(root);
  changeTrackers(edited, before, changes.trackers);
  const { webSeeds, httpSeeds } = changes;
  changeUrls(edited, 'url-list', before.webSeeds, webSeeds, 'web seed');
  changeUrls(edited, 'httpseeds', before.httpSeeds, httpSeeds, 'HTTP seed');
  changeNodes(edited, before.nodes, changes.nodes);
  changeText(edited, 'comment', changes.comment);
  changeText(edited, 'created by', changes.createdBy);
  changeDate(edited, changes.creationDate);
  const info = root.get('info');
  if (info !== undefined && changes.info !== undefined) changeInfo(edited, info, changes.info);
  const result = edited.changed ? edited.encode() : bytes;
  return { bytes: result, metainfo: parseMetainfo(result), before };
}

function changeTrackers(
  edited: RawDictionary,
  before: Metainfo,
  change: TrackerChange | undefined,
): void {
  if (change === undefined) return;
  const { clear = false, remove = [], add = [] } = change;
  mustHave(before.trackers.flat(), remove, 'tracker');
  const tiers = clear
    ? []
    : before.trackers.map((tier) => tier.filter((url) => !remove.includes(url)));
  const known = new Set(tiers.flat());
  for (const urls of add) {
    const tier = urls.filter((url) => !known.has(url));
    for (const url of tier) {
      mustBe(urlFault(url, 'tracker'));
      known.add(url);
    }
    tiers.push([...new Set(tier)]);
  }
  const used = tiers.filter((tier) => tier.length > 0);
  edited.set('announce', used[0]?.[0]);
  edited.set('announce-list', known.size > 1 ? used : undefined);
}

function changeUrls(
  edited: RawDictionary,
  key: string,
  before: readonly string[],
  change: ListChange<string> | undefined,
  kind: UrlKind,
): void {
  if (change === undefined) return;
  for (const url of change.add ?? []) mustBe(urlFault(url, kind));
  mustHave(before, change.remove ?? [], kind);
  const urls = changed(before, change);
  edited.set(key, urls.length > 0 ? urls : undefined);
}

function changeNodes(
  edited: RawDictionary,
  before: readonly TorrentNode[],
  change: ListChange<TorrentNode> | undefined,
): void {
  if (change === undefined) return;
  const { clear = false, remove = [], add = [] } = change;
  for (const node of add) mustBe(nodeFault(node));
  const nodes = new Map([...before, ...remove, ...add].map((node) => [textOfNode(node), node]));
  const texts = before.map(textOfNode);
  mustHave(texts, remove.map(textOfNode), 'DHT node');
  const asTexts = { clear, remove: remove.map(textOfNode), add: add.map(textOfNode) };
  const pairs: [string, number][] = [];
  for (const text of changed(texts, asTexts)) {
    const node = nodes.get(text);
    if (node !== undefined) pairs.push([node.host, node.port]);
  }
  edited.set('nodes', pairs.length > 0 ? pairs : undefined);
}

function textOfNode({ host, port }: TorrentNode): string {
  return `${host}:${port}`;
}

/** A list after a change, each item once. */
function changed<T>(before: readonly T[], change: ListChange<T>): T[] {
  const { clear = false, remove = [], add = [] } = change;
  const kept = clear ? [] : before.filter((item) => !remove.includes(item));
  return [...new Set([...kept, ...add])];
}

/** A text, and its `.utf-8` variant, which readers prefer: only one of them is written. */
function changeText(edited: RawDictionary, key: string, text: string | null | undefined): void {
  if (text === undefined) return;
  edited.set(key, text ?? undefined);
  edited.set(`${key}.utf-8`, undefined);
}

function changeDate(edited: RawDictionary, date: number | null | undefined): void {
  if (date === undefined) return;
  if (date !== null) mustBe(dateFault(date));
  edited.set('creation date', date ?? undefined);
}

function changeInfo(
  edited: RawDictionary,
  node: BencodeNode,
  change: NonNullable<TorrentChanges['info']>,
): void {
  const info = new RawDictionary(node);
  const { name, source } = change;
  changeText(info, 'source', source);
  if (change.private === false) info.set('private', undefined);
  // Any value but 0 makes it private: one that does is left alone.
  else if (change.private === true && !isPrivate(node)) info.set('private', 1);
  if (name !== undefined) {
    mustBe(chosenNameFault(name));
    changeText(info, 'name', name);
    renameInTree(info, node, name);
  }
  if (info.changed) edited.setRaw('info', info.encode());
}

function isPrivate(info: BencodeNode): boolean {
  const node = info.get('private');
  return node !== undefined && (node.type !== 'integer' || node.asInteger() !== 0);
}

/** The name of a single file also stands in the file tree (BEP 52). */
function renameInTree(info: RawDictionary, node: BencodeNode, name: string): void {
  const tree = node.get('file tree');
  if (node.has('files') || tree?.type !== 'dictionary' || tree.size !== 1) return;
  const [entry] = tree.entries();
  if (entry?.[1].type !== 'dictionary' || !entry[1].has('')) return;
  const renamed = new RawDictionary(tree);
  renamed.setRaw(entry[0], undefined);
  renamed.setRaw(keyFromBytes(Buffer.from(name)), entry[1].source());
  info.setRaw('file tree', renamed.encode());
}

function mustHave(items: readonly string[], removed: readonly string[], kind: string): void {
  for (const item of removed) {
    if (!items.includes(item)) throw invalid(`The torrent has no ${kind} ${item}`);
  }
}

function mustBe(fault: string | undefined): void {
  if (fault !== undefined) throw invalid(fault);
}

function invalid(message: string): MetainfoError {
  return new MetainfoError('ERR_METAINFO_EDIT_OPTION', message);
}
