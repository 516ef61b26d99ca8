import type { SingleBar } from 'cli-progress';
import type { World } from '../world.ts';

/** A bar for one task, which is gone when the task is over. For terminals only. */
export async function singleBar(world: World, format: string): Promise<SingleBar> {
  const { default: cliProgress } = await import('cli-progress');
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
