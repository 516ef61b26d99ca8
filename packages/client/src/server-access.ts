import type { Resolve } from '@shoal/net';

/** How the servers that torrents name are reached: trackers and web seeds. */
export interface ServerAccess {
  /** Local address to connect from. */
  readonly bind: string | undefined;
  /** Finds the addresses of names. Default: the system's resolver. */
  readonly resolve: Resolve | undefined;
  /** Addresses that are not connected to. */
  readonly isBlocked: (address: string) => boolean;
}
