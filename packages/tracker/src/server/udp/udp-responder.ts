import { Buffer } from 'node:buffer';
import { type Endpoint, readUint32, writeUint32 } from '@shoal/net';
import type { AnnounceEvent } from '../../types.ts';
import {
  UDP_ANNOUNCE,
  UDP_CONNECT,
  UDP_ERROR,
  UDP_SCRAPE,
  UDP_SCRAPE_BATCH,
} from '../../udp/packets.ts';
import { byteString } from '../query.ts';
import type {
  SwarmAnnounce,
  SwarmAnswer,
  SwarmFigures,
  SwarmRefusal,
} from '../store/swarm-store.ts';
import { isPromise, NOT_TRACKED, OUT_OF_ORDER, type Tracking } from '../tracking.ts';
import { readAddressWords } from './address-words.ts';
import { AddressLimiter } from './address-limiter.ts';
import { ConnectionTokens } from './connection-tokens.ts';

/** Connect requests that one address may make in a second, and at once. They may be forged, so they count by themselves. */
const CONNECT_RATE = 50;
const CONNECT_BURST = 500;
/** The largest answer: what passes every path that carries IPv6 (RFC 8200) undivided. */
const MAX_REPLY = 1232;
/** Requests that may wait for a store that answers later. */
const MAX_PENDING = 10_000;

/** Bytes of a connect request and its answer, of an announce, of what precedes the info-hashes of a scrape. */
const CONNECT_LENGTH = 16;
const ANNOUNCE_LENGTH = 98;
const SCRAPE_HEADER = 16;
/** Bytes that precede the peers of an answer, the figures of a scrape's, the words of an error. */
const ANNOUNCE_REPLY_HEADER = 20;
const REPLY_HEADER = 8;
const FIGURES_LENGTH = 12;
const HASH_LENGTH = 20;
/** The number of BEP 15 that stands in place of a connection id. */
const MAGIC_UPPER = 0x417;
const MAGIC_LOWER = 0x2710_1980;
const EVENTS: readonly (AnnounceEvent | undefined)[] = [
  undefined,
  'completed',
  'started',
  'stopped',
];

/** What a server over UDP has seen since it was made. */
export interface UdpServerCounts {
  /** Connection ids given. */
  readonly connects: number;
  readonly announces: number;
  readonly scrapes: number;
  /** Requests answered with an error. */
  readonly failures: number;
  /** Packets not answered: no request of BEP 15. */
  readonly malformed: number;
  /** Requests not answered: their connection id was not given to that address, or is too old. */
  readonly unknownConnections: number;
  /** Requests not answered: too many from that address, or waiting for the store. */
  readonly limited: number;
}

/** What a {@link UdpResponder} needs. */
export interface UdpResponderOptions {
  readonly tracking: Tracking;
  /** Sends a datagram; `datagram` is reused after the call. */
  readonly send: (datagram: Uint8Array, to: Endpoint) => void;
  /** Requests of one address in a second. */
  readonly rate: number;
  /** Requests of one address at once. */
  readonly burst: number;
}

/**
 * A tracker over UDP (BEP 15), without a socket. It keeps nothing of who asks but a table of fixed size. A forged sender gets 16
 * bytes for 16, or nothing: all else is answered only to an address that has shown its connection id. Options behind an announce
 * (BEP 41) are ignored.
 */
export class UdpResponder {
  readonly #tracking: Tracking;
  readonly #send: UdpResponderOptions['send'];
  readonly #tokens: ConnectionTokens;
  readonly #requests: AddressLimiter;
  readonly #connects: AddressLimiter;
  /** The address of the packet at hand. */
  readonly #address = new Uint32Array(4);
  readonly #reply = new Uint8Array(MAX_REPLY);
  readonly #endpoint4 = Buffer.alloc(6);
  readonly #endpoint6 = Buffer.alloc(18);
  #pending = 0;
  #connected = 0;
  #announces = 0;
  #scrapes = 0;
  #failures = 0;
  #malformed = 0;
  #unknownConnections = 0;
  #limited = 0;

  constructor({ tracking, send, rate, burst }: UdpResponderOptions) {
    this.#tracking = tracking;
    this.#send = send;
    const { random, clock } = tracking;
    this.#tokens = new ConnectionTokens(random, clock.now());
    this.#requests = new AddressLimiter(rate, burst, random.integer(2 ** 32));
    this.#connects = new AddressLimiter(CONNECT_RATE, CONNECT_BURST, random.integer(2 ** 32));
  }

  get counts(): UdpServerCounts {
    return {
      connects: this.#connected,
      announces: this.#announces,
      scrapes: this.#scrapes,
      failures: this.#failures,
      malformed: this.#malformed,
      unknownConnections: this.#unknownConnections,
      limited: this.#limited,
    };
  }

  /** Takes what has arrived. Valid only during the call; total. */
  onDatagram(datagram: Uint8Array, from: Endpoint): void {
    const { length } = datagram;
    // Nothing can be sent to port 0.
    if (length < CONNECT_LENGTH || from.port === 0) {
      this.#malformed += 1;
      return;
    }
    const action = readUint32(datagram, 8);
    if (action === UDP_CONNECT) {
      this.#connect(datagram, from);
    } else if (action === UDP_ANNOUNCE && length >= ANNOUNCE_LENGTH) {
      const family = this.#admit(datagram, from);
      if (family !== undefined) this.#announce(datagram, from, family);
    } else if (action === UDP_SCRAPE && length >= SCRAPE_HEADER + HASH_LENGTH) {
      if (this.#admit(datagram, from) !== undefined) this.#scrape(datagram, from);
    } else {
      this.#malformed += 1;
    }
  }

  #connect(datagram: Uint8Array, from: Endpoint): void {
    if (readUint32(datagram, 0) !== MAGIC_UPPER || readUint32(datagram, 4) !== MAGIC_LOWER) {
      this.#malformed += 1;
      return;
    }
    const now = this.#tracking.clock.now();
    const family = readAddressWords(from.address, this.#address);
    if (!this.#connects.admits(this.#address, family, now)) {
      this.#limited += 1;
      return;
    }
    this.#connected += 1;
    const reply = this.#begin(UDP_CONNECT, readUint32(datagram, 12));
    this.#tokens.issue(this.#address, now, reply, 8);
    this.#send(reply.subarray(0, CONNECT_LENGTH), from);
  }

  /** The family of an address that has shown its connection id and does not ask too much. */
  #admit(datagram: Uint8Array, from: Endpoint): 4 | 6 | undefined {
    const now = this.#tracking.clock.now();
    const family = readAddressWords(from.address, this.#address);
    if (!this.#tokens.accepts(this.#address, now, datagram, 0)) {
      this.#unknownConnections += 1;
      return undefined;
    }
    if (this.#requests.admits(this.#address, family, now)) return family;
    this.#limited += 1;
    return undefined;
  }

  #announce(datagram: Uint8Array, from: Endpoint, family: 4 | 6): void {
    this.#announces += 1;
    const bytes = Buffer.isBuffer(datagram)
      ? datagram
      : Buffer.from(datagram.buffer, datagram.byteOffset, datagram.length);
    const transaction = readUint32(datagram, 12);
    const port = ((datagram[96] ?? 0) << 8) | (datagram[97] ?? 0);
    if (port === 0) {
      this.#refuse(transaction, 'The port must be 1 to 65535', from);
      return;
    }
    const numWant = readUint32(datagram, 92) | 0;
    const width = family === 4 ? 6 : 18;
    const room = Math.floor((MAX_REPLY - ANNOUNCE_REPLY_HEADER) / width);
    const announce: SwarmAnnounce = {
      infoHash: bytes.toString('latin1', 16, 36),
      peerId: bytes.toString('latin1', 36, 56),
      endpoint: this.#endpointOf(datagram, family),
      seed: readUint32(datagram, 64) === 0 && readUint32(datagram, 68) === 0,
      event: EVENTS[readUint32(datagram, 80)],
      wanted: Math.min(room, this.#tracking.wanted(numWant < 0 ? undefined : numWant)),
      withIds: false,
      family,
      now: this.#tracking.clock.now(),
    };
    const { allow } = this.#tracking;
    if (allow === undefined) {
      this.#record(announce, transaction, from);
      return;
    }
    // The endpoint is reused for the next packet; it is a Buffer, of which `slice` makes no copy.
    const kept: SwarmAnnounce = { ...announce, endpoint: Buffer.from(announce.endpoint) };
    this.#settle(
      transaction,
      from,
      () => allow(byteString(announce.infoHash)),
      (allowed) => {
        if (allowed) this.#record(kept, transaction, from);
        else this.#refuse(transaction, NOT_TRACKED, from);
      },
    );
  }

  #record(announce: SwarmAnnounce, transaction: number, from: Endpoint): void {
    this.#settle<SwarmAnswer | SwarmRefusal>(
      transaction,
      from,
      () => this.#tracking.store.announce(announce),
      (answer) => {
        if ('refused' in answer) {
          this.#refuse(transaction, answer.refused, from);
          return;
        }
        const isIPv4 = announce.family === 4;
        const peers = isIPv4 ? answer.peers : answer.peers6;
        // A store that gives more than was wanted does not get its way.
        const length = Math.min(peers.length, announce.wanted * (isIPv4 ? 6 : 18));
        const reply = this.#begin(UDP_ANNOUNCE, transaction);
        writeUint32(reply, 8, this.#tracking.nextInterval());
        writeUint32(reply, 12, answer.incomplete);
        writeUint32(reply, 16, answer.complete);
        reply.set(
          length === peers.length ? peers : peers.subarray(0, length),
          ANNOUNCE_REPLY_HEADER,
        );
        this.#send(reply.subarray(0, ANNOUNCE_REPLY_HEADER + length), from);
      },
    );
  }

  #scrape(datagram: Uint8Array, from: Endpoint): void {
    this.#scrapes += 1;
    const transaction = readUint32(datagram, 12);
    const bytes = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.length);
    const whole = Math.floor((datagram.length - SCRAPE_HEADER) / HASH_LENGTH);
    const infoHashes: string[] = [];
    for (let index = 0; index < Math.min(whole, UDP_SCRAPE_BATCH); index += 1) {
      const at = SCRAPE_HEADER + index * HASH_LENGTH;
      infoHashes.push(bytes.toString('latin1', at, at + HASH_LENGTH));
    }
    this.#settle(
      transaction,
      from,
      () => this.#tracking.store.scrape(infoHashes),
      (figures) => this.#sendFigures(transaction, figures, infoHashes.length, from),
    );
  }

  #sendFigures(
    transaction: number,
    figures: readonly (SwarmFigures | undefined)[],
    count: number,
    from: Endpoint,
  ): void {
    const reply = this.#begin(UDP_SCRAPE, transaction);
    for (let index = 0; index < count; index += 1) {
      const at = REPLY_HEADER + index * FIGURES_LENGTH;
      const swarm = figures[index];
      // Figures have their places, so a swarm that is not known has zeros.
      writeUint32(reply, at, swarm?.complete ?? 0);
      writeUint32(reply, at + 4, swarm?.downloaded ?? 0);
      writeUint32(reply, at + 8, swarm?.incomplete ?? 0);
    }
    this.#send(reply.subarray(0, REPLY_HEADER + count * FIGURES_LENGTH), from);
  }

  /** The peer to be announced, in compact form; reused with the next packet. */
  #endpointOf(datagram: Uint8Array, family: 4 | 6): Uint8Array {
    const port = ((datagram[96] ?? 0) << 8) | (datagram[97] ?? 0);
    const endpoint = family === 4 ? this.#endpoint4 : this.#endpoint6;
    if (family === 4) {
      const named = this.#tracking.honourIp ? readUint32(datagram, 84) : 0;
      writeUint32(endpoint, 0, named === 0 ? (this.#address[3] ?? 0) : named);
    } else {
      for (let word = 0; word < 4; word += 1) {
        writeUint32(endpoint, word * 4, this.#address[word] ?? 0);
      }
    }
    endpoint[endpoint.length - 2] = port >>> 8;
    endpoint[endpoint.length - 1] = port;
    return endpoint;
  }

  /** The buffer of answers, with the first eight bytes written. */
  #begin(action: number, transaction: number): Uint8Array {
    writeUint32(this.#reply, 0, action);
    writeUint32(this.#reply, 4, transaction);
    return this.#reply;
  }

  /** `reason` is ASCII. */
  #refuse(transaction: number, reason: string, from: Endpoint): void {
    this.#failures += 1;
    const reply = this.#begin(UDP_ERROR, transaction);
    const length = Math.min(MAX_REPLY, REPLY_HEADER + reason.length);
    for (let at = REPLY_HEADER; at < length; at += 1) {
      reply[at] = reason.charCodeAt(at - REPLY_HEADER);
    }
    this.#send(reply.subarray(0, length), from);
  }

  /** Goes on at once where the answer is there at once; errors become an error packet. */
  #settle<T>(
    transaction: number,
    from: Endpoint,
    ask: () => T | Promise<T>,
    next: (value: T) => void,
  ): void {
    try {
      const value = ask();
      if (isPromise(value)) this.#later(transaction, from, value, next);
      else next(value);
    } catch (error) {
      this.#fail(transaction, from, error);
    }
  }

  #later<T>(
    transaction: number,
    from: Endpoint,
    value: Promise<T>,
    next: (value: T) => void,
  ): void {
    if (this.#pending >= MAX_PENDING) {
      this.#limited += 1;
      value.catch((error: unknown) => this.#tracking.onError(error));
      return;
    }
    this.#pending += 1;
    value
      .then(next)
      .catch((error: unknown) => this.#fail(transaction, from, error))
      .finally(() => {
        this.#pending -= 1;
      });
  }

  #fail(transaction: number, from: Endpoint, error: unknown): void {
    this.#tracking.onError(error);
    this.#refuse(transaction, OUT_OF_ORDER, from);
  }
}
