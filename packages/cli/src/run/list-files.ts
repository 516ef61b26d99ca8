import type { Metainfo } from '@shoal/metainfo';
import { formatBytes } from '../terminal/format.ts';
import { jsonLine, plainText } from '../terminal/plain-text.ts';
import type { World } from '../world.ts';

/** Prints a torrent's files with the numbers that `--select` takes. */
export function listFiles({ info }: Metainfo, json: boolean, world: World): void {
  const files = info.files.filter(({ attributes }) => !attributes.padding);
  for (const { index, path, length } of files) {
    world.stdout.write(
      json
        ? jsonLine({ event: 'file', index, path, length })
        : `${String(index).padStart(6)}  ${formatBytes(length).padStart(10)}  ${plainText(path)}\n`,
    );
  }
}
