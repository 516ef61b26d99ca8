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

/** Cuts or fills text to `width` columns of a terminal. */
export function fit(text: string, width: number): string {
  const whole = displayWidth(text);
  if (whole <= width) return text + ' '.repeat(width - whole);
  let kept = '';
  let columns = 0;
  for (const { segment } of graphemesOf(text)) {
    const more = graphemeWidth(segment);
    if (columns + more > width - 1) break;
    kept += segment;
    columns += more;
  }
  return `${kept}…${' '.repeat(width - 1 - columns)}`;
}

let graphemes: Intl.Segmenter | undefined;

/** Made at its first use: it takes a quarter of the time in which a command that only prints is done. */
function graphemesOf(text: string): Intl.Segments {
  graphemes ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return graphemes.segment(text);
}

const WIDE =
  /^(?:\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|[\u3000-\u303e\u30a0-\u30ff\u3100-\u312f\ua000-\ua4cf\uff01-\uff60\uffe0-\uffe6])|\ufe0f/u;
const NOTHING = /^[\p{Mark}\p{Cf}]+$/u;

/** Columns that text takes on a terminal: two for the characters of East Asia and for emoji. */
export function displayWidth(text: string): number {
  let columns = 0;
  for (const { segment } of graphemesOf(text)) columns += graphemeWidth(segment);
  return columns;
}

function graphemeWidth(grapheme: string): number {
  if (NOTHING.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}
