import type { Metainfo, TorrentInfo } from '@shoal/metainfo';
import type { TorrentFileHandle } from './file-handle.ts';
import { AnyTorrent } from './torrent.ts';
import type { WaitOptions } from './wait.ts';
import type { WebSeedStatus } from './web-seed/web-seeds.ts';

/** One torrent of a client whose files are known. */
export class Torrent extends AnyTorrent {
  /** Of a magnet link: its info dictionary, and the trackers and web seeds of the link. */
  get metainfo(): Metainfo {
    return this.content.metainfo;
  }

  get info(): TorrentInfo {
    return this.metainfo.info;
  }

  /** In the order of the torrent's file list. */
  get files(): readonly TorrentFileHandle[] {
    return this.content.files.handles;
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
