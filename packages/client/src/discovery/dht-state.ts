import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../disk/atomic-write.ts';

/** Bytes read at most; a node saves up to 32 KiB. */
const MAX_STATE_LENGTH = 65_536;

/** Remembers the nodes of the DHT, so that a later start needs no bootstrap nodes: one file in the folder of resume data. */
export class DhtStateFile {
  readonly #path: string;
  #saving: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#path = join(folder, 'dht.state');
  }

  /** Undefined where there is nothing of use. Never rejects. */
  async load(): Promise<Uint8Array | undefined> {
    try {
      const handle = await open(this.#path, 'r');
      try {
        const stats = await handle.stat();
        if (!stats.isFile() || stats.size > MAX_STATE_LENGTH) return undefined;
        return await handle.readFile();
      } finally {
        await handle.close();
      }
    } catch {
      return undefined;
    }
  }

  /** Without the file the next start only takes longer, so a failure is nobody's concern. Never rejects. */
  save(state: Uint8Array): Promise<void> {
    this.#saving = this.#saving
      .then(() => writeAtomically(this.#path, state))
      .catch(() => undefined);
    return this.#saving;
  }
}
