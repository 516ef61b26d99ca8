import { NetError } from '@shoal/net';
import type { DatagramSocket, Endpoint, Network } from '@shoal/net';
import { UdpResponder, type UdpResponderOptions } from './udp-responder.ts';

/** The sockets of a tracker over UDP. */
export interface UdpListener extends Pick<UdpResponder, 'counts'> {
  /** The first socket's address and port. */
  readonly endpoint: Endpoint;
  close(): Promise<void>;
}

/** Opens a socket for each of `addresses`, all on one port; without IPv6 on this machine, for IPv4 alone. */
export async function listenUdp(
  network: Network,
  addresses: readonly string[],
  port: number,
  options: Omit<UdpResponderOptions, 'send'>,
): Promise<UdpListener> {
  const sockets: DatagramSocket[] = [];
  const byFamily: { 4: DatagramSocket | undefined; 6: DatagramSocket | undefined } = {
    4: undefined,
    6: undefined,
  };
  const responder = new UdpResponder({
    ...options,
    send: (datagram, to) => byFamily[to.address.includes(':') ? 6 : 4]?.send(datagram, to),
  });
  const handler = {
    onDatagram: (datagram: Uint8Array, from: Endpoint) => responder.onDatagram(datagram, from),
    onError: (error: unknown) => options.tracking.onError(error),
  };
  const close = async (): Promise<void> => {
    await Promise.all(sockets.map((socket) => socket.close()));
  };
  let bound = port;
  for (const [index, address] of addresses.entries()) {
    try {
      const socket = await network.bind({ address, port: bound }, handler, {
        ipv6Only: true,
        tellSendErrors: false,
      });
      bound = socket.endpoint.port;
      sockets.push(socket);
      byFamily[address.includes(':') ? 6 : 4] = socket;
    } catch (error) {
      // The second one is IPv6, which not every machine has; but another program must not have its port.
      const isTaken = error instanceof NetError && error.code === 'ERR_NET_ADDRESS_IN_USE';
      if (index > 0 && !isTaken) continue;
      await close();
      throw error;
    }
  }
  return {
    endpoint: { address: addresses[0] ?? '0.0.0.0', port: bound },
    get counts() {
      return responder.counts;
    },
    close,
  };
}
