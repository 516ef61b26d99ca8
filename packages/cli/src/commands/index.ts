import type { Command } from './command.ts';
import { create } from './create.ts';
import { dht } from './dht.ts';
import { download } from './download.ts';
import { edit } from './edit.ts';
import { info, magnet, scrape, verify } from './inspect.ts';
import { metadata } from './metadata.ts';
import { seed } from './seed.ts';
import { tour, tracker } from './serve.ts';

/** Every command, in the order of `--help`. */
export const commands: readonly Command[] = [
  download,
  seed,
  create,
  edit,
  info,
  verify,
  magnet,
  metadata,
  tracker,
  scrape,
  dht,
  tour,
];
