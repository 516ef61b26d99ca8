import { fileColumns, type FileColumns } from '@shoal/metainfo';
import { CheckQueue } from '../check-queue.ts';
import { RootFiles } from '../hashes/root-files.ts';
import { inSlices, type Slices } from './in-slices.ts';
import { hasRoots, type Lender, type TwinFile } from './lender.ts';
import { ROOT_LENGTH, RootTable } from './root-table.ts';
import type { FileTwins } from './shared-files.ts';
import { similarFiles } from './similar-files.ts';

/** Torrents that copy at a time: more would only have the disk seek. */
const COPYING_TORRENTS = 2;

/** Files looked at in one turn of the event loop: a few milliseconds of work. */
const FILES_PER_SLICE = 8192;

/** Files of one content that their twins are copied from. A hostile torrent may have a hundred thousand equal ones. */
const MAX_LEADERS = 16;

/** Torrents that hints (BEP 38) are followed to, and hints of each kind that are looked at: a .torrent file may have a thousand. */
const MAX_SIMILAR = 32;

/** A torrent that misses something. */
export interface Borrower extends Lender {
  /** Whether a file is wanted, by index. */
  wants(file: number): boolean;
  /** Whether something of a file is verified. */
  holds(file: number): boolean;
}

/** Files of other torrents, by file. */
type Lent = Map<number, TwinFile[]>;

/**
 * What the torrents of a client know of each other's data: which files are the same by their pieces roots (BEP 52), and which
 * torrents share files as their makers say (BEP 38).
 *
 * Private torrents (BEP 27) borrow and do not lend: whoever adds a torrent that names the root of a file from elsewhere would
 * otherwise show its peers that the file is there, and hand it to them.
 */
export class LocalData {
  /** Whose turn it is to copy. */
  readonly turns = new CheckQueue(COPYING_TORRENTS);
  readonly #named: (infoHash: Uint8Array) => Lender | undefined;
  readonly #roots = new RootTable<Lender>();
  readonly #collections = new Map<string, Set<Lender>>();
  /** Torrents at work that miss something, and how each is told to look again. */
  readonly #borrowers = new Map<Lender, () => void>();
  readonly #root = new Uint8Array(ROOT_LENGTH);

  /** @param named finds a torrent by its info-hash, 20 bytes */
  constructor(named: (infoHash: Uint8Array) => Lender | undefined) {
    this.#named = named;
  }

  /** Bytes that the roots of all torrents take. */
  get bytes(): number {
    return this.#roots.slots * 2 * Uint32Array.BYTES_PER_ELEMENT;
  }

  /** What a torrent has is known: others find it from now on, and those at work that miss some of it look again. */
  register(lender: Lender): void {
    const { info } = lender.metainfo;
    for (const name of hintsOf(lender).collections) {
      const members = this.#collections.get(name);
      if (members === undefined) this.#collections.set(name, new Set([lender]));
      else members.add(lender);
    }
    if (hasRoots(info) && !this.#roots.has(lender)) {
      inSlices(this.#addRoots(lender), () => this.lent(lender));
    } else this.lent(lender);
  }

  /** A torrent is closed. */
  forget(lender: Lender): void {
    this.#roots.delete(lender);
    this.#borrowers.delete(lender);
    for (const name of hintsOf(lender).collections) {
      const members = this.#collections.get(name);
      members?.delete(lender);
      if (members?.size === 0) this.#collections.delete(name);
    }
  }

  /** A torrent has something that it had not: those at work that miss it look again. */
  lent(lender: Lender): void {
    if (!lender.lends || this.#borrowers.size - (this.#borrowers.has(lender) ? 1 : 0) === 0) return;
    for (const [borrower, wake] of this.#borrowers) {
      if (borrower !== lender && this.#areSimilar(borrower, lender)) wake();
    }
    if (hasRoots(lender.metainfo.info)) inSlices(this.#wakeByRoots(lender), () => undefined);
  }

  /** A torrent misses something: `wake` is called when that may have come to be there. */
  borrows(borrower: Lender, wake: () => void): void {
    this.#borrowers.set(borrower, wake);
  }

  /** It misses nothing any more, or is not at work. */
  ends(borrower: Lender): void {
    this.#borrowers.delete(borrower);
  }

  /**
   * Where the wanted files of a torrent are to be had besides peers; `done` is called with those that are, in the order in which
   * they are looked for. At once where there are not too many.
   */
  findTwins(
    borrower: Borrower,
    signal: AbortSignal,
    done: (twins: ReadonlyMap<number, FileTwins>) => void,
  ): void {
    const twins = new Map<number, FileTwins>();
    inSlices(this.#findTwins(borrower, twins), () => done(twins), signal);
  }

  *#addRoots(lender: Lender): Slices {
    const columns = fileColumns(lender.metainfo.info);
    const root = new Uint8Array(ROOT_LENGTH);
    for (let file = 0; file < columns.size; file++) {
      if (file % FILES_PER_SLICE === FILES_PER_SLICE - 1) {
        yield;
        if (!this.#roots.has(lender)) return;
      }
      if (columns.copyPiecesRoot(file, root, 0)) this.#roots.add(lender, root, 0);
    }
  }

  *#wakeByRoots(lender: Lender): Slices {
    const columns = fileColumns(lender.metainfo.info);
    const woken = new Set<Lender>([lender]);
    for (let file = 0; file < columns.size; file++) {
      if (file % FILES_PER_SLICE === FILES_PER_SLICE - 1) yield;
      for (const owner of this.#ownersOf(columns, file)) {
        if (woken.has(owner)) continue;
        woken.add(owner);
        this.#borrowers.get(owner)?.();
      }
    }
  }

  *#findTwins(borrower: Borrower, twins: Map<number, FileTwins>): Slices {
    const { info } = borrower.metainfo;
    const lent: Lent = new Map();
    if (hasRoots(info)) yield* this.#findByRoots(borrower, twins, lent);
    let compared = 0;
    for (const similar of this.#similarTo(borrower)) {
      if (compared++ > 0) yield;
      const isMissing = (file: number): boolean => borrower.wants(file) && !twins.has(file);
      const { offsets } = fileColumns(similar.metainfo.info);
      for (const [file, other] of similarFiles(info, similar.metainfo.info, isMissing)) {
        push(lent, file, { lender: similar, file: other, offset: offsets[other] ?? 0 });
      }
    }
    for (const [file, found] of lent) {
      const known = twins.get(file);
      if (known === undefined) twins.set(file, { own: [file], leaders: [file], lent: found });
    }
  }

  *#findByRoots(borrower: Borrower, twins: Map<number, FileTwins>, lent: Lent): Slices {
    const columns = fileColumns(borrower.metainfo.info);
    const own = new RootFiles(columns);
    /** By torrent: its files by root. */
    const indices = new Map<Lender, RootFiles>();
    /** Equal files of the torrent, by the first of them. */
    const groups = new Map<number, number[]>();
    for (let file = 0; file < columns.size; file++) {
      if (file % FILES_PER_SLICE === FILES_PER_SLICE - 1) yield;
      if (!borrower.wants(file) && !borrower.holds(file)) continue;
      if (!columns.copyPiecesRoot(file, this.#root, 0)) continue;
      const first = own.find(this.#root) ?? file;
      if (columns.lengths[first] !== columns.lengths[file]) continue;
      const group = groups.get(first);
      if (group !== undefined) {
        group.push(file);
        continue;
      }
      groups.set(first, [file]);
      for (const lender of this.#ownersOf(columns, file)) {
        if (lender === borrower || !lender.lends) continue;
        const other = fileColumns(lender.metainfo.info);
        let index = indices.get(lender);
        if (index === undefined) indices.set(lender, (index = new RootFiles(other)));
        const found = index.find(this.#root);
        if (found === undefined || other.lengths[found] !== columns.lengths[file]) continue;
        push(lent, first, { lender, file: found, offset: other.offsets[found] ?? 0 });
      }
    }
    for (const [first, group] of groups) {
      const found = lent.get(first) ?? [];
      lent.delete(first);
      if (group.length < 2 && found.length === 0) continue;
      // Those that have something can give it; each of the others waits for those before it.
      const leaders = [
        ...group.filter((file) => borrower.holds(file)),
        ...group.filter((file) => !borrower.holds(file)),
      ].slice(0, MAX_LEADERS);
      const entry: FileTwins = { own: group, leaders, lent: found };
      for (const file of group) twins.set(file, entry);
    }
  }

  /** Torrents that share files with one as its maker says, and lend. */
  #similarTo(lender: Lender): Set<Lender> {
    const { similar, collections } = hintsOf(lender);
    const found = new Set<Lender>();
    const add = (other: Lender | undefined): void => {
      if (other !== undefined && other !== lender && other.lends && found.size < MAX_SIMILAR) {
        found.add(other);
      }
    };
    for (const infoHash of similar) add(this.#named(infoHash));
    for (const name of collections) {
      for (const other of this.#collections.get(name) ?? []) {
        if (found.size >= MAX_SIMILAR) return found;
        add(other);
      }
    }
    return found;
  }

  #areSimilar(borrower: Lender, lender: Lender): boolean {
    const { similar, collections } = hintsOf(borrower);
    return (
      similar.some((infoHash) => this.#named(infoHash) === lender) ||
      collections.some((name) => this.#collections.get(name)?.has(lender) === true)
    );
  }

  #ownersOf(columns: FileColumns, file: number): Lender[] {
    return columns.copyPiecesRoot(file, this.#root, 0) ? this.#roots.find(this.#root, 0) : [];
  }
}

function hintsOf({ metainfo }: Lender): Pick<Lender['metainfo'], 'similar' | 'collections'> {
  const { similar, collections } = metainfo;
  return {
    similar: similar.slice(0, MAX_SIMILAR),
    collections: collections.slice(0, MAX_SIMILAR),
  };
}

function push(lent: Lent, file: number, twin: TwinFile): void {
  const found = lent.get(file);
  if (found === undefined) lent.set(file, [twin]);
  else found.push(twin);
}
