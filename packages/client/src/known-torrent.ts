import type { Metainfo, TorrentInfo } from '@shoal/metainfo';
import type { TorrentFileHandle } from './file-handle.ts';
import { AnyTorrent } from './torrent.ts';
import { waitForState, type WaitOptions } from './wait.ts';
import type { WebSeedStatus } from './web-seed/web-seeds.ts';

/** One torrent of a client whose files are known. */
export class Torrent extends AnyTorrent {
  /** Of a magnet link: its info dictionary, and the trackers and web seeds of the link. */
  get metainfo(): Metainfo {
    return this.content.metainfo;
  }

  /**
   * Resolves with {@link metainfo} and all piece layers of a v2 or hybrid torrent (BEP 52), which `encodeMetainfo` makes a complete
   * .torrent file of. Layers that are unknown, as those of a magnet link's torrent, are fetched from peers while somebody waits for
   * them, whatever else is there; a paused torrent has no peers. Rejects when the torrent fails or is closed.
   */
  async completeMetainfo(options: WaitOptions = {}): Promise<Metainfo> {
    const { hashes, life } = this.content;
    if (!hashes.isComplete) {
      await life.seekHashes(() => waitForState(this, () => hashes.isComplete, options));
    }
    return { ...this.metainfo, pieceLayers: hashes.toLayers() };
  }

  get info(): TorrentInfo {
    return this.metainfo.info;
  }

  /**
   * In the order of the torrent's file list; the same every time. All are made when they are first asked for: of a torrent of a
   * hundred thousand files rather take those you need with {@link file}.
   */
  get files(): readonly TorrentFileHandle[] {
    return this.content.files.handles;
  }

  /** One file by its index in the torrent's file list; undefined where there is none. Two calls may give two objects of one file. */
  file(index: number): TorrentFileHandle | undefined {
    return this.content.files.handleOf(index);
  }

  /** Its web seeds (BEP 19, BEP 17), in the order in which they were named; empty where the client does without them. */
  get webSeeds(): readonly WebSeedStatus[] {
    return this.content.webSeeds?.status() ?? [];
  }

  /**
   * Hashes everything again. What turns out to be bad or missing is downloaded again. Rejects with the signal's reason, or
   * with what made the check fail; the torrent is in state `error` then.
   * @returns the wanted pieces that are not there
   */
  async verify(options: WaitOptions = {}): Promise<{ missing: number[] }> {
    await this.content.life.verify(options.signal);
    const missing: number[] = [];
    const picker = this.swarm?.picker;
    // A torrent that misses nothing may have no swarm.
    if (picker === undefined) return { missing };
    for (let piece = 0; piece < this.info.pieceCount; piece += 1) {
      if (picker.priorityOf(piece) !== 0 && !picker.have.get(piece)) missing.push(piece);
    }
    return { missing };
  }
}
