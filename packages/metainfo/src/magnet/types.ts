/** A peer named by a link. */
export interface MagnetPeer {
  /** IPv4 or IPv6 address (without brackets) or host name. */
  readonly host: string;
  /** 1–65535. */
  readonly port: number;
}

/** What a magnet link says (BEP 9, BEP 52, BEP 53). It names a torrent by at least one of its info-hashes. */
export interface MagnetLink {
  /** `xt=urn:btih:`: SHA-1 of the info dictionary, 20 bytes. */
  readonly infoHash?: Uint8Array | undefined;
  /** `xt=urn:btmh:`: SHA-256 of the info dictionary, 32 bytes. */
  readonly infoHashV2?: Uint8Array | undefined;
  /** `dn`: for display only; it is not safe as a path. */
  readonly name?: string | undefined;
  /** `tr`: announce URLs, each once. */
  readonly trackers: readonly string[];
  /** `ws`: web seeds (BEP 19), each once. */
  readonly webSeeds: readonly string[];
  /** `xs`, `as`: `http:` and `https:` URLs of the .torrent file, each once. */
  readonly exactSources: readonly string[];
  /** `x.pe`: peers to try first. */
  readonly peers: readonly MagnetPeer[];
  /** `so`: indices of the files to download (BEP 53), rising; undefined for all. */
  readonly selectOnly?: readonly number[] | undefined;
  /** `xl`: bytes of payload. */
  readonly exactLength?: number | undefined;
}
