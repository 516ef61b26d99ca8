export { MAX_VALUE_BYTES } from '../krpc/messages.ts';

/** Bytes of a salt (BEP 44). */
export const MAX_SALT_BYTES = 64;
/** Highest sequence number (BEP 44). */
export const MAX_SEQ = 2n ** 63n - 1n;

/** An item that can never change: its target is the hash of its value (BEP 44). */
export interface ImmutableItem {
  readonly kind: 'immutable';
  /** Bencode of any kind, at most {@link MAX_VALUE_BYTES} long. */
  readonly value: Uint8Array;
}

/** An item whose owner, who has the private key, replaces it by ones with higher sequence numbers (BEP 44). */
export interface MutableItem {
  readonly kind: 'mutable';
  /** Bencode of any kind, at most {@link MAX_VALUE_BYTES} long. */
  readonly value: Uint8Array;
  /** Ed25519 public key, 32 bytes. */
  readonly key: Uint8Array;
  /** Tells items of the same key apart; at most {@link MAX_SALT_BYTES}, empty where there is none. */
  readonly salt: Uint8Array;
  /** 0 to {@link MAX_SEQ}. */
  readonly seq: bigint;
  /** Ed25519 signature, 64 bytes, of what `signedBytes` gives. */
  readonly signature: Uint8Array;
}

/** What is stored in the DHT besides peers. */
export type Item = ImmutableItem | MutableItem;
