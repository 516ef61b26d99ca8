import type { MagnetLink, Metainfo, TorrentInfo } from '@shoal/metainfo';
import type { AddOptions } from '../options.ts';
import { resumeFolderOf } from '../torrent-content.ts';
import type { TorrentMeans } from '../torrent-means.ts';
import { type TorrentNames, torrentNamesOf } from '../torrent-names.ts';
import { linkPeers } from './link-peers.ts';
import type { TakeOver } from './metadata-peer.ts';
import { MetadataStage } from './metadata-stage.ts';
import { MetadataStore } from './metadata-store.ts';
import { metainfoOf } from './metainfo-of.ts';
import { selectedByLink } from './selected-by-link.ts';

/** The torrent, as its magnet link changes it. */
export interface LinkedTorrent {
  /** The metadata says which info-hashes it has. Throws `ERR_CLIENT_DUPLICATE` where another torrent has one of them. */
  rename(names: TorrentNames): void;
  /** The files are known: the torrent's life with them begins. */
  begin(metainfo: Metainfo, options: AddOptions): void;
  /** A connection that was made for the sake of the metadata. */
  readonly join: TakeOver;
}

export interface MagnetStartOptions extends TorrentMeans {
  readonly link: MagnetLink;
  /** As it was added. */
  readonly options: AddOptions;
  /** As the magnet link names it. */
  readonly names: TorrentNames;
  readonly torrent: LinkedTorrent;
}

/** What a torrent that was added by a magnet link begins with: it looks for its metadata, and becomes what that says. */
export class MagnetStart {
  readonly #parts: MagnetStartOptions;
  /** Until its connections are handed over. */
  #stage: MetadataStage | undefined;
  /** Where the metadata is remembered. */
  readonly #store: MetadataStore | undefined;
  /** Chosen before there were files. */
  #select: readonly number[] | undefined;

  constructor(parts: MagnetStartOptions) {
    const { host, link, options, peers, discovery, events } = parts;
    const { infoHashes } = parts.names;
    this.#parts = parts;
    const folder = resumeFolderOf(host, options);
    if (folder !== undefined) this.#store = new MetadataStore(folder, infoHashes);
    discovery.found(linkPeers(link), 'link');
    this.#stage = new MetadataStage({
      host,
      link,
      hashes: infoHashes,
      peers,
      discovery,
      store: this.#store,
      paused: options.paused ?? false,
      events,
      known: (info, file) => this.#learn(info, file),
    });
    void this.#stage.open();
  }

  get link(): MagnetLink {
    return this.#parts.link;
  }

  /** Where it is before its metadata is known; undefined once the torrent is at work with its files. */
  get stage(): MetadataStage | undefined {
    return this.#stage;
  }

  /** The files wanted, by index, once there are any. */
  select(indices: Iterable<number>): void {
    this.#select = [...indices];
  }

  /**
   * The torrent has its files, and has looked at what is there of them.
   * @param isActive it is at work, and takes the connections over; nobody has a use for them otherwise
   */
  end(isActive: boolean): void {
    const stage = this.#stage;
    this.#stage = undefined;
    if (isActive) stage?.handOver(this.#parts.torrent.join);
    else stage?.swarm.stop();
  }

  /** Forgets the metadata. */
  async discard(): Promise<void> {
    await this.#store?.discard();
  }

  /** @param timeout ms to wait for the trackers */
  async close(timeout: number): Promise<void> {
    await this.#stage?.close(timeout);
  }

  /** What was to be remembered is. */
  async settled(): Promise<void> {
    await this.#store?.settled();
  }

  /** The metadata is known, and with it the names the torrent really has. */
  #learn(info: TorrentInfo, file: Metainfo | undefined): void {
    const { link, options, names, discovery, events, torrent } = this.#parts;
    const chosen = this.#select ?? options.select;
    const select = chosen ?? (options.metadataOnly === true ? [] : selectedByLink(link, info));
    torrent.rename(torrentNamesOf(info));
    const paused = this.#stage?.wantsPause ?? false;
    const metainfo = metainfoOf(info, link, file);
    torrent.begin(metainfo, { ...options, paused, ...(select && { select }) });
    const isPrivate = info.private || options.private === true;
    for (const url of file?.trackers.flat() ?? []) discovery.addTracker(url);
    discovery.learned(names.swarmNames, isPrivate);
    if (isPrivate) this.#stage?.swarm.dropDisallowed();
    events.metadata();
    events.state('checking');
  }
}
