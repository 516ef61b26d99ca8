import {
  checkHandshake,
  encodeHandshake,
  type Handshake,
  HandshakeReader,
  type HandshakeResult,
  type ReservedBits,
} from '@shoal/peer-wire';
import type { Clock, Connection, ConnectionHandler, Timer } from '@shoal/net';
import { PeerError } from '../errors.ts';
import { clientDefaults } from '../options.ts';
import type { OpenConnections } from './open-connections.ts';
import { agreedOn, type Greeting, openingOf, replyTo, type SwarmNames } from './swarm-names.ts';
import type { Waiting } from './waiting-room.ts';

/** What a handshake needs to know of the side that runs it. */
export interface HandshakePolicy {
  /** Knows of the connection from now on until its end. */
  readonly connections: OpenConnections;
  readonly peerId: Uint8Array;
  /** What we offer for every torrent; the bits of v2 and the DHT go by the torrent. */
  readonly reserved: ReservedBits;
  /** Whether the torrent is one to say so for that we take part in the DHT (BEP 5). */
  usesDht(): boolean;
  /** The torrent this connection shall be for. Undefined on the incoming side, where {@link HandshakePolicy.welcome} says it. */
  readonly names?: SwarmNames;
  /** The peer is known to know the v2 hash: a hybrid is asked for by it. */
  readonly knowsV2?: boolean;
  /** Outgoing side: see {@link openingOf}. Default true. */
  readonly mayOffer?: boolean;
  /** The peer id a tracker gave for this endpoint; the connection is dropped when another one answers (BEP 3). */
  readonly expectedPeerId?: Uint8Array;
  /** Incoming side: who has the connection's events already, and hands them on. */
  readonly waiting?: Waiting | undefined;
  /** Incoming side: the torrent of that info-hash, where it is here and has room for a peer. */
  welcome?(infoHash: Uint8Array): SwarmNames | undefined;
  /**
   * The handshake is complete, and both sides have agreed on the v2 hash or on the v1 one: who takes the connection over?
   * Undefined refuses the peer.
   */
  established(
    connection: Connection,
    handshake: Handshake,
    isV2: boolean,
  ): ConnectionHandler | undefined;
  /** The connection it was taken over by has ended. */
  parted?(error: Error | undefined): void;
  /** The connection ended before that. */
  failed(error: Error | undefined): void;
}

/**
 * The first 68 bytes each way (BEP 3), and with them whether a hybrid torrent's connection is one of v1 or of v2 (BEP 52). The
 * incoming side answers as soon as the info-hash has come, without waiting for the peer id. After that every event goes to the
 * handler that took over.
 */
export class Handshaking implements ConnectionHandler {
  readonly #connection: Connection;
  readonly #policy: HandshakePolicy;
  readonly #reader = new HandshakeReader();
  readonly #timeout: Timer;
  /** What we sent. */
  #sent: Greeting | undefined;
  #next: ConnectionHandler | undefined;

  constructor(connection: Connection, policy: HandshakePolicy, clock: Clock) {
    this.#connection = connection;
    this.#policy = policy;
    this.#timeout = clock.setTimer(
      () =>
        connection.destroy(
          new PeerError('ERR_PEER_HANDSHAKE_TIMEOUT', 'No handshake came in time'),
        ),
      clientDefaults.handshakeTimeout,
    );
    policy.connections.add(connection);
    if (policy.waiting === undefined) connection.attach(this);
    else policy.waiting.next = this;
    const { names, knowsV2, mayOffer } = policy;
    const opening = names === undefined ? undefined : openingOf(names, knowsV2 ?? false, mayOffer);
    if (opening !== undefined) this.#send(opening);
    policy.waiting?.connection.resume();
  }

  onData(chunk: Uint8Array): void {
    if (this.#next !== undefined) {
      this.#next.onData(chunk);
      return;
    }
    const complete = this.#reader.push(chunk);
    if (complete === undefined || this.#sent !== undefined) {
      this.#read(complete);
      return;
    }
    // Our handshake and what follows it at once leave together: one system call, and one packet.
    this.#connection.cork();
    try {
      this.#read(complete);
    } finally {
      this.#connection.uncork();
    }
  }

  #read(complete: HandshakeResult | undefined): void {
    const infoHash = this.#sent === undefined ? this.#reader.infoHash : undefined;
    if (infoHash !== undefined) {
      const names = this.#policy.welcome?.(infoHash);
      const offersV2 = this.#reader.reserved?.v2 === true;
      const reply = names === undefined ? undefined : replyTo(names, infoHash, offersV2);
      if (reply === undefined) {
        this.#connection.destroy(
          new PeerError(
            'ERR_PEER_UNWANTED',
            'The torrent it asked for is not here, or takes no peers now',
          ),
        );
        return;
      }
      this.#send(reply);
    }
    if (complete === undefined || this.#sent === undefined) return;
    const next = this.#takeOver(complete.handshake, this.#sent);
    if (complete.rest.length > 0) next?.onData(complete.rest);
  }

  onDrain(): void {
    this.#next?.onDrain();
  }

  onClose(error: Error | undefined): void {
    this.#timeout.cancel();
    this.#policy.connections.delete(this.#connection);
    if (this.#next === undefined) {
      this.#policy.failed(error);
      return;
    }
    this.#next.onClose(error);
    this.#policy.parted?.(error);
  }

  #send(greeting: Greeting): void {
    this.#sent = greeting;
    const { peerId, reserved } = this.#policy;
    const { infoHash, offersV2 } = greeting;
    this.#connection.write(
      encodeHandshake({
        reserved: { ...reserved, dht: this.#policy.usesDht(), v2: offersV2 },
        infoHash,
        peerId,
      }),
    );
  }

  #takeOver(handshake: Handshake, sent: Greeting): ConnectionHandler | undefined {
    const { names, expectedPeerId, peerId } = this.#policy;
    const { infoHash: said } = handshake;
    // What we answer, the other side must take: it asked for it.
    const agreed = names === undefined ? sent : agreedOn(names, sent, said);
    checkHandshake(handshake, {
      infoHash: agreed === undefined ? sent.infoHash : said,
      peerId: expectedPeerId,
    });
    if (Buffer.compare(handshake.peerId, peerId) === 0) {
      if (names === undefined) {
        // Our answer must get through: from it the side that dialled learns not to do so again.
        this.#connection.close();
        return undefined;
      }
      throw new PeerError('ERR_PEER_SELF', 'The connection leads back to this client');
    }
    this.#timeout.cancel();
    const isV2 = agreed?.isV2 === true;
    this.#next = this.#policy.established(this.#connection, handshake, isV2);
    if (this.#next === undefined && !this.#connection.closed) this.#connection.close();
    return this.#next;
  }
}
