import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Metainfo, parseMetainfoAsync, toHex } from '@shoal/metainfo';
import { MAX_METADATA_LENGTH } from '@shoal/peer-wire';
import { errnoOf, toDiskError } from '../disk/disk-error.ts';
import type { InfoHashes } from '../info-hashes.ts';
import {
  decodeRemembered,
  encodeRemembered,
  MAX_REMEMBERED_BYTES,
  type RememberedPeer,
} from '../peer/remembered-peers.ts';
import { judgeMetadata } from './judge-metadata.ts';

/** Bytes of the SHA-1 digest before a list of peers. */
const DIGEST_LENGTH = 20;

/** Metadata that was remembered. */
export interface StoredMetadata {
  /** The info dictionary. */
  readonly info: Uint8Array;
  /** Where it was part of a .torrent file. */
  readonly file?: Metainfo;
}

/**
 * Remembers the info dictionaries of magnet links, so that a later start needs no peers to know them: one file each, below the
 * folder of resume data. What is read is believed only where it has the hashes asked for. Until one is there, the peers that were
 * connected stand in its place, in a file of their own; later on they are part of the torrent's resume data.
 */
export class MetadataStore {
  readonly #folder: string;
  readonly #path: string;
  readonly #peersPath: string;
  readonly #hashes: InfoHashes;
  /** The peers that were read or saved last. */
  #savedPeers: Uint8Array = new Uint8Array();
  #saving: Promise<void> = Promise.resolve();

  /** @param root the folder of all resume data */
  constructor(root: string, hashes: InfoHashes) {
    this.#folder = resolve(root, 'metadata');
    this.#hashes = hashes;
    const name = hashes.v1 ?? hashes.v2 ?? new Uint8Array();
    this.#path = join(this.#folder, `${toHex(name)}.info`);
    this.#peersPath = join(this.#folder, `${toHex(name)}.peers`);
  }

  /** What was saved; undefined where there is nothing of use. Never rejects. */
  async load(): Promise<StoredMetadata | undefined> {
    const bytes = await readAtMost(this.#path, MAX_METADATA_LENGTH);
    if (bytes === undefined) return undefined;
    if (judgeMetadata(bytes, this.#hashes) === 'right') return { info: bytes };
    const file = await parseMetainfoAsync(bytes).catch(() => undefined);
    if (file === undefined || judgeMetadata(file.info.bytes, this.#hashes) !== 'right')
      return undefined;
    return { info: file.info.bytes, file };
  }

  /** The peers that were saved; none where there are none of use. Never rejects. */
  async loadPeers(): Promise<RememberedPeer[]> {
    const bytes = await readAtMost(this.#peersPath, DIGEST_LENGTH + MAX_REMEMBERED_BYTES);
    const peers = bytes?.subarray(DIGEST_LENGTH);
    if (bytes === undefined || peers === undefined) return [];
    if (Buffer.compare(sha1(peers), bytes.subarray(0, DIGEST_LENGTH)) !== 0) return [];
    this.#savedPeers = peers;
    return decodeRemembered(peers);
  }

  /** While there is no metadata. Nothing is written where nothing changed. Rejects with a `DiskError`. */
  savePeers(peers: readonly RememberedPeer[]): Promise<void> {
    const bytes = encodeRemembered(peers);
    if (Buffer.compare(bytes, this.#savedPeers) === 0) return this.#saving;
    this.#savedPeers = bytes;
    return this.#afterOthers(() =>
      this.#write(this.#peersPath, Buffer.concat([sha1(bytes), bytes])),
    );
  }

  /** An info dictionary, or a .torrent file, in one step. What a power failure makes of it is fetched again. Rejects with a `DiskError`. */
  save(bytes: Uint8Array): Promise<void> {
    return this.#afterOthers(async () => {
      await this.#write(this.#path, bytes);
      await rm(this.#peersPath, { force: true }).catch(() => undefined);
    });
  }

  /** Resolves when nothing is being saved. */
  settled(): Promise<void> {
    return this.#saving;
  }

  /** Forgets it. Rejects with a `DiskError`. */
  async discard(): Promise<void> {
    await this.#saving;
    for (const path of [this.#path, this.#peersPath]) {
      try {
        await rm(path, { force: true });
      } catch (error) {
        if (errnoOf(error) !== 'ENOTDIR') throw toDiskError(error, 'delete', path);
      }
    }
  }

  #afterOthers(save: () => Promise<void>): Promise<void> {
    const saving = this.#saving.then(save);
    this.#saving = saving.catch(() => undefined);
    return saving;
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = `${path}.${randomUUID()}.new`;
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(temporary, bytes, { flag: 'wx' });
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw toDiskError(error, 'save', path);
    }
  }
}

/** A file's bytes; undefined where it cannot be read, or has more than `limit`. */
async function readAtMost(path: string, limit: number): Promise<Uint8Array | undefined> {
  try {
    const handle = await open(path, 'r');
    try {
      const stats = await handle.stat();
      return stats.isFile() && stats.size <= limit ? await handle.readFile() : undefined;
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

function sha1(bytes: Uint8Array): Uint8Array {
  return createHash('sha1').update(bytes).digest();
}
