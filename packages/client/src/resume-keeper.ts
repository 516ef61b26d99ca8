import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { fileColumns, type TorrentInfo } from '@shoal/metainfo';
import type { Clock } from '@shoal/net';
import { Bitfield } from '@shoal/peer-wire';
import type { FileStates } from './disk/file-states.ts';
import { filesGone } from './disk/gone-files.ts';
import { reconcile } from './disk/reconcile.ts';
import { ResumeStore } from './disk/resume.ts';
import {
  MAX_LAYER_BYTES,
  type PieceLayer,
  type PieceRange,
  type ResumeData,
} from './disk/resume-format.ts';
import type { ResumeLock } from './disk/resume-lock.ts';
import type { TorrentStorage } from './disk/storage.ts';
import { DiskError } from './errors.ts';
import type { PieceHashes } from './hashes/piece-hashes.ts';
import { clientDefaults } from './options.ts';
import {
  decodeRemembered,
  encodeRemembered,
  type RememberedPeer,
} from './peer/remembered-peers.ts';
import { swarmNamesOf } from './peer/swarm-names.ts';

/** Payload bytes over several sessions. */
export interface Totals {
  readonly uploaded: number;
  readonly downloaded: number;
}

/** What a torrent wants remembered. */
export interface ResumeState extends Totals {
  readonly have: Bitfield;
  /** By file index. */
  readonly priorities: Uint8Array;
  /** Peers that worked, the best first. */
  readonly peers: readonly RememberedPeer[];
}

/** What resume data says of the pieces. */
export interface Remembered {
  /** There without a doubt. */
  readonly trusted: Bitfield;
  /** To be hashed; all others are missing. */
  readonly recheck: readonly number[];
  /** All that was remembered to be there. */
  readonly claimed: Bitfield;
  /** Nothing of that is there any more, not even a file: its drive is missing. */
  readonly gone: DiskError | undefined;
}

const NOBODY = new Uint8Array();

/** Remembers one torrent between two runs, and sees to it that only one process works on its files. */
export class ResumeKeeper {
  readonly #root: string | undefined;
  readonly #clock: Clock;
  readonly #info: TorrentInfo;
  readonly #directory: string;
  readonly #hashes: PieceHashes | undefined;
  #opened: ResumeStore | undefined;
  #lock: ResumeLock | undefined;
  #totals: Totals = { uploaded: 0, downloaded: 0 };
  /** The totals were read; a second time they would count this session twice. */
  #loaded = false;
  #changed = false;
  /** Bytes of this session in what was saved last; undefined before anything was. */
  #savedUpload: number | undefined;
  #savedAt: number;
  /** The peers that were read or saved last. */
  #savedPeers: Uint8Array = NOBODY;
  #saving: Promise<void> = Promise.resolve();
  /** The last failure that was of the data. */
  #dataError: unknown;

  /**
   * @param root the folder of all resume data; undefined: nothing is remembered
   * @param directory the folder the torrent stands in: the same torrent in two folders is two downloads
   * @param hashes whose layers from peers are remembered, and given back to it by {@link load}
   */
  constructor(
    root: string | undefined,
    clock: Clock,
    info: TorrentInfo,
    directory: string,
    hashes?: PieceHashes,
  ) {
    this.#hashes = hashes;
    this.#root = root;
    this.#directory = directory;
    this.#clock = clock;
    this.#info = info;
    this.#savedAt = clock.now();
  }

  get #store(): ResumeStore | undefined {
    if (this.#opened === undefined && this.#root !== undefined) {
      const path = resolve(this.#directory);
      const folder = createHash('sha1').update(path).digest('hex').slice(0, 16);
      this.#opened = new ResumeStore(join(this.#root, folder));
    }
    return this.#opened;
  }

  /** What the files are named by. */
  get #infoHash(): Uint8Array {
    const { v1, v2 } = swarmNamesOf(this.#info);
    return v1 ?? v2 ?? new Uint8Array(20);
  }

  /** Payload bytes of earlier runs. */
  get totals(): Totals {
    return this.#totals;
  }

  /** Peers that worked in earlier runs, as far as they have been read; or what was saved since. */
  get peers(): RememberedPeer[] {
    return decodeRemembered(this.#savedPeers);
  }

  /**
   * Makes sure that no other process writes to these files. Rejects with `ERR_DISK_LOCKED` where one does. Where the folder
   * cannot be written to, the torrent goes on without: the error is what the promise resolves with.
   */
  async lock(): Promise<DiskError | undefined> {
    const store = this.#store;
    if (store === undefined || this.#lock !== undefined) return undefined;
    try {
      this.#lock = await store.lock(this.#infoHash);
      return undefined;
    } catch (error) {
      if (!(error instanceof DiskError) || error.code === 'ERR_DISK_LOCKED') throw error;
      return error;
    }
  }

  /** What was remembered and still agrees with the files; undefined where there is nothing of use. */
  async load(storage: TorrentStorage): Promise<Remembered | undefined> {
    const { pieceCount, infoHashV2 } = this.#info;
    const first = !this.#loaded;
    this.#loaded = true;
    const result = await this.#store?.load({
      infoHash: this.#infoHash,
      infoHashV2,
      pieceCount,
      fileCount: fileColumns(this.#info).size,
    });
    if (result?.ok !== true) return undefined;
    const { uploaded, downloaded, pieceLayers, pieceRanges, peers } = result.data;
    if (pieceLayers !== undefined) this.#hashes?.restoreLayers(pieceLayers);
    if (pieceRanges !== undefined) await this.#hashes?.restoreRanges(pieceRanges);
    if (first) {
      this.#totals = { uploaded, downloaded };
      this.#savedPeers = peers ?? NOBODY;
    }
    const states = await storage.fileStates();
    // Reading all that and comparing it takes long for a hundred thousand files: two turns of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    const keptAside = (piece: number): boolean => storage.isKeptAside?.(piece) ?? false;
    const { trusted, recheck } = reconcile(result.data, states, this.#info, keptAside);
    const { pieces, files: before } = result.data;
    return {
      trusted: Bitfield.fromBytes(trusted, pieceCount),
      recheck,
      claimed: Bitfield.fromBytes(pieces, pieceCount),
      gone: this.gone(pieces, states, before),
    };
  }

  /** Something is worth saving. */
  changed(): void {
    this.#changed = true;
  }

  /** Something is to be saved in time. */
  get hasChanged(): boolean {
    return this.#changed && this.#root !== undefined;
  }

  /** Is it time to save? */
  isDue(now: number): boolean {
    if (!this.#changed || this.#root === undefined) return false;
    return now - this.#savedAt >= clientDefaults.resumeSaveInterval;
  }

  /** Makes what was written durable, then remembers it, in that order. Does nothing where nothing changed. */
  save(storage: TorrentStorage, state: () => ResumeState): Promise<void> {
    this.#saving = this.#saving.catch(() => undefined).then(() => this.#save(storage, state));
    return this.#saving;
  }

  /** Forgets the torrent. */
  async discard(): Promise<void> {
    await this.#store?.remove(this.#infoHash);
  }

  /** Lets other processes work on the files. */
  async close(): Promise<void> {
    await this.#saving.catch(() => undefined);
    await this.#lock?.release();
    this.#lock = undefined;
  }

  /** Whether saving failed for the data itself, rather than for the file that remembers it. */
  isOfData(error: unknown): boolean {
    return error === this.#dataError;
  }

  /** How the files stand once all that was written is durable. Rejects where they are gone, so that nothing is forgotten of them. */
  async #makeDurable(storage: TorrentStorage, pieces: Uint8Array): Promise<FileStates> {
    try {
      await storage.sync();
      const states = await storage.fileStates();
      const gone = this.gone(pieces, states);
      if (gone !== undefined) throw gone;
      return states;
    } catch (error) {
      this.#dataError = error;
      throw error;
    }
  }

  /** What to tell where no file is left of which a piece was there; see {@link filesGone}. */
  gone(pieces: Uint8Array, states: FileStates, before?: FileStates): DiskError | undefined {
    const directory = resolve(this.#directory);
    const about = { info: this.#info, directory, pieces, states };
    return filesGone(before === undefined ? about : { ...about, before });
  }

  async #save(storage: TorrentStorage, state: () => ResumeState): Promise<void> {
    const store = this.#store;
    if (store === undefined) return;
    // The snapshot comes first: a piece written while the files are synced is not claimed.
    const { have, priorities, uploaded, downloaded, peers } = state();
    const seeded = this.#savedUpload !== undefined && uploaded > this.#savedUpload;
    const remembered = peers.length === 0 ? NOBODY : encodeRemembered(peers);
    const hasMet = Buffer.compare(remembered, this.#savedPeers) !== 0;
    if (!this.#changed && !seeded && !hasMet) return;
    this.#changed = false;
    this.#savedAt = this.#clock.now();
    const pieces = have.bytes.slice();
    try {
      const files = await this.#makeDurable(storage, pieces);
      const data: ResumeData = {
        infoHash: this.#infoHash,
        infoHashV2: this.#info.infoHashV2,
        directory: resolve(this.#directory),
        pieceCount: this.#info.pieceCount,
        pieces,
        files,
        priorities: priorities.slice(),
        uploaded: this.#totals.uploaded + uploaded,
        downloaded: this.#totals.downloaded + downloaded,
        ...(this.#hashes && layersOf(this.#hashes)),
        peers: remembered,
      };
      await store.save(data);
      this.#savedPeers = remembered;
      this.#savedUpload = uploaded;
    } catch (error) {
      this.#changed = true;
      throw error;
    }
  }
}

/** Layers to remember, and parts of layers, as many as there is room for. */
function layersOf(hashes: PieceHashes): Pick<ResumeData, 'pieceLayers' | 'pieceRanges'> {
  const layers: PieceLayer[] = [];
  let bytes = 0;
  for (const each of hashes.learnedLayers()) {
    bytes += each[0].length + each[1].length;
    if (bytes > MAX_LAYER_BYTES) break;
    layers.push(each);
  }
  const ranges: PieceRange[] = [];
  for (const each of hashes.learnedRanges()) {
    bytes += each[0].length + each[2].length;
    if (bytes > MAX_LAYER_BYTES) break;
    ranges.push(each);
  }
  return { pieceLayers: layers, pieceRanges: ranges };
}
