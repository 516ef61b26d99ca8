import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { toHex } from '@shoal/metainfo';
import { MAX_METADATA_LENGTH } from '@shoal/peer-wire';
import { errnoOf, toDiskError } from '../disk/disk-error.ts';
import type { InfoHashes } from '../info-hashes.ts';
import { judgeMetadata } from './judge-metadata.ts';

/**
 * Remembers the info dictionaries of magnet links, so that a later start needs no peers to know them: one file each, below the
 * folder of resume data. What is read is believed only where it has the hashes asked for.
 */
export class MetadataStore {
  readonly #folder: string;
  readonly #path: string;
  readonly #hashes: InfoHashes;
  #saving: Promise<void> = Promise.resolve();

  /** @param root the folder of all resume data */
  constructor(root: string, hashes: InfoHashes) {
    this.#folder = resolve(root, 'metadata');
    this.#hashes = hashes;
    const name = hashes.v1 ?? hashes.v2 ?? new Uint8Array();
    this.#path = join(this.#folder, `${toHex(name)}.info`);
  }

  /** The bytes; undefined where there are none of use. Never rejects. */
  async load(): Promise<Uint8Array | undefined> {
    try {
      const handle = await open(this.#path, 'r');
      try {
        const stats = await handle.stat();
        if (!stats.isFile() || stats.size > MAX_METADATA_LENGTH) return undefined;
        const bytes = await handle.readFile();
        return judgeMetadata(bytes, this.#hashes) === 'right' ? bytes : undefined;
      } finally {
        await handle.close();
      }
    } catch {
      return undefined;
    }
  }

  /** In one step. What a power failure makes of it is fetched again. Rejects with a `DiskError`. */
  save(bytes: Uint8Array): Promise<void> {
    const saving = this.#write(bytes);
    this.#saving = saving.catch(() => undefined);
    return saving;
  }

  /** Resolves when nothing is being saved. */
  settled(): Promise<void> {
    return this.#saving;
  }

  /** Forgets it. Rejects with a `DiskError`. */
  async discard(): Promise<void> {
    await this.#saving;
    try {
      await rm(this.#path, { force: true });
    } catch (error) {
      if (errnoOf(error) !== 'ENOTDIR') throw toDiskError(error, 'delete', this.#path);
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const temporary = `${this.#path}.${randomUUID()}.new`;
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(temporary, bytes, { flag: 'wx' });
      await rename(temporary, this.#path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw toDiskError(error, 'save', this.#path);
    }
  }
}
