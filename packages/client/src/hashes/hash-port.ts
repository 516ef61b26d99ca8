import type { HashRequest } from '@shoal/metainfo';
import type { Clock } from '@shoal/net';
import type { HashSink, WireEncoder } from '@shoal/peer-wire';
import type { Peer } from '../peer/peer.ts';
import { type AnswerWire, HashAnswers } from './hash-answers.ts';
import type { HashTraffic } from './hash-traffic.ts';

/** Answers that may come without having been asked for: one that was given up can cross on the wire. */
const UNASKED_ALLOWANCE = 64;

/** The hash messages (BEP 52) of one connection that was agreed on v2, both ways. */
export class HashPort implements HashSink, AnswerWire {
  readonly #peer: Peer;
  readonly #traffic: HashTraffic;
  readonly #encoder: WireEncoder;
  readonly #clock: Clock;
  readonly #answers: HashAnswers;
  #allowance = UNASKED_ALLOWANCE;

  constructor(peer: Peer, traffic: HashTraffic, encoder: WireEncoder, clock: Clock) {
    this.#peer = peer;
    this.#traffic = traffic;
    this.#encoder = encoder;
    this.#clock = clock;
    this.#answers = new HashAnswers(traffic.source, this);
  }

  /** Asks the peer for hashes. */
  ask(request: HashRequest): void {
    this.#encoder.hashRequest(request);
    this.#peer.flush();
  }

  /** Once a second. The caller flushes. */
  tick(now: number): void {
    this.#answers.tick(now);
  }

  /** The connection is gone. */
  drop(): void {
    this.#answers.drop();
    this.#traffic.forget(this);
  }

  // HashSink

  onHashRequest(request: HashRequest): void {
    this.#answers.request(request, this.#clock.now());
  }

  onHashesStart(request: HashRequest, length: number): Uint8Array | undefined {
    return this.#traffic.exchange.expects(this.#peer, request) ? new Uint8Array(length) : undefined;
  }

  onHashesEnd(request: HashRequest, hashes: Uint8Array | undefined): void {
    const { exchange } = this.#traffic;
    const isWanted =
      hashes !== undefined && exchange.answered(this.#peer, request, hashes, this.#clock.now());
    if (!isWanted) this.#unasked();
    // They were wrong, or convicted who sent them of a corrupt block: nothing more is to be read of it.
    if (this.#peer.closed) this.#peer.violate('It was banned');
  }

  onHashReject(request: HashRequest): void {
    if (!this.#traffic.exchange.rejected(this.#peer, request, this.#clock.now())) this.#unasked();
  }

  // AnswerWire

  sendHashes(request: HashRequest, hashes: Uint8Array): void {
    this.#encoder.hashes(request, hashes);
  }

  sendReject(request: HashRequest): void {
    this.#encoder.hashReject(request);
  }

  takeUpload(bytes: number): number {
    return this.#traffic.takeUpload(bytes);
  }

  awaitUpload(): void {
    this.#traffic.awaitUpload(this, () => this.ready());
  }

  ready(): void {
    this.#answers.pump();
    this.#peer.flush();
  }

  #unasked(): void {
    this.#allowance -= 1;
    if (this.#allowance < 0) this.#peer.violate('It keeps sending hashes that nobody asked for');
  }
}
