import cliProgress from 'cli-progress';
import type { World } from '../world.ts';

/** A bar for one task, which is gone when the task is over. For terminals only. */
export function singleBar(world: World, format: string): cliProgress.SingleBar {
  return new cliProgress.SingleBar({
    stream: world.stdout as NodeJS.WritableStream,
    format,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    clearOnComplete: true,
    hideCursor: true,
    linewrap: false,
    gracefulExit: false,
  });
}
