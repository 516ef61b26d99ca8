import { parseAddress, quote } from '../address.ts';
import type { Random } from '../contracts.ts';
import { NetError } from '../errors.ts';
import { unresolved, type Resolve } from '../resolve.ts';
import { SimHost, type SimHostOptions } from './host.ts';
import { SimKernel, type RunEnd, type RunOptions } from './kernel.ts';
import { Topology } from './topology.ts';

/** Options of a {@link SimWorld}. */
export interface SimWorldOptions {
  /** Whatever is left to chance follows from this number: the same seed and the same code give the same run. */
  readonly seed: number;
  /** Bytes waiting to be sent on a connection beyond which `write` answers false. Default 1 MiB, as for TCP on Node. */
  readonly watermark?: number;
  /** Bytes that may be between a connection's sender and its receiver's handler. Default 512 KiB. */
  readonly window?: number;
  /** Milliseconds `close()` waits for the queue to leave and the peer to close its side. Default 5,000. */
  readonly closeTimeout?: number;
  /** Milliseconds a cut may last before the connections that want to send over it break. Default 120,000. */
  readonly retransmitTimeout?: number;
}

/** One simulated host, or its address. */
export type HostOrAddress = SimHost | string;

/**
 * A network in memory with a time of its own, which moves on only in {@link run}. Each host is a `Host` to give to the
 * code under test.
 */
export class SimWorld {
  readonly #kernel: SimKernel;
  readonly #topology = new Topology();
  readonly #names = new Map<string, readonly string[]>();
  /** Resolves the names given with {@link setName}, and IP literals, at once. */
  readonly resolve: Resolve = async (hostname, { signal } = {}) => {
    signal?.throwIfAborted();
    const literal = parseAddress(hostname);
    const addresses = literal === undefined ? this.#names.get(hostname.toLowerCase()) : [literal];
    if (addresses === undefined || addresses.length === 0) throw unresolved(hostname);
    return Promise.resolve(addresses);
  };

  constructor(options: SimWorldOptions) {
    this.#kernel = new SimKernel(options.seed, {
      watermark: options.watermark ?? 1_048_576,
      window: options.window ?? 524_288,
      closeTimeout: options.closeTimeout ?? 5_000,
      retransmitTimeout: options.retransmitTimeout ?? 120_000,
    });
  }

  /** Virtual milliseconds since the world was made. */
  get now(): number {
    return this.#kernel.now;
  }

  /** Events that have happened so far: a measure of the work done, and a fingerprint of a run. */
  get events(): number {
    return this.#kernel.events;
  }

  /**
   * A hash of the run so far, 16 hexadecimal digits: of when things happened, and of the heads of all that was delivered. Equal
   * for two runs that were the same.
   */
  get fingerprint(): string {
    return this.#kernel.fingerprint.toString();
  }

  /** Chance for the scenario itself; drawing from it changes the rest of the run. */
  get random(): Random {
    return this.#kernel.random;
  }

  /** Adds a host. Throws when its address is taken or no IP literal. */
  host(options: SimHostOptions): SimHost {
    const host = new SimHost(this.#kernel, this.#topology, options);
    this.#topology.add(host);
    return host;
  }

  /** Gives a host name its IP literals, in place of those it had; none takes the name away. Any literals will do. */
  setName(hostname: string, addresses: readonly string[]): void {
    const literals = addresses.map((address) => {
      const literal = parseAddress(address);
      if (literal !== undefined) return literal;
      throw new NetError('ERR_NET_INVALID_ADDRESS', `not an IP address: ${quote(address)}`);
    });
    this.#names.set(hostname.toLowerCase(), literals);
  }

  /** Lets the scenario do something at a virtual time. What it throws ends the run. */
  at(time: number, action: () => void): void {
    this.#kernel.at(time, () => this.#kernel.callOrReport(action));
  }

  /** Sets the one-way latency between two hosts, in milliseconds, in place of the sum of theirs. */
  setLatency(one: HostOrAddress, other: HostOrAddress, latency: number): void {
    if (!(latency >= 0)) throw new RangeError('latency must be 0 or more');
    this.#topology.setLatency(this.#key(one), this.#key(other), latency);
  }

  /** Nothing gets from one to the other any more. Datagrams are lost, streams wait. */
  cut(one: HostOrAddress, other: HostOrAddress): void {
    this.#topology.setCut(this.#key(one), this.#key(other), true);
  }

  /** Ends what {@link cut} began. */
  heal(one: HostOrAddress, other: HostOrAddress): void {
    this.#topology.setCut(this.#key(one), this.#key(other), false);
    this.#topology.release();
  }

  /** Cuts the network in two: nothing gets from one of `some` to one of `others`. The answer puts it together again. */
  partition(some: readonly HostOrAddress[], others: readonly HostOrAddress[]): () => void {
    const each = (cut: boolean): void => {
      for (const one of some)
        for (const other of others) this.#topology.setCut(this.#key(one), this.#key(other), cut);
    };
    each(true);
    return () => {
      each(false);
      this.#topology.release();
    };
  }

  /**
   * Keeps virtual time from moving on until the answer is called: for real work that the simulated code waits for, such
   * as a worker's. Promises, immediates and file system calls are waited for without this.
   */
  hold(): () => void {
    return this.#kernel.hold();
  }

  /**
   * Lets time move on until `until` answers true (`'until'`), `limit` virtual milliseconds have passed (`'limit'`) or
   * nothing is left to happen (`'idle'`). Between two events all that the first has set off is done: promises, ticks,
   * immediates and file system calls. Rejects with what a timer's callback, `onClose` or `accept` throws.
   */
  run(options: RunOptions = {}): Promise<RunEnd> {
    return this.#kernel.run(options);
  }

  #key(host: HostOrAddress): string {
    const found = typeof host === 'string' ? this.#topology.find(host) : host;
    if (found === undefined) throw new Error('there is no host with that address');
    return found.address;
  }
}
