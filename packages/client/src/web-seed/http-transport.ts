import { lookup as systemLookup } from 'node:dns';
import type { Agent } from 'node:http';
import type { AgentOptions } from 'node:https';
import type { LookupFunction } from 'node:net';
import { isIPv6Address } from '@shoal/net';
import { type ExchangeMeans, HttpExchange } from './http-exchange.ts';
import { moduleOf } from './http-module.ts';
import type { WebExchange, WebHandler, WebRequest, WebTransport } from './web-transport.ts';

/** Milliseconds that a connection is kept for the next request: most come at once, the others after a pause. */
const KEEP_TIME = 15_000;

export interface HttpTransportOptions {
  /** Local IP literal to connect from; also decides the address family. */
  readonly bind?: string | undefined;
  /** Connections to one server. */
  readonly maxSockets: number;
  /** Resolves names. Default: the system's resolver. */
  readonly lookup?: LookupFunction;
  /** Addresses that are not connected to: an IP filter. */
  readonly isBlocked?: ((address: string) => boolean) | undefined;
  /** Certificates to trust for `https:`, in PEM, instead of Node's own list. */
  readonly ca?: string;
}

/** Requests over HTTP and HTTPS, on connections that are used again. Like those to trackers it stands on `node:http`. */
export class HttpTransport implements WebTransport, ExchangeMeans {
  readonly lookup: LookupFunction;
  readonly isBlocked: ExchangeMeans['isBlocked'];
  readonly local: ExchangeMeans['local'];
  readonly #options: AgentOptions;
  readonly #agents = new Map<string, Agent>();
  readonly #exchanges = new Set<HttpExchange>();

  constructor({ bind, maxSockets, lookup, isBlocked, ca }: HttpTransportOptions) {
    this.lookup = lookup ?? systemLookup;
    this.isBlocked = isBlocked;
    this.local =
      bind === undefined ? {} : { localAddress: bind, family: isIPv6Address(bind) ? 6 : 4 };
    this.#options = {
      keepAlive: true,
      maxSockets,
      maxFreeSockets: maxSockets,
      timeout: KEEP_TIME,
      ...(ca === undefined ? {} : { ca }),
    };
  }

  open(request: WebRequest, handler: WebHandler): WebExchange {
    const exchange = new HttpExchange(this, request, handler, () => {
      this.#exchanges.delete(exchange);
    });
    this.#exchanges.add(exchange);
    exchange.start();
    return exchange;
  }

  /** Closes the connections to addresses that are blocked now. */
  blockedChanged(): void {
    const isBlocked = this.isBlocked ?? (() => false);
    for (const { sockets, freeSockets } of this.#agents.values()) {
      for (const each of [...Object.values(sockets), ...Object.values(freeSockets)]) {
        for (const socket of each ?? []) {
          if (isBlocked(socket.remoteAddress ?? '')) socket.destroy();
        }
      }
    }
  }

  close(): void {
    for (const exchange of [...this.#exchanges]) exchange.abort();
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  /** Connections that may go to public addresses only are kept apart: those made for others must not serve such requests. */
  agentOf(protocol: 'http:' | 'https:', publicOnly: boolean): Agent {
    const key = `${protocol}${publicOnly ? 'public' : 'any'}`;
    let agent = this.#agents.get(key);
    if (agent === undefined) {
      const { Agent } = moduleOf(protocol);
      agent = new Agent(this.#options);
      this.#agents.set(key, agent);
    }
    return agent;
  }
}
