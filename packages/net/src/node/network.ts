import type { Host, Network } from '../contracts.ts';
import { systemClock } from './clock.ts';
import { systemRandom } from './random.ts';
import { joinGroup } from './multicast.ts';
import { connectTcp, listenTcp, type TcpOptions } from './tcp.ts';
import { bindUdp } from './udp.ts';

/** Options of {@link createNodeNetwork}. */
export interface NodeNetworkOptions {
  /** Bytes waiting to be sent beyond which `write` answers false. Default 1 MiB. */
  readonly watermark?: number;
  /**
   * Milliseconds that `close()` gives the queue to leave and the peer to close its side; then the connection is ended
   * anyway. Default 5,000.
   */
  readonly closeTimeout?: number;
  /**
   * Milliseconds that a connection which `refuses` of `listen` tells of is held, unread, before it is ended: one that is ended
   * at once is back at once. At most 128 are held. Default 3,000; 0 ends them at once.
   */
  readonly refusalHold?: number;
  /**
   * Bytes of datagrams the system is asked to hold for us; it may grant less. Default 4 MiB: with the usual 208 KiB a
   * socket loses some percent at 60,000 datagrams per second.
   */
  readonly datagramReceiveBuffer?: number;
  /**
   * How accepted connections receive. `shared`, the default: into one buffer for all, where this version of Node lets
   * them. `events`: by Node's 'data' events, at about twice the CPU.
   */
  readonly receive?: 'shared' | 'events';
}

const DEFAULT_WATERMARK = 1_048_576;
/** Milliseconds that a closed connection may take to send what is left and to be closed by the other side. */
const DEFAULT_CLOSE_TIMEOUT = 5_000;
/** Milliseconds; an honest client that is refused loses nothing by it, one of a flood comes a tenth as often. */
const DEFAULT_REFUSAL_HOLD = 3_000;
const DEFAULT_DATAGRAM_RECEIVE_BUFFER = 4_194_304;

/** TCP and UDP by Node's sockets. */
export function createNodeNetwork(options: NodeNetworkOptions = {}): Network {
  const tcp: TcpOptions = {
    watermark: options.watermark ?? DEFAULT_WATERMARK,
    closeTimeout: options.closeTimeout ?? DEFAULT_CLOSE_TIMEOUT,
    refusalHold: options.refusalHold ?? DEFAULT_REFUSAL_HOLD,
    adopt: options.receive !== 'events',
  };
  const receiveBuffer = options.datagramReceiveBuffer ?? DEFAULT_DATAGRAM_RECEIVE_BUFFER;
  return {
    connect: (to, connectOptions = {}) => connectTcp(to, connectOptions, tcp),
    listen: (at, accept, listenOptions = {}) => listenTcp(at, accept, listenOptions, tcp),
    bind: (at, handler, bindOptions = {}) => bindUdp(at, handler, bindOptions, receiveBuffer),
    join: joinGroup,
  };
}

/** TCP and UDP by Node's sockets, with the defaults of {@link NodeNetworkOptions}. */
export const nodeNetwork: Network = createNodeNetwork();

/** The real world: Node's sockets, the system's clock and its randomness. */
export const nodeHost: Host = { network: nodeNetwork, clock: systemClock, random: systemRandom };
