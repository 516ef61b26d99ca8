import { lstat, stat } from 'node:fs/promises';
import { chosenNameFault, nameFault } from '../given-values.ts';
import { DEFAULT_LIMITS, SHA1_LENGTH } from '../limits.ts';
import { parseMetainfo } from '../parse-metainfo.ts';
import type { Metainfo } from '../types.ts';
import { tooLong } from './bencode-writer.ts';
import { checkReadable } from './check-readable.ts';
import { collectFiles } from './collect-files.ts';
import type { FileOrder, SourceFile, SourceTree } from './collect-files.ts';
import { changedError, CreateError, fileError } from './errors.ts';
import { hashPieces, roomForHashes } from './hash-pieces.ts';
import { draftInfo } from './info-writer.ts';
import type { CreateOptions, TorrentFormat } from './options.ts';
import { outerKeys } from './outer-keys.ts';
import type { OuterKeys } from './outer-keys.ts';
import { Pauses } from './pauses.ts';
import { pieceLayersLength, putRoots } from './piece-layers.ts';
import {
  alignedPieceLength,
  automaticPieceLength,
  checkedPieceLength,
  isV2PieceLength,
} from './piece-length.ts';
import { layOut } from './piece-space.ts';
import type { PieceSpace } from './piece-space.ts';

/** A new torrent: the .torrent file's bytes, and what a parser reads in them. */
export interface CreatedTorrent {
  /** The .torrent file. */
  readonly bytes: Uint8Array;
  /**
   * What a parser reads in {@link bytes}. It is read when it is first asked for, at once: with a hundred thousand files
   * `parseMetainfoAsync(bytes)` is kinder to the thread.
   */
  readonly metainfo: Metainfo;
}

/**
 * Files of a torrent that is hybrid without being asked for: each one takes some thirty tokens of bencode there, and libtorrent
 * reads three million.
 */
const MOST_HYBRID_FILES = 90_000;
/** Links and empty files looked at at once. */
const CONCURRENT_LOOKS = 64;

/**
 * Makes a torrent (BEP 3, BEP 52, or both in one) of a file or of all files in a folder, hidden and empty ones included. Files
 * stand in the order of the raw bytes of their paths (v1) or of the components of these (hybrid and v2), so that the same
 * folder gives the same info-hash everywhere. Worker threads read and hash, each byte once; the calling thread is never held
 * up for long, however many files there are.
 *
 * @throws {CreateError} what is wrong with the options, a name or a file; the file is named in `path`.
 */
export async function createTorrent(
  path: string,
  options: CreateOptions = {},
): Promise<CreatedTorrent> {
  try {
    return new Created(await create(path, options));
  } finally {
    await options.threads?.close();
  }
}

class Created implements CreatedTorrent {
  readonly bytes: Uint8Array;
  #metainfo: Metainfo | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get metainfo(): Metainfo {
    this.#metainfo ??= parseMetainfo(this.bytes);
    return this.#metainfo;
  }
}

async function create(path: string, options: CreateOptions): Promise<Uint8Array> {
  const { signal } = options;
  signal?.throwIfAborted();
  const pauses = new Pauses(signal);
  const outer = outerKeys(options);
  const workers = checkedWorkers(options.workers);
  checkSimilar(options.similar);
  let format = formatOf(options);
  if (options.pieceLength !== undefined) checkedPieceLength(options.pieceLength, format);
  let tree = await collectFiles(path, { ...options, order: orderOf(format) });
  if (options.format === undefined && tree.files.length > MOST_HYBRID_FILES) {
    format = 'v1';
    tree = await collectFiles(path, { ...options, order: orderOf(format) });
  }
  const space = await layOut(tree, format, pieceLengthFor(tree, path, format, options), pauses);
  checkPieceCount(space);
  const keys = {
    name: checkedName(options.name, tree.name),
    private: options.private === true,
    attributes: options.attributes ?? (format === 'v1' ? [] : (['executable'] as const)),
    similar: options.similar,
    collections: options.collections,
    source: options.source,
  };
  const draft = await draftInfo(tree, space, keys, pauses);
  const layersLength = format === 'v1' ? 0 : pieceLayersLength(space);
  checkLength(outer, draft.bytes, layersLength);
  await checkReadable(draft, keys.name, space, pauses, signal);
  const room = roomForHashes(space, draft.digests);
  await hashPieces(space, room, pauses, { ...options, workers });
  const { hashes } = room;
  const layers = hashes && (await putRoots(draft, space, hashes, pauses));
  await checkUnhashed(tree.files, signal);
  return assemble(outer, draft.bytes, layers);
}

function formatOf({ format, pieceLength }: CreateOptions): TorrentFormat {
  if (format !== undefined) return format;
  return pieceLength === undefined || isV2PieceLength(pieceLength) ? 'hybrid' : 'v1';
}

function orderOf(format: TorrentFormat): FileOrder {
  return format === 'v1' ? 'path' : 'tree';
}

function pieceLengthFor(
  { files }: SourceTree,
  path: string,
  format: TorrentFormat,
  options: CreateOptions,
): number {
  const totalLength = files.reduce((sum, { length }) => sum + length, 0);
  if (totalLength === 0) {
    throw new CreateError('ERR_METAINFO_CREATE_EMPTY', `${path} holds no data`, { path });
  }
  if (options.pieceLength !== undefined) return options.pieceLength;
  return format === 'v1'
    ? automaticPieceLength(totalLength)
    : alignedPieceLength(files, totalLength);
}

function checkPieceCount({ pieceCount }: PieceSpace): void {
  if (pieceCount <= DEFAULT_LIMITS.maxPieces) return;
  throw new CreateError(
    'ERR_METAINFO_CREATE_LIMIT',
    `${pieceCount} pieces are more than the ${DEFAULT_LIMITS.maxPieces} that can be read: choose larger ones`,
  );
}

/** A name that was chosen, or that of the file or folder. */
function checkedName(chosen: string | undefined, found: string): string {
  const fault = chosen === undefined ? nameFault(found) : chosenNameFault(chosen);
  if (fault !== undefined) throw new CreateError('ERR_METAINFO_CREATE_NAME', fault);
  return chosen ?? found;
}

function checkedWorkers(workers: number | undefined): number | undefined {
  if (workers !== undefined && (!Number.isInteger(workers) || workers < 1 || workers > 256)) {
    throw new CreateError('ERR_METAINFO_CREATE_OPTION', 'workers must be a number from 1 to 256');
  }
  return workers;
}

function checkSimilar(similar: readonly Uint8Array[] = []): void {
  if (similar.every(({ length }) => length === SHA1_LENGTH)) return;
  throw new CreateError(
    'ERR_METAINFO_CREATE_OPTION',
    `The info-hash of a similar torrent has ${SHA1_LENGTH} bytes`,
  );
}

const DICTIONARY = Buffer.from('d');
const END = Buffer.from('e');
/** Key of the info dictionary. */
const INFO = Buffer.from('4:info');
/** Key of the piece layers. */
const LAYERS = Buffer.from('12:piece layers');

function checkLength(outer: OuterKeys, info: Uint8Array, layersLength: number): void {
  const { before, between, after } = outer;
  const others = before.length + between.length + after.length + INFO.length + LAYERS.length;
  const length = others + info.length + layersLength + DICTIONARY.length + END.length;
  if (length > DEFAULT_LIMITS.maxLength) throw tooLong(length, DEFAULT_LIMITS.maxLength);
}

function assemble(
  { before, between, after }: OuterKeys,
  info: Uint8Array,
  layers: Uint8Array | undefined,
): Uint8Array {
  const parts = [DICTIONARY, before, INFO, info, between];
  if (layers !== undefined) parts.push(LAYERS, layers);
  parts.push(after, END);
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Workers never see empty files and links, so whether they are what they were is asked here. */
async function checkUnhashed(
  files: readonly SourceFile[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const unhashed = files.filter(({ length }) => length === 0);
  for (let at = 0; at < unhashed.length; at += CONCURRENT_LOOKS) {
    signal?.throwIfAborted();
    const looks = unhashed.slice(at, at + CONCURRENT_LOOKS).map((file) => checkUnchanged(file));
    for (const look of await Promise.allSettled(looks)) {
      if (look.status === 'rejected') throw look.reason;
    }
  }
}

async function checkUnchanged({ path, mtimeMs, link }: SourceFile): Promise<void> {
  const stats = await (link === undefined ? stat(path) : lstat(path)).catch((error: unknown) => {
    throw fileError(error, path);
  });
  const same = link === undefined ? stats.size === 0 : stats.mtimeMs === mtimeMs;
  if (!same) throw changedError(path);
}
