import { nodeHost, type DatagramSocket } from '@shoal/net';
import { UdpTrackerClient } from '@shoal/tracker';

/** Asks a tracker for the seeds of a torrent through a socket that other protocols may use as well. */
export async function countSeeds(url: string, infoHash: Uint8Array): Promise<number | undefined> {
  const { network, clock, random } = nodeHost;
  const client = new UdpTrackerClient({
    clock,
    random,
    families: [4],
    send: (datagram, to) => socket.send(datagram, to),
  });
  const socket: DatagramSocket = await network.bind(
    { address: '0.0.0.0', port: 0 },
    {
      onDatagram: (datagram, from) => {
        if (!client.onDatagram(datagram, from)) {
          // Of another protocol.
        }
      },
      onError: () => undefined,
    },
  );
  try {
    const { files } = await client.scrape(url, [infoHash]);
    return files.get(Buffer.from(infoHash).toString('hex'))?.complete;
  } finally {
    await client.close();
    await socket.close();
  }
}
