import type { WireEncoder } from '../encoder.ts';
import { WireError } from '../errors.ts';
import type { Extension } from './extension.ts';

/** Most extensions one registry can number: ids are a byte, and 0 is the handshake. */
const MAX_IDS = 255;

/** Reads one message and hands it on; false where it is to be ignored. */
type Receive<Peer> = (peer: Peer, payload: Uint8Array) => boolean;

/**
 * The extensions this side takes messages of, and what to do with them (BEP 10). One registry serves all connections of a kind:
 * a private torrent may have another than a public one. `Peer` is whatever stands for a connection.
 */
export class ExtensionRegistry<Peer> {
  readonly #ids = new Map<string, number>();
  /** By extended id, from 1 on. */
  readonly #receivers: Receive<Peer>[] = [];

  /** The `m` of our extended handshakes: names and the ids peers are to use. */
  get extensions(): ReadonlyMap<string, number> {
    return this.#ids;
  }

  /**
   * Adds an extension; it gets the next extended id. `receive` is called for each of its messages, within
   * {@link ExtensionRegistry.receive}. Throws `ERR_WIRE_INVALID_ARGUMENT` for a name that is taken.
   */
  register<Message>(
    extension: Extension<Message>,
    receive: (peer: Peer, message: Message) => void,
  ): this {
    if (this.#ids.has(extension.name) || this.#receivers.length === MAX_IDS) {
      throw new WireError(
        'ERR_WIRE_INVALID_ARGUMENT',
        `${extension.name} is registered already, or ${MAX_IDS} others are`,
      );
    }
    this.#receivers.push((peer, payload) => {
      const message = extension.decode(payload);
      if (message === undefined) return false;
      receive(peer, message);
      return true;
    });
    this.#ids.set(extension.name, this.#receivers.length);
    return this;
  }

  /**
   * Takes an extended message other than the handshake. Gives false when nobody takes it: its id is none of ours, or it is of a
   * kind to be ignored. Throws `ERR_WIRE_EXTENSION_PAYLOAD`, and whatever the receiver throws.
   */
  receive(peer: Peer, id: number, payload: Uint8Array): boolean {
    return this.#receivers[id - 1]?.(peer, payload) ?? false;
  }
}

/** Which extended ids a peer takes messages under. It remembers only the extensions of the registry. */
export class PeerExtensions {
  readonly #known: { readonly extensions: ReadonlyMap<string, number> };
  readonly #ids = new Map<string, number>();

  /** @param known the registry. */
  constructor(known: { readonly extensions: ReadonlyMap<string, number> }) {
    this.#known = known;
  }

  /** Takes in the `extensions` of a handshake of the peer, which may be a later one: what it leaves out stays as it was. */
  update(extensions: ReadonlyMap<string, number>): void {
    for (const name of this.#known.extensions.keys()) {
      const id = extensions.get(name);
      if (id === 0) this.#ids.delete(name);
      else if (id !== undefined) this.#ids.set(name, id);
    }
  }

  /** Whether the peer takes messages of this extension. */
  supports(extension: { readonly name: string }): boolean {
    return this.#ids.has(extension.name);
  }

  /** Appends a message to `encoder`. Gives false, having done nothing, when the peer does not take it. */
  write<Message>(encoder: WireEncoder, extension: Extension<Message>, message: Message): boolean {
    const id = this.#ids.get(extension.name);
    if (id === undefined) return false;
    encoder.extended(id, extension.encode(message));
    return true;
  }
}
