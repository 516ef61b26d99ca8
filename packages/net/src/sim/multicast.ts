import { addressKind } from '../address-kind.ts';
import type { DatagramHandler, MulticastSocket } from '../contracts.ts';
import { endpointKey, isEndpoint } from '../endpoint-text.ts';
import type { Endpoint } from '../endpoint.ts';
import { NetError } from '../errors.ts';
import type { SimHost } from './host.ts';
import type { GroupMember } from './topology.ts';

/** Milliseconds a datagram takes within a local network. */
const LAN_LATENCY = 1;
/** The port that datagrams to a group come from: any will do, as nobody answers to it. */
const SOURCE_PORT = 49_152;

/** A place in a multicast group of a simulated local network. Nothing is lost there, and it takes no bandwidth of a line. */
class SimMulticastSocket implements MulticastSocket, GroupMember {
  readonly group: Endpoint;
  readonly host: SimHost;
  readonly #handler: DatagramHandler;
  readonly #members: Set<GroupMember>;
  #closed = false;

  constructor(host: SimHost, group: Endpoint, handler: DatagramHandler) {
    this.host = host;
    this.group = group;
    this.#handler = handler;
    this.#members = host.topology.group(endpointKey(group));
    this.#members.add(this);
  }

  send(datagram: Uint8Array): void {
    const address = this.host.sourceFor(this.group.address);
    if (this.#closed || address === undefined) return;
    const { kernel, topology, lan } = this.host;
    // Not `slice`, which for a `Buffer` is a view.
    const copy = new Uint8Array(datagram);
    kernel.at(kernel.now + LAN_LATENCY, () => {
      for (const member of [...this.#members]) {
        const isNear = member.host === this.host || (lan !== undefined && member.host.lan === lan);
        if (!isNear || !topology.reachable(this.host.address, member.host.address)) continue;
        member.arrive(new Uint8Array(copy), { address, port: SOURCE_PORT });
      }
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#members.delete(this);
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  arrive(datagram: Uint8Array, from: Endpoint): void {
    const { kernel } = this.host;
    kernel.fingerprint.bytes(datagram);
    try {
      kernel.call(() => this.#handler.onDatagram(datagram, from));
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      kernel.callOrReport(() => this.#handler.onError(error));
    }
    // The view was valid only during the call.
    datagram.fill(0xdd);
  }
}

/** `Network.join` of a simulated host. */
export function joinSimGroup(
  host: SimHost,
  group: Endpoint,
  handler: DatagramHandler,
  bind: string | undefined,
): MulticastSocket {
  if (!isEndpoint(group) || group.port === 0 || addressKind(group.address) !== 'multicast') {
    throw new NetError('ERR_NET_INVALID_ENDPOINT', 'joining: that is no multicast group');
  }
  const isOwn = bind === undefined || host.ownsAddress(bind);
  if (!isOwn || host.sourceFor(group.address) === undefined) {
    throw new NetError('ERR_NET_UNSUPPORTED', 'joining: no interface takes part in multicast');
  }
  return new SimMulticastSocket(host, group, handler);
}
