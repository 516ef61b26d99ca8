import { fileColumns } from '../file-table.ts';
import { MetainfoError } from '../errors.ts';
import type { MetainfoErrorCode } from '../errors.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { parseInfo } from '../parse-info.ts';

/** What is read as others will read it. Crosses threads. */
export interface ReadableTask {
  readonly info: Uint8Array;
  /** What must be read as the torrent's name. */
  readonly name: string;
  /** Which of the files that are not padding are symbolic links. */
  readonly links: readonly number[];
  /** Tokens of bencode that the torrent has beside its info dictionary. */
  readonly otherTokens: number;
}

/**
 * Why others would not find what was put in: they refuse it, a name must be changed to be stored safely, or a link loses its
 * target. `file` counts those that are not padding. Crosses threads.
 */
export type Unreadable =
  | { readonly kind: 'refused'; readonly code: MetainfoErrorCode; readonly message: string }
  | { readonly kind: 'name'; readonly file: number }
  | { readonly kind: 'link'; readonly file: number };

/** Reads an info dictionary as others will. */
export function unreadableIn({
  info,
  name,
  links,
  otherTokens,
}: ReadableTask): Unreadable | undefined {
  try {
    const maxTokens = DEFAULT_LIMITS.maxTokens - otherTokens;
    const read = parseInfo(info, { limits: { maxTokens } });
    if (read.name !== name) return { kind: 'name', file: 0 };
    const columns = fileColumns(read);
    const linkSet = new Set(links);
    let file = 0;
    for (const { index, originalPath, attributes } of read.files) {
      if (columns.isPadding(index)) continue;
      if (originalPath !== undefined) return { kind: 'name', file };
      if (linkSet.has(file) && attributes.symlink === undefined) return { kind: 'link', file };
      file++;
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof MetainfoError)) throw error;
    return { kind: 'refused', code: error.code, message: error.message };
  }
}
