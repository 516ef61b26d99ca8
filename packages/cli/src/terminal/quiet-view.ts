import { messageOf } from '../errors.ts';
import type { World } from '../world.ts';
import type { LoadedIpFilter } from '../run/ip-filter.ts';
import { plainText } from './plain-text.ts';
import type { TransferEvent, TransferRow, TransferSummary, TransferView } from './transfer-view.ts';

/** Errors only, each in one line on stderr. */
export class QuietView implements TransferView {
  readonly interval: number | undefined = undefined;
  protected readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  ipFilter(_loaded: LoadedIpFilter): void {
    // Nothing to say.
  }

  begin(_port: number, _rows: readonly TransferRow[]): void {
    // Nothing to say.
  }

  ready(_rows: readonly TransferRow[]): void {
    // Nothing to say.
  }

  progress(_rows: readonly TransferRow[]): void {
    // Nothing to say.
  }

  settle(_rows: readonly TransferRow[]): void {
    // Nothing to say.
  }

  event({ torrent }: TransferRow, event: TransferEvent): void {
    if (event.type === 'error') this.complain(`${torrent.name}: ${messageOf(event.error)}`);
  }

  problem(error: unknown): void {
    this.complain(messageOf(error));
  }

  end(_summaries: readonly TransferSummary[], _exitCode: number): void {
    // Nothing to say.
  }

  protected complain(message: string): void {
    this.world.stderr.write(`shoal: ${plainText(message)}\n`);
  }
}
