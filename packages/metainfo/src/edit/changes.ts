import type { TorrentNode } from '../types.ts';

/** A change of a list. What is taken out must be in it; what is put in and is there already stays where it is. */
export interface ListChange<T> {
  /** Take all out, before anything is put in. */
  readonly clear?: boolean;
  /** Take these out. */
  readonly remove?: readonly T[];
  /** Put these in, at the end. */
  readonly add?: readonly T[];
}

/** A change of the trackers. */
export interface TrackerChange extends Omit<ListChange<string>, 'add'> {
  /** Put these tiers in, at the end (BEP 12). */
  readonly add?: readonly (readonly string[])[];
}

/**
 * What `editTorrent` changes: only what is named. `null` takes a key out.
 *
 * Of lists that are changed, what no reader accepts is left out; all others stay byte for byte.
 */
export interface TorrentChanges {
  /** `announce` and `announce-list`: `http:`, `https:`, `udp:`, `ws:` or `wss:`. */
  readonly trackers?: TrackerChange;
  /** `url-list` (BEP 19): `http:`, `https:` or `ftp:`. */
  readonly webSeeds?: ListChange<string>;
  /** `httpseeds` (BEP 17): `http:` or `https:`. */
  readonly httpSeeds?: ListChange<string>;
  /** DHT nodes (BEP 5). */
  readonly nodes?: ListChange<TorrentNode>;
  /** Free text. */
  readonly comment?: string | null;
  /** The program that made the torrent. */
  readonly createdBy?: string | null;
  /** Unix time in seconds. */
  readonly creationDate?: number | null;
  /**
   * What stands in the info dictionary. **It changes the info-hash**: for peers and trackers it is another torrent then.
   */
  readonly info?: {
    /** One path component; of a single-file torrent also the name of its file. */
    readonly name?: string;
    /** Peers only from the trackers (BEP 27). */
    readonly private?: boolean;
    /** Makes the info-hash of the same content differ between sites. */
    readonly source?: string | null;
  };
}
