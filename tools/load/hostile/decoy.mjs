// @ts-check
/**
 * What the attackers attack where the client is left alone: a server that does next to nothing. What a download loses beside it, it
 * loses to the attackers' own share of the machine and to the system's part of their packets.
 */
import { createServer } from 'node:net';
import { serve } from '../lib/rpc.mjs';

/** By name, what it does with a connection. @type {Readonly<Record<string, (socket: import('node:net').Socket) => void>>} */
const ways = {
  /** Throws everybody out: they come back. */
  close: (socket) => socket.destroy(),
  /** Takes all that comes and says nothing. */
  sink: (socket) => socket.on('error', () => {}).resume(),
};

serve(
  {
    listen: ({ address, port, way }) => {
      const take = ways[way];
      if (take === undefined) throw new Error(`--decoy: there is no ${way}`);
      return new Promise((resolve, reject) => {
        const server = createServer(take).once('error', reject);
        server.listen(port, address, () => resolve());
      });
    },
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return { seconds: (user + system) / 1e6 };
    },
  },
  () => process.exit(1),
);
