import type { SwarmNames } from './peer/swarm-names.ts';
import type { AnyTorrent } from './torrent.ts';

/** Hexadecimal digits of a name on the wire. */
const NAME_DIGITS = 40;

/** The torrents of a client, by all the hashes that name them. */
export class TorrentRegistry implements Iterable<AnyTorrent> {
  /** In the order in which they were added. */
  readonly #torrents = new Set<AnyTorrent>();
  /** By the 20 bytes of a handshake, hex: a hybrid is there twice. */
  readonly #byName = new Map<string, AnyTorrent>();

  [Symbol.iterator](): IterableIterator<AnyTorrent> {
    return this.#torrents.values();
  }

  /** A torrent that has one of these names, so that the two could not be told apart; other than `except`. */
  clash({ v1, v2 }: SwarmNames, except?: AnyTorrent): AnyTorrent | undefined {
    return [this.#of(v1), this.#of(v2)].find((found) => found !== undefined && found !== except);
  }

  /** To be called where nothing {@link clash}es. */
  add(torrent: AnyTorrent): void {
    const { infoHashHex, swarmNames } = torrent;
    this.#torrents.add(torrent);
    // The string is there already: thousands of torrents need not keep another one.
    if (swarmNames.v1 !== undefined) this.#byName.set(infoHashHex, torrent);
    if (swarmNames.v2 !== undefined) this.#byName.set(hexOf(swarmNames.v2), torrent);
  }

  /** Its metadata says by which names it goes, and `rename` gives it them. To be called where nothing {@link clash}es. */
  rename(torrent: AnyTorrent, rename: () => void): void {
    const isHere = this.#torrents.has(torrent);
    if (isHere) this.#forgetNames(torrent);
    rename();
    if (isHere) this.add(torrent);
  }

  delete(torrent: AnyTorrent): void {
    if (this.#torrents.delete(torrent)) this.#forgetNames(torrent);
  }

  #forgetNames(torrent: AnyTorrent): void {
    const { v1, v2 } = torrent.swarmNames;
    for (const name of [v1, v2]) if (name !== undefined) this.#byName.delete(hexOf(name));
  }

  /** By the 20 bytes of a handshake. */
  named(name: Uint8Array): AnyTorrent | undefined {
    return this.#byName.get(hexOf(name));
  }

  /** By a v1 info-hash or a v2 one, whole or cut to 20 bytes; hexadecimal, in either case. */
  find(infoHash: string): AnyTorrent | undefined {
    const hex = infoHash.toLowerCase();
    const torrent = this.#byName.get(hex.slice(0, NAME_DIGITS));
    if (torrent === undefined || hex.length === NAME_DIGITS) return torrent;
    const { v2 } = torrent.infoHashes;
    return v2 !== undefined && hexOf(v2) === hex ? torrent : undefined;
  }

  #of(name: Uint8Array | undefined): AnyTorrent | undefined {
    return name === undefined ? undefined : this.named(name);
  }
}

function hexOf({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('hex');
}
