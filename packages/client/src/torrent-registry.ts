import type { SwarmNames } from './peer/swarm-names.ts';
import type { Torrent } from './torrent.ts';

/** Hexadecimal digits of a name on the wire. */
const NAME_DIGITS = 40;

/** The torrents of a client, by all the hashes that name them. */
export class TorrentRegistry implements Iterable<Torrent> {
  /** In the order in which they were added. */
  readonly #torrents = new Set<Torrent>();
  /** By the 20 bytes of a handshake, hex: a hybrid is there twice. */
  readonly #byName = new Map<string, Torrent>();

  [Symbol.iterator](): IterableIterator<Torrent> {
    return this.#torrents.values();
  }

  /** A torrent that has one of these names, so that the two could not be told apart. */
  clash({ v1, v2 }: SwarmNames): Torrent | undefined {
    return this.#of(v1) ?? this.#of(v2);
  }

  /** To be called where nothing {@link clash}es. */
  add(torrent: Torrent): void {
    const { infoHashHex, swarmNames } = torrent;
    this.#torrents.add(torrent);
    // The string is there already: thousands of torrents need not keep another one.
    if (swarmNames.v1 !== undefined) this.#byName.set(infoHashHex, torrent);
    if (swarmNames.v2 !== undefined) this.#byName.set(hexOf(swarmNames.v2), torrent);
  }

  delete(torrent: Torrent): void {
    if (!this.#torrents.delete(torrent)) return;
    const { v1, v2 } = torrent.swarmNames;
    for (const name of [v1, v2]) if (name !== undefined) this.#byName.delete(hexOf(name));
  }

  /** By the 20 bytes of a handshake. */
  named(name: Uint8Array): Torrent | undefined {
    return this.#byName.get(hexOf(name));
  }

  /** By a v1 info-hash or a v2 one, whole or cut to 20 bytes; hexadecimal, in either case. */
  find(infoHash: string): Torrent | undefined {
    const hex = infoHash.toLowerCase();
    const torrent = this.#byName.get(hex.slice(0, NAME_DIGITS));
    if (torrent === undefined || hex.length === NAME_DIGITS) return torrent;
    const { v2 } = torrent.infoHashes;
    return v2 !== undefined && hexOf(v2) === hex ? torrent : undefined;
  }

  #of(name: Uint8Array | undefined): Torrent | undefined {
    return name === undefined ? undefined : this.named(name);
  }
}

function hexOf({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('hex');
}
