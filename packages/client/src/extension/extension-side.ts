/** What a torrent says of itself in extended messages (BEP 10). One object serves all of its connections. */
export interface ExtensionSide {
  /** TCP port we listen on; 0 while there is none. */
  readonly port: number;
  /** The info dictionary, which peers may fetch (BEP 9); undefined while it is unknown. */
  readonly metadata: Uint8Array | undefined;
  /** We want nothing more (BEP 21). */
  readonly uploadOnly: boolean;
  /** Peers are exchanged (BEP 11): never in a private torrent. */
  readonly exchangesPeers: boolean;
}
