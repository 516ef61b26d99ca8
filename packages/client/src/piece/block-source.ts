import type { PickerPeer } from './picker-peers.ts';

/** Whoever blocks are fetched from: a peer, or a connection to a web seed. */
export interface BlockSource extends PickerPeer {
  /** The address is what {@link SmartBan} knows it by; a web seed has a name of its own, which is no address. */
  readonly endpoint: { readonly address: string };
  readonly requests: {
    /** Takes one request back: another has sent the block. {@link BlockSource.flush} follows. */
    cancel(id: number): void;
  };
  /** Sends what was written. */
  flush(): void;
}
