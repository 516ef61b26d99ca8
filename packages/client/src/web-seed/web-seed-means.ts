import type { Random } from '@shoal/net';
import type { RateGate } from '../choke/rate-gate.ts';
import type { LaneSwarm } from './lane-owner.ts';
import type { RequestSlots } from './request-slots.ts';
import type { WebGeometry } from './web-parts.ts';
import type { WebSeed } from './web-seed.ts';
import type { WebTransport } from './web-transport.ts';

/** What a web seed needs of its torrent; implemented by `Swarm`. */
export interface WebSeedSwarm extends LaneSwarm {
  /** Blocks may be asked for. */
  readonly downloading: boolean;
  /** There are peers that may be asked for what a seed is late with. */
  readonly peers: { readonly size: number };
  /** A peer would send blocks of a piece if asked. */
  peersSend(piece: number): boolean;
}

/** What a web seed is at. */
export type WebSeedState =
  /** Nothing is asked of it now. */
  | 'idle'
  | 'downloading'
  /** It has failed, and is asked again later. */
  | 'waiting'
  /** It is not asked any more. */
  | 'refused';

/** What all web seeds of a torrent have in common. */
export interface WebSeedMeans {
  readonly geometry: WebGeometry;
  readonly swarm: WebSeedSwarm;
  readonly gate: RateGate;
  readonly transport: WebTransport;
  readonly slots: RequestSlots;
  readonly random: Random;
  readonly maxRequests: number;
  now(): number;
  /** Pieces with which other seeds of the torrent go on. */
  cursors(except: WebSeed): ReadonlySet<number>;
  /** There are others that may be asked. */
  hasOthers(except: WebSeed): boolean;
  /** One of the others would send blocks of a piece if asked. */
  othersSend(piece: number, except: WebSeed): boolean;
  /** A request is over: others may go on. */
  freed(): void;
  /** It has another state. */
  changed(seed: WebSeed): void;
}

/** Which web seed. */
export interface WebSeedIdentity {
  /** What smart-ban knows it by. */
  readonly name: string;
  readonly url: URL;
  readonly kind: 'url-list' | 'httpseeds';
  /** Only addresses of the public internet may be connected to. */
  readonly publicOnly: boolean;
}
