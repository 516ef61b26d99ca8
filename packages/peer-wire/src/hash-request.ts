import { readUint32, writeUint32 } from '@shoal/net';
import { checkLength, checkUint32, equalBytes } from './bytes.ts';
import { WireError } from './errors.ts';
import {
  BLOCK_LENGTH,
  HASH_LENGTH,
  MAX_HASHES,
  MAX_PROOF_LAYERS,
  MAX_REQUESTED_HASHES,
} from './limits.ts';

/** Bytes of the fields all messages of BEP 52 begin with: the root and four 32-bit integers. */
export const HASH_FIELDS_LENGTH = 48;

/**
 * Which hashes of a file's Merkle tree are meant (BEP 52): the fields that `hash request`, `hashes` and `hash reject` share.
 * A peer may have put any 32-bit numbers here; {@link hashRequestFault} says what is wrong with them.
 */
export interface HashRequest {
  /** 32 bytes: the root of the file's tree, which names the file. */
  readonly piecesRoot: Uint8Array;
  /** The lowest layer wanted, in layers above the leaves. A leaf is the hash of 16 KiB. */
  readonly baseLayer: number;
  /** The first hash wanted, in hashes of the base layer. A multiple of `length`. */
  readonly index: number;
  /** How many hashes of the base layer. A power of two, two at least. */
  readonly length: number;
  /** How many layers above the base layer to prove them with, from the one right above it on. */
  readonly proofLayers: number;
}

/** Why a hash request is to be answered with `hash reject`: the field that cannot be served. */
export type HashRequestFault = 'length' | 'index' | 'base layer' | 'proof layers';

/**
 * What speaks against serving a request: undefined, or the field that breaks BEP 52 or, where the length of the file in bytes
 * is given, reaches beyond its tree. The peer that sent it is owed a `hash reject`, and need not be disconnected.
 *
 * @param fileLength bytes of the file whose root is asked for
 * @param maxLength most hashes of the base layer served at once. Default {@link MAX_HASHES}.
 */
export function hashRequestFault(
  { baseLayer, index, length, proofLayers }: HashRequest,
  fileLength?: number,
  maxLength: number = MAX_HASHES,
): HashRequestFault | undefined {
  const isPowerOfTwo = 2 ** (31 - Math.clz32(length)) === length;
  if (length < 2 || length > maxLength || !isPowerOfTwo) return 'length';
  if (index % length !== 0) return 'index';
  if (baseLayer > MAX_PROOF_LAYERS) return 'base layer';
  if (proofLayers > MAX_PROOF_LAYERS) return 'proof layers';
  if (fileLength === undefined) return undefined;
  const layers = layersBelowRoot(fileLength);
  if (baseLayer >= layers) return 'base layer';
  const layerLength = 2 ** (layers - baseLayer);
  if (length > layerLength) return 'length';
  if (index + length > layerLength) return 'index';
  // The root itself is known, and has no uncle.
  if (proofLayers >= layers - baseLayer) return 'proof layers';
  return undefined;
}

/**
 * How many hashes the answer to this request holds (BEP 52): those of the base layer, and one uncle for each proof layer
 * that the asked hashes do not already make up whole.
 *
 * A single hash breaks the BEP, but libtorrent asks for it where a range of 512 leaves one piece over, and takes only an
 * answer that counts the hash's sibling on top: the hash, its sibling, then the uncle in each proof layer.
 */
export function hashCount({ length, proofLayers }: HashRequest): number {
  if (length === 1) return proofLayers + 2;
  const omittedLayers = Math.max(0, 30 - Math.clz32(length)); // log2(length) - 1
  return length + Math.max(0, proofLayers - omittedLayers);
}

/** Whether two messages mean the same hashes. */
export function isSameHashRequest(a: HashRequest, b: HashRequest): boolean {
  return (
    a.index === b.index &&
    a.length === b.length &&
    a.baseLayer === b.baseLayer &&
    a.proofLayers === b.proofLayers &&
    equalBytes(a.piecesRoot, b.piecesRoot)
  );
}

/** The layers of a file's tree without the root: 0 for a file of one block, which is its own root. */
function layersBelowRoot(fileLength: number): number {
  const blocks = Math.ceil(fileLength / BLOCK_LENGTH);
  let layers = 0;
  while (2 ** layers < blocks) layers++;
  return layers;
}

/** Reads the fields from 48 bytes, which must stay as they are: the root is a view of them. */
export function readHashFields(bytes: Uint8Array): HashRequest {
  return {
    piecesRoot: bytes.subarray(0, HASH_LENGTH),
    baseLayer: readUint32(bytes, 32),
    index: readUint32(bytes, 36),
    length: readUint32(bytes, 40),
    proofLayers: readUint32(bytes, 44),
  };
}

/** Writes the 48 bytes of the fields. The caller has checked them and the room. */
export function writeHashFields(target: Uint8Array, at: number, request: HashRequest): void {
  target.set(request.piecesRoot, at);
  writeUint32(target, at + 32, request.baseLayer);
  writeUint32(target, at + 36, request.index);
  writeUint32(target, at + 40, request.length);
  writeUint32(target, at + 44, request.proofLayers);
}

/** Throws `ERR_WIRE_INVALID_ARGUMENT` for fields that cannot be written. */
export function checkHashFields(request: HashRequest): void {
  checkLength('the pieces root', request.piecesRoot, HASH_LENGTH);
  checkUint32('base layer', request.baseLayer);
  checkUint32('index', request.index);
  checkUint32('length', request.length);
  checkUint32('proof layers', request.proofLayers);
}

/** Throws `ERR_WIRE_INVALID_ARGUMENT` for a request that may not be sent. */
export function checkOwnHashRequest(request: HashRequest): void {
  checkHashFields(request);
  const fault = hashRequestFault(request, undefined, MAX_REQUESTED_HASHES);
  if (fault !== undefined) throw invalid(`a hash request with ${describe(request)}: ${fault}`);
}

/** Throws `ERR_WIRE_INVALID_ARGUMENT` unless `bytes` of hashes answer this request, which may be for a single hash. */
export function checkHashes(request: HashRequest, bytes: number): void {
  checkHashFields(request);
  const { index, length } = request;
  const fault = hashRequestFault(
    length === 1 ? { ...request, index: index - (index % 2), length: 2 } : request,
  );
  if (fault !== undefined) throw invalid(`hashes for ${describe(request)}: ${fault}`);
  const expected = hashCount(request) * HASH_LENGTH;
  if (bytes !== expected) {
    throw invalid(`hashes for ${describe(request)} have ${expected} bytes, not ${bytes}`);
  }
}

/** The numbers of a request, for messages. */
export function describe({ baseLayer, index, length, proofLayers }: HashRequest): string {
  return `${length} hashes at ${index} of layer ${baseLayer} with ${proofLayers} proof layers`;
}

function invalid(message: string): WireError {
  return new WireError('ERR_WIRE_INVALID_ARGUMENT', message);
}
