import { MAX_EXTENSION_HANDSHAKE_LENGTH, MAX_PIECE_COUNT, WireEncoder } from '@shoal/peer-wire';

/** Pieces announced one by one that are remembered; many more than come before a bitfield is of use. */
const MAX_HAVES = 4_096;
/** Pieces it may let us ask for while it chokes us (BEP 6); peers name ten. */
const MAX_ALLOWED_FAST = 40;

/**
 * What a peer has said of itself while we did not know the torrent yet, to be said once more to whom its connection is handed
 * over. Bounded: a bitfield, and a few numbers.
 */
export class EarlyMessages {
  choking = true;
  interested = false;
  #bitfield: Uint8Array | 'all' | 'none' | undefined;
  readonly #haves = new Set<number>();
  readonly #allowedFast = new Set<number>();
  readonly #handshakes: Uint8Array[] = [];
  #handshakeBytes = 0;
  #lost = false;

  /** It has said more than was remembered. */
  get lost(): boolean {
    return this.#lost;
  }

  has(pieces: Uint8Array | 'all' | 'none'): void {
    this.#bitfield = pieces instanceof Uint8Array ? new Uint8Array(pieces) : pieces;
  }

  have(piece: number): void {
    if (this.#haves.size >= MAX_HAVES || piece >= MAX_PIECE_COUNT) this.#lost = true;
    else this.#haves.add(piece);
  }

  allowedFast(piece: number): void {
    if (this.#allowedFast.size < MAX_ALLOWED_FAST) this.#allowedFast.add(piece);
  }

  extendedHandshake(payload: Uint8Array): void {
    this.#handshakeBytes += payload.length;
    if (this.#handshakeBytes > MAX_EXTENSION_HANDSHAKE_LENGTH) this.#lost = true;
    else this.#handshakes.push(new Uint8Array(payload));
  }

  /** All of it, as on the wire. */
  replay(): Uint8Array {
    const to = new WireEncoder();
    for (const payload of this.#handshakes) to.extended(0, payload);
    if (this.#bitfield === 'all') to.haveAll();
    else if (this.#bitfield === 'none') to.haveNone();
    else if (this.#bitfield !== undefined) to.bitfield(this.#bitfield);
    for (const piece of this.#haves) to.have(piece);
    for (const piece of this.#allowedFast) to.allowedFast(piece);
    if (this.interested) to.interested();
    if (!this.choking) to.unchoke();
    return to.take();
  }
}
