import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, writeAtomically } from './atomic-write.ts';
import { toDiskError, errnoOf } from './disk-error.ts';
import {
  MAX_RESUME_BYTES,
  decodeResume,
  encodeResume,
  type ResumeData,
  type ResumeExpectation,
  type ResumeResult,
} from './resume-format.ts';
import { takeLock, type ResumeLock } from './resume-lock.ts';

/** Resume data of all torrents of a client: one file each, `<info-hash>.resume`, in one folder. */
export class ResumeStore {
  readonly directory: string;
  /** Savings of one torrent happen one after the other. */
  readonly #saving = new Map<string, Promise<void>>();

  constructor(directory: string) {
    this.directory = directory;
  }

  /**
   * Takes the lock on a torrent, without which two processes would write to the same download. Rejects with
   * `ERR_DISK_LOCKED` where it is held, and with another `DiskError` where the folder cannot be written to.
   */
  async lock(infoHash: Uint8Array): Promise<ResumeLock> {
    await makeFolder(this.directory);
    return takeLock(this.#path(infoHash, 'lock'));
  }

  /** Reads what was saved of a torrent. Never rejects: resume data that is of no use says why. */
  async load(expected: ResumeExpectation): Promise<ResumeResult> {
    const path = this.#path(expected.infoHash, 'resume');
    try {
      const handle = await open(path, 'r');
      try {
        const stats = await handle.stat();
        if (!stats.isFile() || stats.size > MAX_RESUME_BYTES) return { ok: false, reason: 'torn' };
        return decodeResume(await handle.readFile(), expected);
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return { ok: false, reason: 'absent' };
      return { ok: false, reason: 'unreadable', error: toDiskError(error, 'read', path) };
    }
  }

  /**
   * Replaces what is saved of a torrent, in one step: after a crash or a power failure either the old or the new data is
   * there. It must claim only what is durable: call `TorrentStorage.sync` before. Rejects with a `DiskError`.
   */
  save(data: ResumeData): Promise<void> {
    const path = this.#path(data.infoHash, 'resume');
    const bytes = encodeResume(data);
    const before = this.#saving.get(path) ?? Promise.resolve();
    const saving = before.then(
      () => writeAtomically(path, bytes),
      () => writeAtomically(path, bytes),
    );
    this.#saving.set(path, saving);
    const forget = () => {
      if (this.#saving.get(path) === saving) this.#saving.delete(path);
    };
    saving.then(forget, forget);
    return saving;
  }

  /** Forgets a torrent. Rejects with a `DiskError`. */
  async remove(infoHash: Uint8Array): Promise<void> {
    const path = this.#path(infoHash, 'resume');
    await this.#saving.get(path)?.catch(() => undefined);
    try {
      await rm(path, { force: true });
    } catch (error) {
      throw toDiskError(error, 'delete', path);
    }
  }

  #path(infoHash: Uint8Array, extension: string): string {
    return join(this.directory, `${Buffer.from(infoHash).toString('hex')}.${extension}`);
  }
}
