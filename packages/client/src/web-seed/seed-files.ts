import type { Bitfield } from '@shoal/peer-wire';
import type { Asked } from './judge-answer.ts';
import { fileUrl, pieceUrl } from './seed-url.ts';
import type { WebSeedIdentity } from './web-seed-means.ts';
import type { WebGeometry, WebPart } from './web-parts.ts';
import { webSeedDefaults } from './web-seed-options.ts';
import type { WebAnswer, WebRequest } from './web-transport.ts';

interface Redirect {
  readonly url: string;
  readonly publicOnly: boolean;
}

/** Where the files of a torrent are at a web seed, and which of them are not. */
export class SeedFiles {
  /** Files in a row that were not there. */
  missingInARow = 0;
  readonly #identity: WebSeedIdentity;
  readonly #geometry: WebGeometry;
  readonly #missing = new Set<number>();
  /** Where files were found after redirects. */
  readonly #redirects = new Map<number, Redirect>();
  #streamStart = 0;

  constructor(identity: WebSeedIdentity, geometry: WebGeometry) {
    this.#identity = identity;
    this.#geometry = geometry;
  }

  /** The file at which to look for a stream first. */
  get streamStart(): number {
    return this.#streamStart;
  }

  isMissing(file: number): boolean {
    return this.#missing.has(file);
  }

  /** A stream of these parts begins. */
  streams(parts: readonly WebPart[]): void {
    const from = parts[0]?.from;
    if (from !== undefined && 'file' in from) this.#streamStart = from.file;
  }

  /** What to ask for a part, or with `isWhole` for the file that it is of. Undefined: no URL names the file. */
  requestFor(
    part: WebPart,
    isWhole: boolean,
  ): { readonly request: WebRequest; readonly asked: Asked } | undefined {
    const { from, length } = part;
    const { url, kind } = this.#identity;
    const { info } = this.#geometry;
    const range =
      from === undefined || isWhole
        ? undefined
        : { first: from.first, last: from.first + length - 1 };
    if (from === undefined) return undefined;
    if ('piece' in from) {
      if (info.infoHash === undefined) return undefined;
      const full = Math.min(info.pieceLength, info.totalLength - from.piece * info.pieceLength);
      const asked = { range: undefined, length, kind };
      const text = pieceUrl(url, info.infoHash, from.piece, length === full ? undefined : range);
      return { request: this.#request(text, undefined, this.#identity.publicOnly), asked };
    }
    const known = this.#redirects.get(from.file);
    const text = known?.url ?? fileUrl(url, info, from.file);
    if (text === undefined) return undefined;
    return {
      request: this.#request(text, range, known?.publicOnly ?? this.#identity.publicOnly),
      asked: { range, length: info.files[from.file]?.length ?? 0, kind },
    };
  }

  /** A file is there. */
  found({ from }: WebPart, { url, publicOnly }: WebAnswer): void {
    if (from === undefined || !('file' in from)) return;
    this.missingInARow = 0;
    if (url === (this.#redirects.get(from.file)?.url ?? this.#urlOf(from.file))) return;
    if (this.#redirects.size >= webSeedDefaults.maxRememberedRedirects) {
      for (const oldest of this.#redirects.keys()) {
        this.#redirects.delete(oldest);
        break;
      }
    }
    this.#redirects.set(from.file, { url, publicOnly });
  }

  /** Something went wrong with a file: false where no redirect was remembered that could be why. */
  forgetRedirect({ from }: WebPart): boolean {
    return from !== undefined && 'file' in from && this.#redirects.delete(from.file);
  }

  /** A file is not there: neither are the pieces that reach into it. */
  lose({ from }: WebPart, have: Bitfield): void {
    if (from === undefined) return;
    if ('piece' in from) {
      have.clear(from.piece);
      return;
    }
    this.#missing.add(from.file);
    const pieces = this.#geometry.layout.piecesOf(from.file);
    if (pieces === undefined) return;
    for (let piece = pieces.first; piece <= pieces.last; piece++) have.clear(piece);
  }

  #urlOf(file: number): string | undefined {
    return fileUrl(this.#identity.url, this.#geometry.info, file);
  }

  #request(url: string, range: WebRequest['range'], publicOnly: boolean): WebRequest {
    return { url, base: this.#identity.url.href, range, publicOnly };
  }
}
