import type { HashRequest } from './hash-request.ts';

/**
 * What a wire decoder calls, in the order in which messages arrive. Lengths and the framing are already checked; what
 * needs to know the torrent (indices in range, order of messages) is the receiver's to check.
 * A sink may throw a `WireError` to refuse a message: the decoder passes it on and must not be used again.
 */
export interface WireSink {
  /** Four zero bytes: the peer is still there. */
  onKeepAlive(): void;
  /** The peer will not answer requests. */
  onChoke(): void;
  /** The peer will answer requests. */
  onUnchoke(): void;
  /** The peer wants pieces of ours. */
  onInterested(): void;
  /** The peer wants nothing of ours. */
  onNotInterested(): void;
  /** The peer has this piece. Any 32-bit number. */
  onHave(piece: number): void;
  /** `bits` is valid only during the call. Its length is whatever came, at most the limit. */
  onBitfield(bits: Uint8Array): void;
  /** The peer asks for a block. Any 32-bit numbers. */
  onRequest(piece: number, begin: number, length: number): void;
  /** The peer takes a request back. Any 32-bit numbers. */
  onCancel(piece: number, begin: number, length: number): void;
  /**
   * The head of a `piece` message has arrived: where shall its payload go? The answer is a view of exactly `length`
   * bytes, or undefined to have the payload read and dropped.
   */
  onBlockStart(piece: number, begin: number, length: number): Uint8Array | undefined;
  /** More payload has arrived: `bytes` of it, for rate meters; called for dropped payload too. */
  onBlockProgress(bytes: number): void;
  /** The payload is complete. `stored` is false where it was dropped. */
  onBlockEnd(piece: number, begin: number, length: number, stored: boolean): void;
  /** DHT port (BEP 5). */
  onPort(port: number): void;
  /** Fast extension (BEP 6). */
  onSuggest(piece: number): void;
  /** The peer has every piece (BEP 6). */
  onHaveAll(): void;
  /** The peer has no piece (BEP 6). */
  onHaveNone(): void;
  /** The peer will not answer this request (BEP 6). */
  onReject(piece: number, begin: number, length: number): void;
  /** This piece may be requested while choked (BEP 6). */
  onAllowedFast(piece: number): void;
  /** Extension protocol (BEP 10). `payload` is valid only during the call. */
  onExtended(id: number, payload: Uint8Array): void;
  /** A message this decoder does not know. BEP 3 says nothing of them; they are counted and skipped. */
  onUnknown(id: number, length: number): void;
}

/**
 * What a wire decoder calls for the messages of BitTorrent v2 (BEP 52). Framing is checked already, and that `hashes` holds as
 * many as its own fields say; what the fields mean is the receiver's to check. A {@link HashRequest} may be kept.
 */
export interface HashSink {
  /**
   * The peer asks for hashes, in any 32-bit numbers. It is owed `hashes` or `hash reject`, the latter also where
   * `hashRequestFault` finds one or the root is of no file of ours.
   */
  onHashRequest(request: HashRequest): void;
  /**
   * The fields of a `hashes` message have arrived: where shall its hashes go, `length` bytes of them? The answer is a view of
   * exactly that many, or undefined to have them read and dropped.
   */
  onHashesStart(request: HashRequest, length: number): Uint8Array | undefined;
  /**
   * The hashes are complete: what `onHashesStart` gave, or undefined where they were dropped. First those of the base layer,
   * then the uncle hashes from the lowest proof layer up.
   */
  onHashesEnd(request: HashRequest, hashes: Uint8Array | undefined): void;
  /** The peer will not answer this request. */
  onHashReject(request: HashRequest): void;
}
