import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import { AddressGuard, NetError } from '@shoal/net';
import { CLIENT_NAME } from '../version.ts';
import { moduleOf } from './http-module.ts';
import { webSeedDefaults } from './web-seed-options.ts';
import type { WebExchange, WebHandler, WebRequest } from './web-transport.ts';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const USER_AGENT = CLIENT_NAME.replace(' ', '/');

/** What all requests of a client have in common. */
export interface ExchangeMeans {
  readonly lookup: LookupFunction;
  /** Addresses that are not connected to. */
  readonly isBlocked: ((address: string) => boolean) | undefined;
  /** Local address and family of all connections. */
  readonly local: { readonly localAddress?: string; readonly family?: 4 | 6 };
  /** Connections that may go to public addresses only are kept apart from others. */
  agentOf(protocol: 'http:' | 'https:', publicOnly: boolean): Agent;
}

/** One request with its redirects. No timers: whoever has it made aborts what takes too long. */
export class HttpExchange implements WebExchange {
  readonly #transport: ExchangeMeans;
  readonly #wanted: WebRequest;
  readonly #handler: WebHandler;
  readonly #ended: () => void;
  readonly #guard: AddressGuard;
  #url: string;
  #request: ClientRequest | undefined;
  #response: IncomingMessage | undefined;
  #redirects = 0;
  #hasRetried = false;
  #isPaused = false;
  #isOver = false;

  constructor(
    transport: ExchangeMeans,
    wanted: WebRequest,
    handler: WebHandler,
    ended: () => void,
  ) {
    this.#transport = transport;
    this.#wanted = wanted;
    this.#handler = handler;
    this.#ended = ended;
    this.#url = wanted.url;
    this.#guard = new AddressGuard({
      lookup: transport.lookup,
      reach: wanted.publicOnly ? 'public' : 'any',
      isBlocked: transport.isBlocked,
    });
  }

  get #isPublicOnly(): boolean {
    return this.#guard.reach !== 'any';
  }

  /** To be called once. */
  start(): void {
    this.#send();
  }

  pause(): void {
    this.#isPaused = true;
    this.#response?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#response?.resume();
  }

  abort(): void {
    if (this.#isOver) return;
    this.#over();
    this.#request?.destroy();
  }

  #send(): void {
    const target = new URL(this.#url);
    const hostname = target.hostname.replace(/^\[|\]$/g, '');
    const { protocol } = target;
    if (protocol !== 'http:' && protocol !== 'https:') {
      this.#failSoon('It redirects to an address that is not of the web');
      return;
    }
    try {
      this.#guard.checkHost(hostname);
    } catch (error) {
      this.#failSoon((error as Error).message);
      return;
    }
    const { range } = this.#wanted;
    const { lookup } = this.#guard;
    const request = moduleOf(protocol).request({
      method: 'GET',
      protocol,
      hostname,
      port: target.port === '' ? (protocol === 'http:' ? 80 : 443) : Number(target.port),
      path: `${target.pathname}${target.search}`,
      headers: {
        'User-Agent': USER_AGENT,
        Accept: '*/*',
        'Accept-Encoding': 'identity',
        ...(range === undefined ? {} : { Range: `bytes=${range.first}-${range.last}` }),
        ...this.#credentials(target),
      },
      agent: this.#transport.agentOf(protocol, this.#isPublicOnly),
      maxHeaderSize: webSeedDefaults.maxHeaderBytes,
      lookup,
      ...this.#transport.local,
    });
    this.#request = request;
    request.on('response', (response) => this.#answered(request, response));
    // Stays for good: a socket may report more than one error, and an error without a listener would end the process.
    request.on('error', (error) => this.#broken(request, error));
    // With an answer it is the answer that tells: its last bytes may not have been read when the connection closes.
    request.on('close', () => {
      if (this.#response === undefined) this.#broken(request, undefined);
    });
    request.end();
  }

  /** Credentials of the web seed's URL go to its own origin only, over however many redirects. */
  #credentials(target: URL): { Authorization?: string } {
    const base = new URL(this.#wanted.base);
    if (base.origin !== target.origin || (base.username === '' && base.password === '')) return {};
    const user = `${decoded(base.username)}:${decoded(base.password)}`;
    return { Authorization: `Basic ${Buffer.from(user).toString('base64')}` };
  }

  #answered(request: ClientRequest, response: IncomingMessage): void {
    if (this.#isOver || request !== this.#request) {
      response.on('error', () => undefined);
      request.destroy();
      return;
    }
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    response.on('error', (error) => this.#broken(request, error));
    if (REDIRECTS.has(status) && location !== undefined) {
      this.#guard.redirectedBy(request.socket?.remoteAddress);
      this.#request = undefined;
      request.destroy();
      this.#redirect(location);
      return;
    }
    this.#response = response;
    const headers: Record<string, string | undefined> = {};
    for (const [name, value] of Object.entries(response.headers)) {
      headers[name] = Array.isArray(value) ? value[0] : value;
    }
    const publicOnly = this.#isPublicOnly;
    const isWanted = this.#handler.onAnswer({ status, headers, url: this.#url, publicOnly });
    if (!isWanted) {
      this.abort();
      return;
    }
    response.on('data', (chunk: Uint8Array) => {
      if (!this.#isOver) this.#handler.onData(chunk);
    });
    response.on('end', () => {
      if (this.#isOver || !response.complete) return;
      this.#over();
      this.#handler.onEnd();
    });
    response.on('close', () => {
      if (!response.complete) this.#broken(request, undefined);
    });
    if (this.#isPaused) response.pause();
  }

  #redirect(location: string): void {
    this.#redirects += 1;
    if (this.#redirects > webSeedDefaults.maxRedirects) {
      this.#fail('It redirects too often', false);
      return;
    }
    if (!URL.canParse(location, this.#url)) {
      this.#fail('It redirects to an address that cannot be read', false);
      return;
    }
    const next = new URL(location, this.#url);
    next.username = next.password = next.hash = '';
    if (next.protocol === 'http:' && new URL(this.#url).protocol === 'https:') {
      this.#fail('It redirects from https to http', true);
      return;
    }
    this.#url = next.href;
    this.#send();
  }

  /** The connection is over, or reported an error: harmless where the answer has come whole. */
  #broken(request: ClientRequest, error: Error | undefined): void {
    if (this.#isOver || request !== this.#request) return;
    if (error instanceof NetError && error.code === 'ERR_NET_FORBIDDEN_ADDRESS') {
      this.#fail(error.message, true);
      return;
    }
    // A connection that was kept may be closed by the server just as the next request leaves.
    if (this.#response === undefined && request.reusedSocket && !this.#hasRetried) {
      this.#hasRetried = true;
      this.#send();
      return;
    }
    const code = error !== undefined && 'code' in error ? String(error.code) : '';
    this.#fail(reasonOf(code, this.#response !== undefined), false);
  }

  #failSoon(reason: string): void {
    process.nextTick(() => this.#fail(reason, true));
  }

  #fail(reason: string, isFinal: boolean): void {
    if (this.#isOver) return;
    this.#over();
    this.#request?.destroy();
    this.#handler.onFail(reason, isFinal);
  }

  #over(): void {
    this.#isOver = true;
    this.#ended();
  }
}

/** What a failed connection is called. */
function reasonOf(code: string, hasAnswer: boolean): string {
  if (code === 'HPE_HEADER_OVERFLOW') return 'The head of its answer is too long';
  if (code.startsWith('HPE_')) return `The server does not speak HTTP properly (${code})`;
  const suffix = code === '' ? '' : ` (${code})`;
  if (hasAnswer) return `The connection was lost${suffix}`;
  return `The server cannot be reached${suffix}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
