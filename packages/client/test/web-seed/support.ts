import type { SimHost } from '@shoal/net/sim';
import type { WebSeedStatus } from '../../src/index.ts';
import { type Node, type NodeOptions, SimSwarm, type SwarmSetup } from '../support/sim-swarm.ts';
import { fileServer, SimWeb, type SimWebOptions } from '../support/sim-web.ts';

const K = 1024;
/** The web seed that {@link leech} is told of. */
export const BASE = 'http://mirror.example/files/';

/** A swarm whose first client has a web of its own. */
export function setUp(setup: Partial<SwarmSetup> = {}): { swarm: SimSwarm; web: SimWeb } {
  const swarm = new SimSwarm({ seed: 1, pieceLength: 64 * K, ...setup });
  let host: SimHost | undefined;
  const web = new SimWeb(() => (host ??= swarm.host()).clock);
  return { swarm, web };
}

export function leech(swarm: SimSwarm, web: SimWeb, options: NodeOptions = {}): Promise<Node> {
  const { client, add, ...rest } = options;
  return swarm.node({
    trackerless: true,
    client: { webSeeds: { transport: web }, ...client },
    add: { webSeeds: [BASE], ...add },
    ...rest,
  });
}

/** A swarm with one web seed that has all files. */
export function mirrored(
  setup: Partial<SwarmSetup> = {},
  options: SimWebOptions = {},
): { swarm: SimSwarm; web: SimWeb } {
  const { swarm, web } = setUp(setup);
  web.serve('http://mirror.example', fileServer(BASE, swarm.torrent), options);
  return { swarm, web };
}

/** Of the first web seed. */
export function statusOf({ torrent }: Node): WebSeedStatus {
  const [status] = torrent.webSeeds;
  if (status === undefined) throw new Error('there is no web seed');
  return status;
}
