import { addressKind, isIPv4Address, isWithinReach, nodeHost, systemResolve } from '@shoal/net';
import type { AddressKind, Clock, Endpoint, Reach } from '@shoal/net';
import { TrackerError } from '../errors.ts';
import { DEFAULT_RESPONSE_LIMITS } from '../limits.ts';
import type { ResponseLimits } from '../limits.ts';
import { checkAnnounce, checkHash } from '../request-check.ts';
import type {
  AnnounceRequest,
  AnnounceResponse,
  ScrapeFile,
  ScrapeResponse,
  TrackerCallOptions,
  TrackerClient,
} from '../types.ts';
import { announceResponse, answersOfFamilies } from './answers.ts';
import { FIRST_RETRANSMISSION, UdpConnections } from './connections.ts';
import { NameCache } from './name-cache.ts';
import { encodeAnnounceRequest, encodeScrapeRequest, UDP_SCRAPE_BATCH } from './packets.ts';
import type { UdpAnnounceReply, UdpScrapeFigures, UdpScrapeReply } from './packets.ts';
import { UdpTransactions } from './transactions.ts';
import { closedError, timeoutError, UdpCalls } from './udp-calls.ts';
import { UdpExchange } from './udp-exchange.ts';
import type { ExchangeContext, Question, UdpReplyOf } from './udp-exchange.ts';
import {
  DEFAULT_UDP_MAX_CONCURRENT,
  DEFAULT_UDP_STOP_TIMEOUT,
  DEFAULT_UDP_TIMEOUT,
  MAX_ADDRESSES,
} from './udp-options.ts';
import type {
  UdpTrackerClientOptions,
  UdpTrackerCounts,
  UdpTrackerOpenOptions,
} from './udp-options.ts';
import { openUdpSockets } from './udp-sockets.ts';
import { udpTarget } from './udp-target.ts';
import type { UdpTarget } from './udp-target.ts';

/** At least one. */
type Endpoints = [Endpoint, ...Endpoint[]];

function isSome(endpoints: Endpoint[]): endpoints is Endpoints {
  return endpoints.length > 0;
}

function familyOf({ address }: Endpoint): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

function refusal(host: string, address: string): TrackerError {
  return new TrackerError(
    'ERR_TRACKER_ADDRESS',
    `The tracker ${host} is not asked: it is at an address ${address}`,
  );
}

/**
 * Announces to and scrapes trackers over UDP (BEP 15, BEP 41), all of them through one socket per address family, which may
 * carry other protocols too: it is handed what arrives by {@link onDatagram}, and sends by the function it was given.
 *
 * A tracker with addresses of both families is announced to over both, as its peers are those of the family it is asked over.
 */
export class UdpTrackerClient implements TrackerClient {
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #stopTimeout: number;
  readonly #limits: ResponseLimits;
  readonly #families: readonly (4 | 6)[];
  readonly #refused: ReadonlySet<AddressKind>;
  readonly #isBlocked: (address: string) => boolean;
  readonly #names: NameCache;
  readonly #transactions: UdpTransactions;
  readonly #connections: UdpConnections;
  readonly #exchanges: ExchangeContext;
  readonly #calls: UdpCalls;
  #closeSockets: (() => Promise<void>) | undefined;
  #sent = 0;

  constructor(options: UdpTrackerClientOptions) {
    const { clock, random, send } = options;
    this.#clock = clock;
    this.#timeout = options.timeout ?? DEFAULT_UDP_TIMEOUT;
    this.#stopTimeout = options.stopTimeout ?? DEFAULT_UDP_STOP_TIMEOUT;
    this.#limits = { ...DEFAULT_RESPONSE_LIMITS, ...options.limits };
    this.#families = options.families ?? [4, 6];
    this.#refused = new Set(options.refuseAddresses ?? ['multicast', 'unspecified']);
    this.#isBlocked = options.isBlocked ?? (() => false);
    this.#names = new NameCache(options.resolve ?? systemResolve, clock);
    this.#transactions = new UdpTransactions(random);
    const counted = (datagram: Uint8Array, to: Endpoint): void => {
      this.#sent += 1;
      send(datagram, to);
    };
    this.#connections = new UdpConnections(clock, this.#transactions, counted);
    this.#exchanges = {
      clock,
      transactions: this.#transactions,
      connections: this.#connections,
      send: counted,
    };
    this.#calls = new UdpCalls(clock, options.maxConcurrent ?? DEFAULT_UDP_MAX_CONCURRENT);
  }

  /**
   * A client with sockets of its own, one for each address family the machine has. Rejects with a `NetError` where that is
   * not possible.
   */
  static async open(options: UdpTrackerOpenOptions = {}): Promise<UdpTrackerClient> {
    const { network, clock, random } = options.host ?? nodeHost;
    const held: { client?: UdpTrackerClient } = {};
    const sockets = await openUdpSockets(network, options.bind, (datagram, from) => {
      held.client?.onDatagram(datagram, from);
    });
    const { families } = sockets;
    const client = new UdpTrackerClient({
      ...options,
      clock,
      random,
      families,
      send: (datagram, to) => sockets.send(datagram, to),
    });
    client.#closeSockets = () => sockets.close();
    held.client = client;
    return client;
  }

  /** What was sent, and what became of that which arrived. */
  get counts(): UdpTrackerCounts {
    return { sent: this.#sent, ...this.#transactions.counts };
  }

  /**
   * Takes a datagram that came to the socket, and keeps nothing of it. True when it is a reply to this client, or a forged
   * one, which is counted and changes nothing.
   */
  onDatagram(datagram: Uint8Array, from: Endpoint): boolean {
    return this.#transactions.dispatch(datagram, from);
  }

  /** Where a tracker has addresses of both families, the answer holds the peers of both. */
  async announce(
    url: string,
    request: AnnounceRequest,
    options: TrackerCallOptions = {},
  ): Promise<AnnounceResponse> {
    checkAnnounce(request);
    const target = udpTarget(url);
    const timeout = request.event === 'stopped' ? this.#stopTimeout : this.#timeout;
    const ip = request.ip !== undefined && isIPv4Address(request.ip) ? request.ip : undefined;
    const key = request.key ?? 0;
    const question: Question<'announce'> = {
      kind: 'announce',
      encode: (connectionId, transactionId) =>
        encodeAnnounceRequest(
          { ...request, ip, key, numWant: request.numwant, connectionId, transactionId },
          target.urlData,
        ),
    };
    return this.#calls.run(target.host, timeout, options.signal, async (signal) => {
      const found = await this.#endpointsOf(target, options.reach, signal);
      const families = this.#familiesOf(found);
      const asked = families.map((endpoints) => {
        const read = (reply: UdpAnnounceReply): AnnounceResponse =>
          announceResponse(reply, familyOf(endpoints[0]), this.#limits);
        return this.#ask(target.host, endpoints, question, read, signal);
      });
      // The slower family may hear of us even after the other has answered.
      return {
        result: answersOfFamilies(asked, this.#clock),
        ended: Promise.allSettled(asked),
      };
    });
  }

  /** Large sets are asked for in batches of {@link UDP_SCRAPE_BATCH}, one after the other; an empty one is refused. */
  async scrape(
    url: string,
    infoHashes: readonly Uint8Array[],
    options: TrackerCallOptions = {},
  ): Promise<ScrapeResponse> {
    const target = udpTarget(url);
    for (const hash of infoHashes) checkHash(hash, 'infoHash');
    if (infoHashes.length === 0) {
      throw new TrackerError(
        'ERR_TRACKER_SCRAPE_UNSUPPORTED',
        'A tracker over UDP cannot be asked for all there is: name the info-hashes',
      );
    }
    const files = new Map<string, ScrapeFile>();
    for (let at = 0; at < infoHashes.length; at += UDP_SCRAPE_BATCH) {
      const batch = infoHashes.slice(at, at + UDP_SCRAPE_BATCH);
      const question: Question<'scrape'> = {
        kind: 'scrape',
        encode: (connectionId, transactionId) =>
          encodeScrapeRequest(connectionId, transactionId, batch),
      };
      const figures = await this.#calls.run(
        target.host,
        this.#timeout,
        options.signal,
        async (signal) => {
          const endpoints = await this.#endpointsOf(target, options.reach, signal);
          const read = ({ files: found }: UdpScrapeReply): readonly UdpScrapeFigures[] => found;
          const result = this.#ask(target.host, endpoints, question, read, signal);
          return { result, ended: result };
        },
      );
      for (const [index, hash] of batch.entries()) {
        const swarm = figures[index];
        if (swarm === undefined) break;
        files.set(Buffer.from(hash).toString('hex'), {
          complete: swarm.seeders,
          incomplete: swarm.leechers,
          downloaded: swarm.completed,
          name: undefined,
        });
      }
    }
    return { files, minRequestInterval: undefined };
  }

  async close(): Promise<void> {
    this.#calls.close();
    this.#names.close(closedError());
    await this.#closeSockets?.();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Where the tracker may be asked: addresses it can be at and may be sent to, those that answered lately first.
   *
   * @throws TrackerError `ERR_TRACKER_CONNECTION`, `ERR_TRACKER_ADDRESS`
   */
  async #endpointsOf(
    { hostname, port, host }: UdpTarget,
    reach: Reach = 'any',
    signal: AbortSignal,
  ): Promise<Endpoints> {
    let addresses: readonly string[];
    try {
      addresses = await this.#names.resolve(hostname, signal);
    } catch (cause) {
      signal.throwIfAborted();
      throw new TrackerError('ERR_TRACKER_CONNECTION', `The tracker ${host} has no address`, {
        cause,
      });
    }
    const possible = addresses.filter((address) => !this.#refused.has(addressKind(address)));
    if (possible.length === 0) throw refusal(host, 'that nothing may be sent to');
    const near = possible.filter((address) => isWithinReach(address, reach));
    if (near.length === 0) throw refusal(host, 'of a local or private network');
    const allowed = near.filter((address) => !this.#isBlocked(address));
    if (allowed.length === 0) throw refusal(host, 'that the IP filter blocks');
    const endpoints: Endpoint[] = [];
    for (const family of this.#families) {
      const own = allowed.filter((address) => (address.includes(':') ? 6 : 4) === family);
      endpoints.push(...own.slice(0, MAX_ADDRESSES).map((address) => ({ address, port })));
    }
    const answering = endpoints.filter((each) => !this.#connections.isSilent(each));
    const silent = endpoints.filter((each) => this.#connections.isSilent(each));
    const ordered = [...answering, ...silent];
    if (isSome(ordered)) return ordered;
    throw new TrackerError(
      'ERR_TRACKER_CONNECTION',
      `The tracker ${host} has no address of a family that is in use here`,
    );
  }

  /** The endpoints by family; without a family that was silent lately, as long as the other was not. */
  #familiesOf(endpoints: Endpoints): readonly Endpoints[] {
    const families = ([4, 6] as const)
      .map((family) => endpoints.filter((each) => familyOf(each) === family))
      .filter(isSome);
    const answering = families.filter((each) =>
      each.some((endpoint) => !this.#connections.isSilent(endpoint)),
    );
    return answering.length === 0 ? families : answering;
  }

  /** One question to one host. Rejects with what the tracker said, or with the signal's reason. */
  #ask<K extends Question['kind'], T>(
    host: string,
    endpoints: Endpoints,
    question: Question<K>,
    read: (reply: UdpReplyOf<K>) => T,
    signal: AbortSignal,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const started = this.#clock.now();
      const onAbort = (): void => {
        exchange.cancel();
        // A short deadline says nothing about a tracker: its answer, or the question, may just have been lost.
        if (this.#clock.now() - started > FIRST_RETRANSMISSION) this.#connections.silent(endpoints);
        reject(signal.reason as Error);
      };
      const exchange = new UdpExchange(this.#exchanges, endpoints, question, {
        answered: (reply) => {
          signal.removeEventListener('abort', onAbort);
          resolve(read(reply));
        },
        failed: (error) => {
          signal.removeEventListener('abort', onAbort);
          reject(error);
        },
        gaveUp: () => {
          signal.removeEventListener('abort', onAbort);
          this.#connections.silent(endpoints);
          reject(timeoutError(host, this.#clock.now() - started));
        },
      });
      if (signal.aborted) {
        onAbort();
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
      exchange.start();
    });
  }
}
