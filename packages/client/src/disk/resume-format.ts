import { createHash } from 'node:crypto';
import { decode, encode, type BencodeValue } from '@shoal/bencode';
import { MAX_REMEMBERED_BYTES } from '../peer/remembered-peers.ts';
import { FileStates } from './file-states.ts';

const FORMAT = 'shoal resume data';
/** Raised when older programs would misread what is written. */
const VERSION = 1;
/** Bytes of a 64-bit float, most significant byte first. */
const NUMBER_BYTES = 8;
/** Two of them per file: size and mtime. */
const FILE_STATE_BYTES = 2 * NUMBER_BYTES;
const INFO_HASH_BYTES = 20;
/** Bytes of a SHA-256 digest. */
const SHA256_LENGTH = 32;
/**
 * Bytes of piece layers that are remembered, half of what a resume file may have: those of a million pieces. Of a torrent of more
 * the rest is asked of peers again.
 */
export const MAX_LAYER_BYTES = 32 * 1024 * 1024;
const INFO_HASH_V2_BYTES = 32;
/** Bytes of a resume file that are looked at: enough for 2 million pieces and 2 million files. */
export const MAX_RESUME_BYTES = 64 * 1024 * 1024;

/** What is remembered of a torrent between two runs. */
export interface ResumeData {
  /** SHA-1 info-hash, 20 bytes; of a v2-only torrent the first 20 of the SHA-256 one. */
  readonly infoHash: Uint8Array;
  /** SHA-256 info-hash, 32 bytes; undefined for a v1-only torrent, and in what was written before torrents had two. */
  readonly infoHashV2?: Uint8Array | undefined;
  /** The folder the files stand in. */
  readonly directory: string;
  readonly pieceCount: number;
  /** Pieces verified and made durable, as in a bitfield message (BEP 3): first piece in the highest bit, spare bits 0. */
  readonly pieces: Uint8Array;
  /** How the files stood when that was written, by index. */
  readonly files: FileStates;
  /** Priority of each file, 0 to 255; 0: not wanted. */
  readonly priorities: Uint8Array;
  /** Payload bytes over all runs. */
  readonly uploaded: number;
  readonly downloaded: number;
  /**
   * Layers of piece hashes that came from peers (BEP 52), each with the pieces root of its file, 32 bytes; undefined where there
   * are none. Whoever reads them checks them against the roots. Programs of before leave them out.
   */
  readonly pieceLayers?: readonly PieceLayer[] | undefined;
  /** The same of layers of which only parts have come, with what proves each; undefined where there are none. */
  readonly pieceRanges?: readonly PieceRange[] | undefined;
  /** Peers that worked, as `encodeRemembered` writes them; undefined where there are none, or too many bytes. */
  readonly peers?: Uint8Array | undefined;
}

/** A file's pieces root, and 32 bytes for each of its pieces. */
export type PieceLayer = readonly [root: Uint8Array, layer: Uint8Array];

/** A file's pieces root, the first piece of a range of its pieces, and their hashes as a `hashes` message has them: with a proof. */
export type PieceRange = readonly [root: Uint8Array, index: number, hashes: Uint8Array];

/** The torrent resume data is looked for. */
export interface ResumeExpectation {
  readonly infoHash: Uint8Array;
  /** As in {@link ResumeData}: SHA-1 alone is not what the identity of a torrent with a v2 hash rests on. */
  readonly infoHashV2?: Uint8Array | undefined;
  readonly pieceCount: number;
  readonly fileCount: number;
}

/**
 * Why resume data is of no use:
 * - `absent`: there is none
 * - `unreadable`: the system could not read it
 * - `torn`: it is incomplete or damaged, or no resume data at all
 * - `future-version`: a newer program wrote it
 * - `other-torrent`: it belongs to another info-hash
 * - `wrong-size`: it speaks of another number of pieces or files
 */
export type ResumeProblem =
  'absent' | 'unreadable' | 'torn' | 'future-version' | 'other-torrent' | 'wrong-size';

export type ResumeResult =
  | { readonly ok: true; readonly data: ResumeData }
  | { readonly ok: false; readonly reason: ResumeProblem; readonly error?: Error };

/** Bencoded: the data proper as one byte string, with its SHA-1 beside it. */
export function encodeResume(data: ResumeData): Uint8Array {
  const { numbers } = data.files;
  const states = new Uint8Array(numbers.byteLength);
  const view = new DataView(states.buffer);
  for (let index = 0; index < numbers.length; index++) {
    view.setFloat64(index * NUMBER_BYTES, numbers[index] ?? 0);
  }
  const layers = (data.pieceLayers ?? []).flat();
  const ranges = (data.pieceRanges ?? []).flat();
  const peers = data.peers?.length === 0 ? undefined : data.peers;
  const body = encode({
    directory: data.directory,
    downloaded: data.downloaded,
    files: states,
    'info-hash': data.infoHash,
    ...(data.infoHashV2 === undefined ? {} : { 'info-hash-v2': data.infoHashV2 }),
    ...(peers === undefined ? {} : { peers }),
    'piece-count': data.pieceCount,
    ...(layers.length === 0 ? {} : { 'piece-layers': layers }),
    ...(ranges.length === 0 ? {} : { 'piece-ranges': ranges }),
    pieces: data.pieces,
    priorities: data.priorities,
    uploaded: data.uploaded,
  });
  return encode({ checksum: sha1(body), data: body, format: FORMAT, version: VERSION });
}

/** Never throws, whatever the bytes are. */
export function decodeResume(bytes: Uint8Array, expected: ResumeExpectation): ResumeResult {
  const file = dictionary(bytes);
  if (file === undefined || text(file.get('format')) !== FORMAT)
    return { ok: false, reason: 'torn' };
  const version = count(file.get('version'));
  if (version === undefined || version < VERSION) return { ok: false, reason: 'torn' };
  if (version > VERSION) return { ok: false, reason: 'future-version' };
  const body = file.get('data');
  const checksum = file.get('checksum');
  if (!(body instanceof Uint8Array) || !(checksum instanceof Uint8Array)) {
    return { ok: false, reason: 'torn' };
  }
  if (!equal(sha1(body), checksum)) return { ok: false, reason: 'torn' };
  const data = fieldsOf(body);
  if (data === undefined) return { ok: false, reason: 'torn' };
  if (!isOf(expected, data)) return { ok: false, reason: 'other-torrent' };
  const { pieceCount, fileCount } = expected;
  if (data.pieceCount !== pieceCount || data.files.count !== fileCount) {
    return { ok: false, reason: 'wrong-size' };
  }
  return { ok: true, data };
}

/** Older data, and that of a torrent whose v2 hash was not known then, has none to compare. */
function isOf(expected: ResumeExpectation, { infoHash, infoHashV2 }: ResumeData): boolean {
  if (!equal(infoHash, expected.infoHash)) return false;
  const isKnown = infoHashV2 !== undefined && expected.infoHashV2 !== undefined;
  return !isKnown || equal(infoHashV2, expected.infoHashV2);
}

function fieldsOf(body: Uint8Array): ResumeData | undefined {
  const fields = dictionary(body);
  const infoHash = fields?.get('info-hash');
  const infoHashV2 = fields?.get('info-hash-v2');
  const pieces = fields?.get('pieces');
  const states = fields?.get('files');
  const priorities = fields?.get('priorities');
  const directory = text(fields?.get('directory'));
  const pieceCount = count(fields?.get('piece-count'));
  const uploaded = count(fields?.get('uploaded'));
  const downloaded = count(fields?.get('downloaded'));
  if (!(infoHash instanceof Uint8Array) || infoHash.length !== INFO_HASH_BYTES) return undefined;
  if (infoHashV2 !== undefined) {
    if (!(infoHashV2 instanceof Uint8Array) || infoHashV2.length !== INFO_HASH_V2_BYTES)
      return undefined;
  }
  if (!(pieces instanceof Uint8Array) || !(states instanceof Uint8Array)) return undefined;
  if (!(priorities instanceof Uint8Array) || directory === undefined) return undefined;
  if (pieceCount === undefined || uploaded === undefined || downloaded === undefined)
    return undefined;
  if (pieces.length !== Math.ceil(pieceCount / 8) || hasSpareBits(pieces, pieceCount))
    return undefined;
  if (states.length !== priorities.length * FILE_STATE_BYTES) return undefined;
  const numbers = new Float64Array(states.length / NUMBER_BYTES);
  const view = new DataView(states.buffer, states.byteOffset, states.byteLength);
  for (let index = 0; index < numbers.length; index++) {
    const value = view.getFloat64(index * NUMBER_BYTES);
    if (!Number.isFinite(value)) return undefined;
    numbers[index] = value;
  }
  return {
    infoHash: new Uint8Array(infoHash),
    infoHashV2: infoHashV2 && new Uint8Array(infoHashV2),
    directory,
    pieceCount,
    pieces: new Uint8Array(pieces),
    files: new FileStates(numbers),
    priorities: new Uint8Array(priorities),
    uploaded,
    downloaded,
    pieceLayers: layersOf(fields?.get('piece-layers')),
    pieceRanges: rangesOf(fields?.get('piece-ranges')),
    peers: peersOf(fields?.get('peers')),
  };
}

/** Pairs of a root and a layer, as far as they can be such; nothing that is wrong with them makes the rest useless. */
function layersOf(value: BencodeValue | undefined): PieceLayer[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const layers: PieceLayer[] = [];
  for (let at = 0; at + 1 < value.length; at += 2) {
    const [root, layer] = [value[at], value[at + 1]];
    if (!(root instanceof Uint8Array) || root.length !== SHA256_LENGTH) continue;
    if (!(layer instanceof Uint8Array) || layer.length % SHA256_LENGTH !== 0) continue;
    layers.push([new Uint8Array(root), new Uint8Array(layer)]);
  }
  return layers.length === 0 ? undefined : layers;
}

/** As {@link layersOf}: what can be no range is left out. */
function rangesOf(value: BencodeValue | undefined): PieceRange[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const ranges: PieceRange[] = [];
  for (let at = 0; at + 2 < value.length; at += 3) {
    const [root, first, hashes] = [value[at], value[at + 1], value[at + 2]];
    const index = count(first);
    if (!(root instanceof Uint8Array) || root.length !== SHA256_LENGTH) continue;
    if (index === undefined || !Number.isSafeInteger(index)) continue;
    if (!(hashes instanceof Uint8Array) || hashes.length % SHA256_LENGTH !== 0) continue;
    ranges.push([new Uint8Array(root), index, new Uint8Array(hashes)]);
  }
  return ranges.length === 0 ? undefined : ranges;
}

function peersOf(value: BencodeValue | undefined): Uint8Array | undefined {
  if (!(value instanceof Uint8Array) || value.length > MAX_REMEMBERED_BYTES) return undefined;
  return new Uint8Array(value);
}

function hasSpareBits(pieces: Uint8Array, pieceCount: number): boolean {
  const spare = pieces.length * 8 - pieceCount;
  return spare > 0 && ((pieces.at(-1) ?? 0) & ((1 << spare) - 1)) !== 0;
}

function dictionary(bytes: Uint8Array): Map<string, BencodeValue> | undefined {
  try {
    const value = decode(bytes, { maxLength: MAX_RESUME_BYTES });
    return value instanceof Map ? value : undefined;
  } catch {
    // Not bencode: what that means is the caller's to say.
    return undefined;
  }
}

function text(value: BencodeValue | undefined): string | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(value);
  } catch {
    return undefined;
  }
}

function count(value: BencodeValue | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function sha1(bytes: Uint8Array): Uint8Array {
  return createHash('sha1').update(bytes).digest();
}
