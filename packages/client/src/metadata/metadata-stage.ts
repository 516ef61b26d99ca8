import type { Connection, ConnectionHandler } from '@shoal/net';
import { type MagnetLink, type Metainfo, parseInfo, type TorrentInfo } from '@shoal/metainfo';
import type { Handshake } from '@shoal/peer-wire';
import type { Discovery } from '../discovery/discovery.ts';
import type { TorrentState } from '../events.ts';
import type { InfoHashes } from '../info-hashes.ts';
import { ClientError, MagnetContradictionError } from '../errors.ts';
import { clientDefaults } from '../options.ts';
import type { KnownPeers } from '../peer/known-peers.ts';
import type { TorrentHost } from '../torrent-host.ts';
import type { LifeEvents } from '../torrent-parts.ts';
import { judgeMetadata } from './judge-metadata.ts';
import type { MetadataProgress } from './metadata-fetch.ts';
import type { TakeOver } from './metadata-peer.ts';
import type { MetadataStore } from './metadata-store.ts';
import { MetadataSwarm } from './metadata-swarm.ts';
import { TorrentFileFetch } from './torrent-file-fetch.ts';

/** Where a torrent is before its metadata is known. */
export type MetadataState = Extract<TorrentState, 'metadata' | 'paused' | 'error' | 'closed'>;

export interface MetadataStageOptions {
  readonly host: TorrentHost;
  readonly link: MagnetLink;
  /** What the magnet link names. */
  readonly hashes: InfoHashes;
  readonly peers: KnownPeers;
  readonly discovery: Discovery;
  /** Where metadata is remembered; undefined: nowhere. */
  readonly store: MetadataStore | undefined;
  readonly paused: boolean;
  readonly events: LifeEvents;
  /**
   * The metadata is known; what this throws is the torrent's failure. The torrent has a life of its own from then on, and the
   * stage only keeps the connections until they can be handed over. `file`: it was part of a .torrent file.
   */
  readonly known: (info: TorrentInfo, file: Metainfo | undefined) => void;
}

/**
 * The first part of the life of a torrent that was added by a magnet link: its info dictionary is looked for, in the resume folder and
 * then at peers, until it is known.
 */
export class MetadataStage {
  #swarm: MetadataSwarm;
  /** Where the link says where the .torrent file is. */
  readonly #fileFetch: TorrentFileFetch | undefined;
  readonly #options: MetadataStageOptions;
  #state: MetadataState = 'metadata';
  #error: Error | undefined;
  #wantsPause: boolean;
  /** The folder was looked into. */
  #opened = false;
  #isOver = false;

  constructor(options: MetadataStageOptions) {
    this.#options = options;
    this.#wantsPause = options.paused;
    this.#swarm = this.#makeSwarm();
    this.#fileFetch = this.#makeFileFetch();
  }

  /** The peers that are connected. */
  get swarm(): MetadataSwarm {
    return this.#swarm;
  }

  get state(): MetadataState {
    return this.#state;
  }

  /** Why the state is `error`. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Whether it was to be paused when the metadata came. */
  get wantsPause(): boolean {
    return this.#wantsPause;
  }

  /** Peers are welcome. */
  get isActive(): boolean {
    return this.#state === 'metadata' && this.#opened && !this.#isOver;
  }

  /** In bytes; undefined before any peer has claimed a length. */
  get progress(): MetadataProgress | undefined {
    return this.swarm.progress;
  }

  /** Looks for the metadata. Never rejects. */
  async open(): Promise<void> {
    const { host, store, discovery } = this.#options;
    await host.openTurns.next();
    const stored = await store?.load();
    const peers = stored === undefined ? await store?.loadPeers() : undefined;
    this.#opened = true;
    // It may have been closed meanwhile.
    if (this.#state !== 'metadata') return;
    if (peers !== undefined) discovery.remembered(peers);
    if (stored !== undefined) this.#found(stored.info, stored.file);
    else if (this.#wantsPause) this.#setState('paused');
    else this.#begin();
  }

  pause(): void {
    this.#wantsPause = true;
    if (!this.isActive) return;
    this.#setState('paused');
    this.#rest();
  }

  resume(): void {
    this.#wantsPause = false;
    if (this.#isOver || (this.#state !== 'paused' && this.#state !== 'error')) return;
    // What failed was of no use: it is fetched anew.
    if (this.#state === 'error') {
      this.#swarm.close();
      this.#swarm = this.#makeSwarm();
    }
    this.#error = undefined;
    this.#setState('metadata');
    this.#begin();
  }

  /** @param timeout ms to wait for the trackers */
  async close(timeout: number): Promise<void> {
    this.swarm.close();
    this.#fileFetch?.stop();
    // Its life goes on elsewhere.
    if (this.#isOver) return;
    const stopped = this.#options.discovery.stop(timeout);
    if (this.#state !== 'closed') this.#setState('closed');
    await this.#savePeers();
    await stopped;
  }

  /** Once a second. */
  tick(now: number): void {
    this.swarm.tick(now);
    if (this.isActive) this.#fileFetch?.tick(now, (this.progress?.received ?? 0) > 0);
  }

  join(connection: Connection, handshake: Handshake, isV2: boolean): ConnectionHandler | undefined {
    return this.isActive ? this.swarm.join(connection, handshake, isV2) : undefined;
  }

  /** The torrent is at work: it takes the connections over. */
  handOver(to: TakeOver): void {
    this.swarm.handOver(to);
  }

  #makeSwarm(): MetadataSwarm {
    const { host, hashes, peers, events } = this.#options;
    return new MetadataSwarm({
      host,
      peerList: () => peers.list,
      discovery: this.#options.discovery,
      judge: (bytes) => judgeMetadata(bytes, hashes),
      report: (report) => events.peer(report),
      banned: (ban) => events.banned(ban),
      found: (bytes) => this.#found(bytes, undefined, bytes),
      contradicted: () => this.#fail(new MagnetContradictionError()),
    });
  }

  #makeFileFetch(): TorrentFileFetch | undefined {
    const { host, link, hashes, discovery, peers, events } = this.#options;
    if (host.webSeeds === undefined || link.exactSources.length === 0) return undefined;
    return new TorrentFileFetch({
      web: host.webSeeds,
      memory: host.metadataMemory,
      urls: link.exactSources,
      isAlone: !discovery.hasTrackers && peers.total === 0,
      judge: (bytes) => judgeMetadata(bytes, hashes),
      found: (file, bytes) => this.#found(file.info.bytes, file, bytes),
      contradicted: () => this.#fail(new MagnetContradictionError()),
      failed: (url, reason) => {
        const message = `Cannot use the .torrent file that the magnet link names, ${url}: ${reason}`;
        events.warning(new ClientError('ERR_CLIENT_EXACT_SOURCE', message));
      },
    });
  }

  #begin(): void {
    const { discovery, peers, events } = this.#options;
    discovery.start();
    this.#fileFetch?.start(this.#options.host.clock.now());
    events.busy();
    if (peers.retryNow()) events.dial();
  }

  /** Failing to is a warning. */
  async #savePeers(): Promise<void> {
    const { store, peers, events } = this.#options;
    // Before the folder was looked into nobody knows who was remembered.
    if (store === undefined || !this.#opened) return;
    await store.savePeers(peers.remembered()).catch((error: unknown) => {
      events.warning(error as Error);
    });
  }

  #rest(): void {
    this.swarm.stop();
    this.#fileFetch?.stop();
    void this.#savePeers();
    void this.#options.discovery.stop(clientDefaults.closeTimeout);
  }

  /** @param fresh what is to be remembered; undefined: it was */
  #found(bytes: Uint8Array, file: Metainfo | undefined, fresh?: Uint8Array): void {
    const { known, events } = this.#options;
    this.#fileFetch?.stop();
    this.swarm.known(bytes);
    try {
      const info = file?.info ?? parseInfo(bytes);
      this.#isOver = true;
      known(info, file);
    } catch (error) {
      this.#isOver = false;
      this.#fail(error as Error);
      return;
    }
    if (fresh === undefined) return;
    this.#options.store?.save(fresh).catch((error: unknown) => events.warning(error as Error));
  }

  #fail(error: Error): void {
    this.#error = error;
    this.#setState('error');
    this.#rest();
    this.swarm.close();
    this.#options.events.failed(error);
  }

  #setState(state: MetadataState): void {
    this.#state = state;
    this.#options.events.state(state);
  }
}
