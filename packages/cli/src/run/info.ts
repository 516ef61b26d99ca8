import { fileColumns, magnetOf, parseMagnet, toHex } from '@shoal/metainfo';
import type { FileAttributes, MagnetLink, Metainfo, TorrentInfo } from '@shoal/metainfo';
import type { InfoArgs } from '../commands/inspect.ts';
import { ExitCode } from '../exit-codes.ts';
import { isMagnet, loadTorrent, loadTorrentNow } from '../load-torrent.ts';
import { treeLines } from './file-tree.ts';
import { fileLines } from './list-files.ts';
import { formatBytes } from '../terminal/format.ts';
import { jsonLine, plainText } from '../terminal/plain-text.ts';
import type { World } from '../world.ts';
import { writeTexts } from '../write-texts.ts';

/** Which formats a torrent has: a hybrid has both. */
type Kind = 'v1' | 'v2' | 'hybrid';

const KINDS: Readonly<Record<Kind, string>> = {
  v1: 'v1',
  v2: 'v2',
  hybrid: 'hybrid: v1 and v2',
};

/** What `info --json` prints: the same fields for a torrent and a magnet link, `null` where nothing is known. */
export interface InfoReport {
  readonly name: string | null;
  readonly infoHash: string | null;
  readonly infoHashV2: string | null;
  readonly kind: Kind | null;
  readonly length: number | null;
  readonly pieceLength: number | null;
  readonly pieceCount: number | null;
  readonly private: boolean | null;
  readonly source: string | null;
  readonly comment: string | null;
  readonly createdBy: string | null;
  readonly creationDate: number | null;
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly files: readonly ReportedFile[] | null;
  readonly magnet: string;
}

/** A file in {@link InfoReport}. */
export interface ReportedFile {
  readonly index: number;
  readonly path: string;
  readonly length: number;
  readonly offset: number;
  readonly piecesRoot?: string;
  readonly attributes: string;
  readonly symlink?: string;
}

/** All of a report that is not as long as the torrent has files. */
type Summary = Omit<InfoReport, 'files'>;

/** `shoal info` */
export async function runInfo(args: InfoArgs, world: World): Promise<number> {
  const metainfo = isMagnet(args.torrent)
    ? undefined
    : (loadTorrentNow(args.torrent) ?? (await loadTorrent(args.torrent)));
  const report =
    metainfo === undefined
      ? summaryOfMagnet(args.torrent, parseMagnet(args.torrent))
      : summaryOf(metainfo);
  if (args.json) await writeTexts(world, jsonTexts(report, metainfo?.info));
  else if (!args.quiet) {
    const isTree = args.tree && metainfo !== undefined;
    const files = isTree ? await treeLines(metainfo.info) : metainfo && fileLines(metainfo.info);
    await writeTexts(world, describe(report, files ?? []));
  }
  return ExitCode.done;
}

/** What there is to say of a torrent but its files. */
function summaryOf(metainfo: Metainfo): Summary {
  const { info } = metainfo;
  return {
    name: info.name,
    infoHash: info.infoHash === undefined ? null : toHex(info.infoHash),
    infoHashV2: info.infoHashV2 === undefined ? null : toHex(info.infoHashV2),
    kind: kindOf(info),
    length: info.length,
    pieceLength: info.pieceLength,
    pieceCount: info.pieceCount,
    private: info.private,
    source: info.source ?? null,
    comment: metainfo.comment ?? null,
    createdBy: metainfo.createdBy ?? null,
    creationDate: metainfo.creationDate ?? null,
    trackers: metainfo.trackers,
    webSeeds: metainfo.webSeeds,
    nodes: metainfo.nodes,
    magnet: magnetOf(metainfo),
  };
}

/** What a torrent is; a link does not say it: one hash may be one of a hybrid's. */
function kindOf({ infoHash, infoHashV2 }: Metainfo['info']): Kind {
  if (infoHashV2 === undefined) return 'v1';
  return infoHash === undefined ? 'v2' : 'hybrid';
}

/** What there is to say of a link. */
function summaryOfMagnet(magnet: string, link: MagnetLink): Summary {
  return {
    name: link.name ?? null,
    infoHash: link.infoHash === undefined ? null : toHex(link.infoHash),
    infoHashV2: link.infoHashV2 === undefined ? null : toHex(link.infoHashV2),
    kind: null,
    length: link.exactLength ?? null,
    pieceLength: null,
    pieceCount: null,
    private: null,
    source: null,
    comment: null,
    createdBy: null,
    creationDate: null,
    trackers: link.trackers.map((url) => [url]),
    webSeeds: link.webSeeds,
    nodes: [],
    magnet,
  };
}

/** The letters of BEP 47: executable, hidden, symlink. */
function lettersOf({ executable, hidden, symlink }: FileAttributes): string {
  return [executable && 'x', hidden && 'h', symlink !== undefined && 'l'].filter(Boolean).join('');
}

/** An {@link InfoReport} as one line of JSON, a file at a time. */
function* jsonTexts(
  { magnet, ...summary }: Summary,
  info: TorrentInfo | undefined,
): Generator<string, void, undefined> {
  yield jsonLine(summary).replace(/\}\n$/, ',"files":');
  if (info === undefined) yield 'null';
  else {
    yield '[';
    let separator = '';
    for (const file of reportedFiles(info)) {
      yield `${separator}${jsonLine(file).trimEnd()}`;
      separator = ',';
    }
    yield ']';
  }
  yield jsonLine({ magnet }).replace('{', ',');
}

function* reportedFiles(info: TorrentInfo): Generator<ReportedFile, void, undefined> {
  const columns = fileColumns(info);
  for (let index = 0; index < columns.size; index++) {
    if (columns.isPadding(index)) continue;
    const piecesRoot = columns.piecesRootOf(index);
    const attributes = columns.attributesOf(index);
    yield {
      index,
      path: columns.pathOf(index),
      length: columns.lengths[index] ?? 0,
      offset: columns.offsets[index] ?? 0,
      ...(piecesRoot === undefined ? {} : { piecesRoot: toHex(piecesRoot) }),
      attributes: lettersOf(attributes),
      ...(attributes.symlink === undefined ? {} : { symlink: attributes.symlink }),
    };
  }
}

/** The report for a person; `files` are its lines. */
function* describe(report: Summary, files: Iterable<string>): Generator<string, void, undefined> {
  const lines: string[] = [];
  const line = (label: string, value: string | number | null): void => {
    if (value !== null) lines.push(`${`${label}:`.padEnd(12)} ${plainText(String(value))}`);
  };
  line('Name', report.name);
  line('Info-hash', report.infoHash);
  line('v2 hash', report.infoHashV2);
  line('Kind', report.kind === null ? null : KINDS[report.kind]);
  if (report.length !== null) {
    line('Size', `${formatBytes(report.length)} (${report.length} bytes)`);
  }
  if (report.pieceCount !== null && report.pieceLength !== null) {
    line('Pieces', `${report.pieceCount} of ${formatBytes(report.pieceLength)}`);
  }
  if (report.private === true) line('Private', 'yes');
  line('Source', report.source);
  line('Comment', report.comment);
  line('Created by', report.createdBy);
  if (report.creationDate !== null) line('Created', dateOf(report.creationDate));
  for (const [index, tier] of report.trackers.entries()) {
    line(index === 0 ? 'Trackers' : '', tier.join(' '));
  }
  for (const [index, url] of report.webSeeds.entries()) line(index === 0 ? 'Web seeds' : '', url);
  for (const [index, { host, port }] of report.nodes.entries()) {
    line(index === 0 ? 'Nodes' : '', `${host}:${port}`);
  }
  yield `${lines.join('\n')}\n`.replaceAll(/^:/gm, ' ');
  let isFirst = true;
  for (const file of files) {
    if (isFirst) yield 'Files:\n';
    isFirst = false;
    yield file;
  }
  lines.length = 0;
  line('Magnet', report.magnet);
  yield `${lines.join('\n')}\n`;
}

/** A date as text; the number itself where it is beyond what a calendar holds. */
function dateOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}
