import prettyBytes from 'pretty-bytes';

/** `1.5 MiB` */
export function formatBytes(bytes: number): string {
  return prettyBytes(bytes, { binary: true });
}

/** `1.5 MiB/s` */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(Math.round(bytesPerSecond))}/s`;
}

/** `12s`, `3m04s`, `2h05m`, `4d03h`; `-` where it is unknown. */
export function formatDuration(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return '-';
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  const [large, small, units] =
    whole < 3600
      ? [whole / 60, whole % 60, 'ms']
      : whole < 86_400
        ? [whole / 3600, (whole % 3600) / 60, 'hm']
        : [whole / 86_400, (whole % 86_400) / 3600, 'dh'];
  const minor = String(Math.floor(small)).padStart(2, '0');
  return `${Math.floor(large)}${units.charAt(0)}${minor}${units.charAt(1)}`;
}

/** `42.0`: percent, never rounded up to 100. */
export function formatPercent(done: number, total: number): string {
  if (total <= 0 || done >= total) return '100.0';
  return (Math.floor((done / total) * 1000) / 10).toFixed(1);
}

/** Cuts text to `width` characters. */
export function fit(text: string, width: number): string {
  const characters = Array.from(text);
  if (characters.length <= width) return text.padEnd(width + text.length - characters.length);
  return `${characters.slice(0, width - 1).join('')}…`;
}
