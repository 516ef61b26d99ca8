import * as fs from 'node:fs/promises';
import { constants } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, toDiskError } from './disk-error.ts';
import {
  decodeParts,
  encodePartsHeader,
  partsDataOffset,
  type PartsIdentity,
} from './parts-format.ts';
import { syncFolder } from './sync-folder.ts';

/** Which pieces are in which slot of a torrent's parts file. The workers write the slots and their numbers. */
export class PartsFile {
  readonly path: string;
  readonly #identity: PartsIdentity;
  /** Slot by piece, of pieces that are completely written. */
  readonly #slots = new Map<number, number>();
  /** Slots that were never written with success, or not since the file was created. */
  readonly #free: number[] = [];
  #next = 0;
  #reserved = 0;
  #exists = false;

  constructor(path: string, identity: PartsIdentity) {
    this.path = path;
    this.#identity = identity;
  }

  get slots(): ReadonlyMap<number, number> {
    return this.#slots;
  }

  /** Reads the slot numbers of an earlier run. What cannot be read or belongs to another torrent counts as no file. */
  async load(): Promise<void> {
    const bytes = await readStart(this.path, partsDataOffset(this.#identity.pieceCount));
    const slots = bytes && decodeParts(bytes, this.#identity);
    if (slots === undefined) return;
    this.#exists = true;
    const used = new Set(slots.values());
    for (const [piece, slot] of slots) {
      this.#slots.set(piece, slot);
      this.#next = Math.max(this.#next, slot + 1);
    }
    for (let slot = 0; slot < this.#next; slot++) if (!used.has(slot)) this.#free.push(slot);
  }

  /** Creates the file where it is missing. Rejects with a `DiskError`. */
  async ensure(): Promise<void> {
    if (this.#exists) return;
    try {
      // What may stand there is of another torrent or format: it is replaced, never written through.
      await fs.rm(this.path, { force: true });
      const handle = await fs.open(this.path, 'wx');
      try {
        await handle.truncate(partsDataOffset(this.#identity.pieceCount));
        await handle.write(encodePartsHeader(this.#identity), 0, undefined, 0);
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw toDiskError(error, 'create', this.path);
    }
    this.#exists = true;
  }

  /** A slot for a piece that is about to be written; {@link fill} or {@link giveBack} must follow. */
  reserve(piece: number): number {
    this.#reserved++;
    return this.#slots.get(piece) ?? this.#free.pop() ?? this.#next++;
  }

  /** The piece stands in its slot. */
  fill(piece: number, slot: number): void {
    this.#reserved--;
    this.#slots.set(piece, slot);
  }

  /** The piece could not be written. */
  giveBack(piece: number, slot: number): void {
    this.#reserved--;
    if (this.#slots.get(piece) !== slot) this.#free.push(slot);
  }

  /** The piece is in the files themselves. Its slot is not used again, since somebody may still read from it. */
  clear(piece: number): void {
    this.#slots.delete(piece);
  }

  /** Whether the file is there for nothing. */
  get isIdle(): boolean {
    return this.#exists && this.#slots.size === 0 && this.#reserved === 0;
  }

  /** Deletes the file, for good: were it to come back, it would hide what the files hold by then. */
  async remove(): Promise<void> {
    try {
      await fs.rm(this.path, { force: true });
      await syncFolder(dirname(this.path));
    } catch (error) {
      throw toDiskError(error, 'delete', this.path);
    }
    this.#exists = false;
    this.#free.length = 0;
    this.#next = 0;
  }
}

async function readStart(path: string, length: number): Promise<Uint8Array | undefined> {
  let handle;
  try {
    const optional: Partial<typeof constants> = constants;
    handle = await fs.open(path, constants.O_RDONLY | (optional.O_NONBLOCK ?? 0));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw toDiskError(error, 'read', path);
  }
  try {
    const { size } = await handle.stat();
    const bytes = new Uint8Array(Math.min(size, length));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } catch (error) {
    throw toDiskError(error, 'read', path);
  } finally {
    await handle.close();
  }
}
