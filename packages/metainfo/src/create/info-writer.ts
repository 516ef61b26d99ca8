import { basename } from 'node:path';
import { DEFAULT_LIMITS, SHA1_LENGTH, SHA256_LENGTH } from '../limits.ts';
import { BencodeWriter } from './bencode-writer.ts';
import type { SourceFile, SourceTree } from './collect-files.ts';
import type { CreateOptions, SourceAttribute } from './options.ts';
import type { Pauses } from './pauses.ts';
import { paddingAfter } from './piece-space.ts';
import type { PieceSpace } from './piece-space.ts';

/** An info dictionary whose hashes are still to be put in. */
export interface InfoDraft {
  /** All of it. Where hashes will stand it holds something that is valid as well. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the SHA-1 of all pieces stand; undefined where there are none. */
  readonly digests: Uint8Array | undefined;
  /** Where the `pieces root` of each file begins in {@link bytes}; 0 where it has none. */
  readonly rootsAt: Uint32Array;
}

/** Keys of the info dictionary that say nothing of its files. */
export interface InfoKeys {
  readonly name: string;
  readonly private: boolean;
  readonly attributes: readonly SourceAttribute[];
  readonly similar: CreateOptions['similar'] | undefined;
  readonly collections: CreateOptions['collections'] | undefined;
  readonly source: string | undefined;
}

/** Stands for a hash that is not known yet: a `pieces root` of zeros would be an invalid one. */
const FILLER = 0xff;

/** Writes an info dictionary (BEP 3, 38, 47, 52) but for its hashes. */
export async function draftInfo(
  tree: SourceTree,
  space: PieceSpace,
  keys: InfoKeys,
  pauses: Pauses,
): Promise<InfoDraft> {
  const draft = new Draft(tree, space, keys, pauses);
  return draft.write();
}

class Draft {
  readonly #tree: SourceTree;
  readonly #space: PieceSpace;
  readonly #keys: InfoKeys;
  readonly #pauses: Pauses;
  readonly #out = new BencodeWriter(DEFAULT_LIMITS.maxLength);
  readonly #rootsAt: Uint32Array;

  constructor(tree: SourceTree, space: PieceSpace, keys: InfoKeys, pauses: Pauses) {
    this.#tree = tree;
    this.#space = space;
    this.#keys = keys;
    this.#pauses = pauses;
    this.#rootsAt = new Uint32Array(tree.files.length);
  }

  /** The keys in their order. */
  async write(): Promise<InfoDraft> {
    const out = this.#out;
    const { format, pieceLength, pieceCount } = this.#space;
    const { name, similar = [], collections = [], source } = this.#keys;
    const hasV1 = format !== 'v2';
    const [single] = this.#tree.multiFile ? [] : this.#tree.files;

    out.raw('d');
    if (single !== undefined && hasV1) this.#attributes(single);
    if (collections.length > 0) {
      out.raw('11:collections');
      out.list(collections);
    }
    if (format !== 'v1') {
      out.raw('9:file treed');
      await this.#fileTree(single === undefined ? undefined : name);
      out.raw('e');
    }
    if (hasV1 && single === undefined) {
      out.raw('5:filesl');
      await this.#fileList();
      out.raw('e');
    }
    if (hasV1 && single !== undefined) this.#length(single.length);
    if (format !== 'v1') out.raw('12:meta versioni2e');
    out.raw('4:name');
    out.text(name);
    out.raw('12:piece length');
    out.integer(pieceLength);
    let digestsAt: number | undefined;
    if (hasV1) {
      out.raw('6:pieces');
      digestsAt = out.room(pieceCount * SHA1_LENGTH, FILLER);
    }
    if (this.#keys.private) out.raw('7:privatei1e');
    if (similar.length > 0) {
      out.raw('7:similarl');
      for (const hash of similar) out.bytes(hash);
      out.raw('e');
    }
    if (source !== undefined) {
      out.raw('6:source');
      out.text(source);
    }
    out.raw('e');
    const bytes = out.finish();
    const digests =
      digestsAt === undefined
        ? undefined
        : bytes.subarray(digestsAt, digestsAt + pieceCount * SHA1_LENGTH);
    return { bytes, digests, rootsAt: this.#rootsAt };
  }

  /** `files` (BEP 3), with padding (BEP 47) as libtorrent writes it. */
  async #fileList(): Promise<void> {
    const out = this.#out;
    const { padded, pieceLength } = this.#space;
    for (const file of this.#tree.files) {
      const { components, length, link } = file;
      out.raw('d');
      this.#attributes(file);
      this.#length(length);
      out.raw('4:path');
      out.list(components);
      this.#linkPath(link);
      out.raw('e');
      const padding = padded ? paddingAfter(length, pieceLength) : 0;
      if (padding > 0) {
        out.raw('d4:attr1:p');
        this.#length(padding);
        out.raw('4:path');
        out.list(['.pad', `${padding}`]);
        out.raw('e');
      }
      if (this.#pauses.due) await this.#pauses.take();
    }
  }

  /** The members of `file tree` (BEP 52): files are in its order. `name` is that of a single file. */
  async #fileTree(name: string | undefined): Promise<void> {
    const out = this.#out;
    let folders: readonly string[] = [];
    for (const [index, file] of this.#tree.files.entries()) {
      const path = name === undefined ? file.components : [name];
      const depth = path.length - 1;
      let same = 0;
      while (same < depth && same < folders.length && folders[same] === path[same]) same++;
      for (let level = folders.length; level > same; level--) out.raw('e');
      for (const folder of path.slice(same, depth)) {
        out.text(folder);
        out.raw('d');
      }
      folders = path.slice(0, depth);
      out.text(path[depth] ?? '');
      this.#leaf(file, index);
      if (this.#pauses.due) await this.#pauses.take();
    }
    for (const _ of folders) out.raw('e');
  }

  #leaf(file: SourceFile, index: number): void {
    const out = this.#out;
    out.raw('d0:d');
    this.#attributes(file);
    if (file.link === undefined) this.#length(file.length);
    if (file.length > 0) {
      out.raw('11:pieces root');
      this.#rootsAt[index] = out.room(SHA256_LENGTH, FILLER);
    }
    this.#linkPath(file.link);
    out.raw('ee');
  }

  /** `attr` (BEP 47), where there is something to say. */
  #attributes({ executable, path, link }: SourceFile): void {
    const { attributes } = this.#keys;
    let letters = '';
    if (attributes.includes('hidden') && basename(path).startsWith('.')) letters += 'h';
    if (attributes.includes('executable') && executable) letters += 'x';
    if (link !== undefined) letters += 'l';
    if (letters === '') return;
    this.#out.raw('4:attr');
    this.#out.text(letters);
  }

  #length(length: number): void {
    this.#out.raw('6:length');
    this.#out.integer(length);
  }

  #linkPath(link: readonly string[] | undefined): void {
    if (link === undefined) return;
    this.#out.raw('12:symlink path');
    this.#out.list(link);
  }
}
