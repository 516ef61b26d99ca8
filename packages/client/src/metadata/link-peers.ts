import type { MagnetLink } from '@shoal/metainfo';
import { type Endpoint, parseAddress } from '@shoal/net';

/** The peers a magnet link names by their address (`x.pe`). */
export function linkPeers({ peers }: MagnetLink): Endpoint[] {
  return peers.flatMap(({ host, port }) => {
    const address = parseAddress(host);
    return address === undefined ? [] : [{ address, port }];
  });
}
