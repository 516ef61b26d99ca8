import type { Endpoint } from '@shoal/net';
import { KrpcWriter, writeKrpc, type KrpcMessage, type QueryBody } from '../krpc/index.ts';

/** Sends one datagram. The bytes may be of a buffer that is used again: they are to be copied or sent before it returns. */
export type SendDatagram = (datagram: Uint8Array, to: Endpoint) => void;

/** `v` of our messages: two letters for the client, two bytes for the version of what it says. */
const VERSION = Uint8Array.of(0x53, 0x48, 0, 1);

/** Puts messages into datagrams, and counts them. */
export class Messenger {
  sentDatagrams = 0;
  sentBytes = 0;
  readonly #writer = new KrpcWriter();
  readonly #send: SendDatagram;
  readonly #readOnly: boolean;

  /** `readOnly`: queries say that we do not answer any (BEP 43). */
  constructor(send: SendDatagram, readOnly: boolean) {
    this.#send = send;
    this.#readOnly = readOnly;
  }

  query(to: Endpoint, transaction: Uint8Array, id: Uint8Array, body: QueryBody): void {
    const readOnly = this.#readOnly;
    this.#put({ kind: 'query', transaction, version: VERSION, id, readOnly, body }, to);
  }

  /** Encodes a reply, which {@link sendEncoded} then sends: its size may be of interest first. */
  encode(message: KrpcMessage): Uint8Array {
    return writeKrpc(this.#writer, message);
  }

  /** Sends what {@link encode} gave last. */
  sendEncoded(datagram: Uint8Array, to: Endpoint): void {
    this.sentDatagrams++;
    this.sentBytes += datagram.length;
    this.#send(datagram, to);
  }

  /** What replies say we are. */
  get version(): Uint8Array {
    return VERSION;
  }

  #put(message: KrpcMessage, to: Endpoint): void {
    this.sendEncoded(this.encode(message), to);
  }
}
