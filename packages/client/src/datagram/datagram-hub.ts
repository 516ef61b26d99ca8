import { type DatagramSocket, type Endpoint, NetError, type Network } from '@shoal/net';

/** Who takes datagrams. True: they were his. The datagram is valid only during the call. */
export interface DatagramUser {
  onDatagram(datagram: Uint8Array, from: Endpoint): boolean;
}

/** The protocols that share the socket, told apart by the first byte of a datagram. */
export type DatagramProtocol = 'dht' | 'tracker';

/** `d`: a message of the DHT is a bencoded dictionary (BEP 5). */
const DICTIONARY = 0x64;
/** The first byte of an answer of a tracker: the action, 0 to 3 in 32 bits (BEP 15). */
const TRACKER_ACTION = 0;

export interface DatagramHubOptions {
  readonly network: Network;
  /** IP literal to bind; undefined: every address, IPv6 and IPv4. */
  readonly bind: string | undefined;
  /** The port to have where it is free: that of TCP, so that one is to be forwarded. */
  readonly port: () => number;
}

/** The one UDP socket of a client, opened when somebody first needs it. What cannot be sent is lost, as with UDP anything may be. */
export class DatagramHub {
  readonly #options: DatagramHubOptions;
  readonly #users = new Map<DatagramProtocol, DatagramUser>();
  #socket: DatagramSocket | undefined;
  #opening: Promise<void> | undefined;
  #closed = false;

  constructor(options: DatagramHubOptions) {
    this.#options = options;
  }

  /** The port; 0 while there is no socket. */
  get port(): number {
    return this.#socket?.endpoint.port ?? 0;
  }

  /** The address families that can be sent to; none while there is no socket. */
  get families(): readonly (4 | 6)[] {
    const address = this.#socket?.endpoint.address;
    if (address === undefined) return [];
    if (address === '::') return [4, 6];
    return [address.includes(':') ? 6 : 4];
  }

  /** Opens the socket, once. Rejects with a `NetError`; another try may follow. */
  open(): Promise<void> {
    if (this.#opening === undefined) {
      const opening = this.#open();
      this.#opening = opening;
      opening.catch(() => {
        if (this.#opening === opening) this.#opening = undefined;
      });
    }
    return this.#opening;
  }

  /** Who takes the datagrams of a protocol from now on. */
  use(protocol: DatagramProtocol, user: DatagramUser): void {
    this.#users.set(protocol, user);
  }

  send(datagram: Uint8Array, to: Endpoint): void {
    this.#socket?.send(datagram, to);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#opening?.catch(() => undefined);
    await this.#socket?.close();
    this.#socket = undefined;
  }

  async #open(): Promise<void> {
    const { bind, port } = this.#options;
    const wanted = port();
    let last: unknown;
    for (const address of bind === undefined ? ['::', '0.0.0.0'] : [bind]) {
      // The port may be another program's, with UDP.
      for (const each of wanted === 0 ? [0] : [wanted, 0]) {
        try {
          await this.#bind({ address, port: each });
          return;
        } catch (error) {
          last = error;
          if (!(error instanceof NetError && error.code === 'ERR_NET_ADDRESS_IN_USE')) break;
        }
      }
    }
    throw last;
  }

  async #bind(at: Endpoint): Promise<void> {
    const socket = await this.#options.network.bind(at, {
      onDatagram: (datagram, from) => this.#dispatch(datagram, from),
      onError: () => undefined,
    });
    if (this.#closed) {
      await socket.close();
      throw new NetError('ERR_NET_CLOSED', 'The client is closed');
    }
    this.#socket = socket;
  }

  #dispatch(datagram: Uint8Array, from: Endpoint): void {
    switch (datagram[0]) {
      case DICTIONARY:
        this.#users.get('dht')?.onDatagram(datagram, from);
        return;
      case TRACKER_ACTION:
        this.#users.get('tracker')?.onDatagram(datagram, from);
        return;
      default:
      // Nobody's.
    }
  }
}
