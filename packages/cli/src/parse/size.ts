import { UsageError } from '../errors.ts';

/** Exponents of 1,000 or 1,024 by letter. */
const PREFIXES = ['', 'k', 'm', 'g', 't'];
const SIZE = /^(\d{1,16}(?:\.\d{1,9})?)\s*([kmgt]?)(i?b)?$/i;

/**
 * Bytes of a size as people write it: `16384`, `500K`, `1.5M`, `1MiB`, `20MB`. A bare letter and `KiB`, `MiB`, `GiB`, `TiB`
 * count in powers of 1,024; `kB`, `MB`, `GB`, `TB` in powers of 1,000.
 */
export function parseSize(text: string, what = 'size'): number {
  const match = SIZE.exec(text.trim());
  if (match !== null) {
    const [, number = '', letter = '', unit = ''] = match;
    const base = unit.toLowerCase() === 'b' ? 1000 : 1024;
    const bytes = Math.round(Number(number) * base ** PREFIXES.indexOf(letter.toLowerCase()));
    if (Number.isSafeInteger(bytes)) return bytes;
  }
  throw new UsageError(`"${text}" is no ${what}: write for example 500K, 1.5M or 16MiB`);
}

/** Bytes per second: a size, `/s` may follow. 0 means no limit. */
export function parseRate(text: string): number {
  return parseSize(text.trim().replace(/\/s$/i, ''), 'rate');
}
