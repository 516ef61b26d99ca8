import { FileLayout, type Metainfo } from '@shoal/metainfo';
import { NoStorage } from './disk/no-storage.ts';
import type { BlockRead } from './disk/storage.ts';
import { FileSelection } from './file-selection.ts';
import { PieceHashes } from './hashes/piece-hashes.ts';
import type { AddOptions } from './options.ts';
import { ResumeKeeper } from './resume-keeper.ts';
import type { Borrower } from './reuse/local-data.ts';
import { TorrentFiles } from './torrent-files.ts';
import type { TorrentHost } from './torrent-host.ts';
import { TorrentLife } from './torrent-life.ts';
import type { TorrentMeans } from './torrent-means.ts';
import { WebSeeds } from './web-seed/web-seeds.ts';

/** What a torrent has once its metadata is known: files, the choice of them, resume data, and a life with them. */
export class TorrentContent implements Borrower {
  readonly metainfo: Metainfo;
  readonly selection: FileSelection;
  readonly files: TorrentFiles;
  readonly resume: ResumeKeeper;
  readonly webSeeds: WebSeeds | undefined;
  readonly life: TorrentLife;
  readonly #options: AddOptions;
  /** What the pieces must hash to. */
  readonly hashes: PieceHashes;
  #layout: FileLayout | undefined;

  constructor(means: TorrentMeans, metainfo: Metainfo, given: AddOptions) {
    const { host, limits, peers, discovery, events } = means;
    const { info } = metainfo;
    const options = given.metadataOnly === true ? withoutFiles(given) : given;
    this.metainfo = metainfo;
    this.#options = options;
    const layout = (): FileLayout => (this.#layout ??= new FileLayout(info));
    this.selection = new FileSelection(info, layout, 'nothing', options.select);
    this.files = new TorrentFiles({ info, selection: this.selection, life: () => this.life });
    const hashes = new PieceHashes(info, metainfo.pieceLayers, layout);
    this.hashes = hashes;
    this.resume = new ResumeKeeper(
      options.metadataOnly === true ? undefined : resumeFolderOf(host, options),
      host.clock,
      info,
      options.directory,
      hashes,
    );
    if (host.webSeeds !== undefined) {
      this.webSeeds = WebSeeds.of(
        {
          host: host.webSeeds,
          info,
          layout,
          gate: () => limits.downloadGate,
          changed: (status) => events.webSeed(status),
        },
        metainfo,
        options.webSeeds,
      );
    }
    const { selection, files, resume, webSeeds } = this;
    const borrower = options.reuseLocalData === false ? undefined : this;
    const own = { info, layout, hashes, options, selection, files, resume, borrower, webSeeds };
    this.life = new TorrentLife({ host, limits, peers, discovery, ...own }, events);
  }

  // Borrower

  get lends(): boolean {
    const { reuseLocalData, private: isPrivate = false } = this.#options;
    if (reuseLocalData === false || isPrivate || this.metainfo.info.private) return false;
    return this.life.state !== 'closed';
  }

  has(piece: number): boolean {
    return this.life.keeper.has(piece);
  }

  readBlocks(target: Uint8Array, reads: readonly BlockRead[]): Promise<void> {
    return this.files.readBlocks(target, reads);
  }

  wants(file: number): boolean {
    return this.selection.priorityOf(file) > 0;
  }

  holds(file: number): boolean {
    return this.selection.progress.of(file) > 0;
  }

  returned(): void {
    if (this.life.swarm === undefined) this.life.storage?.rest?.();
  }
}

/** How a torrent is added of which only the metadata is wanted: it has no files, so that nothing is remembered of them. */
function withoutFiles(options: AddOptions): AddOptions {
  return { ...options, select: [], check: 'resume', storage: (info) => new NoStorage(info) };
}

/** Where a torrent's resume data goes; undefined: nowhere. What is only trusted is never claimed to be verified. */
export function resumeFolderOf(host: TorrentHost, options: AddOptions): string | undefined {
  return options.check === 'trust' ? undefined : host.resumeDirectory;
}
