import { UsageError } from '../errors.ts';

const SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };
const DURATION = /^(\d{1,9}(?:\.\d{1,6})?)\s*(ms|s|m|h|d)?$/;
/** Milliseconds. What a Node timer can hold, about 24 days. */
const LONGEST = 2 ** 31 - 1;

/** Milliseconds of `90`, `90s`, `1.5m`, `2h`; without a unit in `unit`. */
export function parseDuration(text: string, unit: 's' | 'm' = 's'): number {
  const match = DURATION.exec(text.trim());
  if (match !== null) {
    const milliseconds = Math.round(
      Number(match[1]) * SECONDS[(match[2] ?? unit) as keyof typeof SECONDS] * 1000,
    );
    if (milliseconds <= LONGEST) return milliseconds;
  }
  throw new UsageError(`"${text}" is no time: write for example 90s, 5m or 2h, at most 24d`);
}
