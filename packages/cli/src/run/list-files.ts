import { fileColumns } from '@shoal/metainfo';
import type { Metainfo, TorrentInfo } from '@shoal/metainfo';
import { formatBytes } from '../terminal/format.ts';
import { jsonLine, plainText } from '../terminal/plain-text.ts';
import type { World } from '../world.ts';
import { writeTexts } from '../write-texts.ts';

/** Prints a torrent's files with the numbers that `--select` takes. */
export async function listFiles({ info }: Metainfo, json: boolean, world: World): Promise<void> {
  await writeTexts(world, json ? jsonLines(info) : fileLines(info));
}

/** A line for each file but padding, with the number that `--select` takes. */
export function* fileLines(info: TorrentInfo): Generator<string, void, undefined> {
  const columns = fileColumns(info);
  for (let index = 0; index < columns.size; index++) {
    if (columns.isPadding(index)) continue;
    const size = formatBytes(columns.lengths[index] ?? 0);
    const path = plainText(columns.pathOf(index));
    yield `${String(index).padStart(6)}  ${size.padStart(10)}  ${path}\n`;
  }
}

function* jsonLines(info: TorrentInfo): Generator<string, void, undefined> {
  const columns = fileColumns(info);
  for (let index = 0; index < columns.size; index++) {
    if (columns.isPadding(index)) continue;
    const length = columns.lengths[index] ?? 0;
    yield jsonLine({ event: 'file', index, path: columns.pathOf(index), length });
  }
}
