import type { DatagramSocket, Endpoint, Network } from '@shoal/net';

/** Sockets of a client that has none to share. */
export interface UdpSockets {
  /** Those there is a socket for. */
  readonly families: readonly (4 | 6)[];
  /** What cannot be sent is dropped. */
  send(datagram: Uint8Array, to: Endpoint): void;
  close(): Promise<void>;
}

/** Opens a socket for each address family, or for that of `bind`. A machine without IPv6 gets none for that. */
export async function openUdpSockets(
  network: Network,
  bind: string | undefined,
  onDatagram: (datagram: Uint8Array, from: Endpoint) => void,
): Promise<UdpSockets> {
  const handler = {
    onDatagram,
    // Whatever could not be sent is as good as lost, and sent again.
    onError: (): void => undefined,
  };
  const sockets = new Map<4 | 6, DatagramSocket>();
  const open = async (address: string): Promise<void> => {
    const socket = await network.bind({ address, port: 0 }, handler);
    sockets.set(address.includes(':') ? 6 : 4, socket);
  };
  if (bind === undefined) {
    await open('0.0.0.0');
    await open('::').catch(() => undefined);
  } else {
    await open(bind);
  }
  return {
    families: [...sockets.keys()],
    send: (datagram, to) => sockets.get(to.address.includes(':') ? 6 : 4)?.send(datagram, to),
    close: async () => {
      await Promise.all([...sockets.values()].map((socket) => socket.close()));
    },
  };
}
