import { stat } from 'node:fs/promises';
import { encode } from '@shoal/bencode';
import type { BencodeInput } from '@shoal/bencode';
import { MetainfoError } from '../errors.ts';
import { DEFAULT_LIMITS, SHA1_LENGTH } from '../limits.ts';
import { parseMetainfo } from '../parse-metainfo.ts';
import type { Metainfo, TorrentFile } from '../types.ts';
import { collectFiles } from './collect-files.ts';
import type { SourceFile, SourceTree } from './collect-files.ts';
import { changedError, CreateError, fileError } from './errors.ts';
import { hashPieces } from './hash-pieces.ts';
import type { CreateOptions } from './options.ts';
import { automaticPieceLength, checkedPieceLength } from './piece-length.ts';

/** A new torrent: the .torrent file's bytes, and what a parser reads in them. */
export interface CreatedTorrent {
  /** The .torrent file. */
  readonly bytes: Uint8Array;
  /** What a parser reads in {@link bytes}. */
  readonly metainfo: Metainfo;
}

const TRACKER_PROTOCOLS = ['http:', 'https:', 'udp:', 'ws:', 'wss:'];
const WEB_SEED_PROTOCOLS = ['http:', 'https:', 'ftp:'];

/**
 * Makes a torrent (BEP 3, v1) of a file or of all files in a folder, hidden and empty ones included. Files stand in the
 * order of the raw bytes of their paths, so that the same folder gives the same info-hash everywhere. Worker threads read
 * and hash; the calling thread stays free.
 *
 * @throws {CreateError} what is wrong with the options, a name or a file; the file is named in `path`.
 */
export async function createTorrent(
  path: string,
  options: CreateOptions = {},
): Promise<CreatedTorrent> {
  try {
    return await create(path, options);
  } finally {
    await options.threads?.close();
  }
}

async function create(path: string, options: CreateOptions): Promise<CreatedTorrent> {
  options.signal?.throwIfAborted();
  const outer = outerKeys(options);
  const workers = checkedWorkers(options.workers);
  if (options.pieceLength !== undefined) checkedPieceLength(options.pieceLength);
  const tree = await collectFiles(path, options);
  const name = checkedName(options.name ?? tree.name);
  const totalLength = tree.files.reduce((sum, { length }) => sum + length, 0);
  if (totalLength === 0) {
    throw new CreateError('ERR_METAINFO_CREATE_EMPTY', `${path} holds no data`, { path });
  }
  const pieceLength = options.pieceLength ?? automaticPieceLength(totalLength);
  if (totalLength / pieceLength > DEFAULT_LIMITS.maxPieces) {
    throw new CreateError(
      'ERR_METAINFO_CREATE_LIMIT',
      `${Math.ceil(totalLength / pieceLength)} pieces are more than the ${DEFAULT_LIMITS.maxPieces} that can be read: choose larger ones`,
    );
  }
  const content = contentKeys(tree, totalLength);
  const torrentWith = (pieces: Uint8Array): Uint8Array =>
    encode({
      ...outer,
      info: {
        ...content,
        name,
        'piece length': pieceLength,
        pieces,
        private: options.private === true ? 1 : undefined,
        source: options.source,
      },
    });
  const pieceCount = Math.ceil(totalLength / pieceLength);
  checkReadable(tree, name, torrentWith(new Uint8Array(pieceCount * SHA1_LENGTH)));
  const bytes = torrentWith(await hashPieces(tree.files, pieceLength, { ...options, workers }));
  await checkEmptyFiles(tree.files);
  return { bytes, metainfo: parseMetainfo(bytes) };
}

/** `length` of a single file, or `files`. */
function contentKeys(tree: SourceTree, totalLength: number): Record<string, BencodeInput> {
  if (!tree.multiFile) return { length: totalLength };
  return { files: tree.files.map(({ length, components }) => ({ length, path: components })) };
}

/** The keys beside `info`. */
function outerKeys(options: CreateOptions): Record<string, BencodeInput | undefined> {
  const tiers = (options.trackers ?? []).filter((tier) => tier.length > 0);
  for (const url of tiers.flat()) checkUrl(url, TRACKER_PROTOCOLS, 'tracker');
  const webSeeds = options.webSeeds ?? [];
  for (const url of webSeeds) checkUrl(url, WEB_SEED_PROTOCOLS, 'web seed');
  const date =
    options.creationDate === undefined ? Math.floor(Date.now() / 1000) : options.creationDate;
  if (date !== null && !Number.isSafeInteger(date)) {
    throw new CreateError(
      'ERR_METAINFO_CREATE_OPTION',
      'The creation date must be whole seconds since 1970',
    );
  }
  return {
    announce: tiers[0]?.[0],
    'announce-list': tiers.flat().length > 1 ? tiers : undefined,
    comment: options.comment,
    'created by': options.createdBy,
    'creation date': date ?? undefined,
    'url-list': webSeeds.length > 0 ? webSeeds : undefined,
  };
}

function checkUrl(url: string, protocols: readonly string[], what: string): void {
  if (!URL.canParse(url) || !protocols.includes(new URL(url).protocol)) {
    throw new CreateError(
      'ERR_METAINFO_CREATE_OPTION',
      `${url} is no ${what} URL (${protocols.join(', ')})`,
    );
  }
}

function checkedName(name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
    throw new CreateError(
      'ERR_METAINFO_CREATE_NAME',
      `"${name}" cannot be a torrent's name: give another one`,
    );
  }
  return name;
}

function checkedWorkers(workers: number | undefined): number | undefined {
  if (workers !== undefined && (!Number.isInteger(workers) || workers < 1 || workers > 256)) {
    throw new CreateError('ERR_METAINFO_CREATE_OPTION', 'workers must be a number from 1 to 256');
  }
  return workers;
}

/** Workers never see empty files, so whether they are still empty is asked here. */
async function checkEmptyFiles(files: readonly SourceFile[]): Promise<void> {
  for (const { path, length } of files) {
    if (length > 0) continue;
    const stats = await stat(path).catch((error: unknown) => {
      throw fileError(error, path);
    });
    if (stats.size !== 0) throw changedError(path);
  }
}

/**
 * Reads the torrent as others will, before the hours that hashing may take. More files than a reader accepts are refused
 * here, and so is a name that a reader must change to store the file safely (with a control character or a backslash, or one
 * that differs from another by letter case only): the torrent would not find its own files.
 */
function checkReadable(tree: SourceTree, name: string, bytes: Uint8Array): void {
  let files: readonly TorrentFile[];
  try {
    ({ files } = parseMetainfo(bytes).info);
  } catch (cause) {
    if (!(cause instanceof MetainfoError)) throw cause;
    throw new CreateError(
      'ERR_METAINFO_CREATE_LIMIT',
      `The torrent would be one that cannot be read: ${cause.message}`,
      { cause },
    );
  }
  for (const [index, { path, components }] of tree.files.entries()) {
    if (files[index]?.path !== [name, ...components].join('/')) {
      throw new CreateError(
        'ERR_METAINFO_CREATE_NAME',
        `${path} cannot keep its name in a download: rename it, or the file from which it differs by letter case only`,
        { path },
      );
    }
  }
}
