import picocolors from 'picocolors';
import type { OutputStream, World } from '../world.ts';

/** Colours, unless `NO_COLOR` is set (to anything but nothing), the terminal is dumb or there is none. */
export function colorsFor(
  stream: OutputStream,
  env: World['env'],
): ReturnType<typeof picocolors.createColors> {
  const wanted = (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return picocolors.createColors(wanted && stream.isTTY === true);
}
