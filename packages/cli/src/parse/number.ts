import { UsageError } from '../errors.ts';

/** A whole number from `least` to `most`. */
export function parseCount(text: string, what: string, least = 1, most = 1_000_000): number {
  const value = /^\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`"${text}" is no ${what}: write a whole number from ${least} to ${most}`);
}

/** A ratio such as `1.5`. */
export function parseRatio(text: string): number {
  if (/^\d{1,6}(\.\d{1,6})?$/.test(text.trim())) return Number(text);
  throw new UsageError(`"${text}" is no ratio: write for example 1.5`);
}
