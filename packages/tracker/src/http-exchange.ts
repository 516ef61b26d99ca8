import type * as http from 'node:http';
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { AgentOptions } from 'node:https';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { type AddressGuard, NetError, parseAddress, type Reach } from '@shoal/net';
import { TrackerError } from './errors.ts';
import { readBody } from './http-body.ts';
import type { HttpTarget } from './http-target.ts';

/** Bytes of an answer's header lines; more is refused while they are read. */
const MAX_HEADER_SIZE = 16 * 1024;
/** Bytes read of a body that comes with an error status, for the message. */
const EXCERPT_LENGTH = 1024;

/** What all exchanges of one client have in common. */
export interface ExchangeSettings {
  readonly agents: Agents;
  readonly userAgent: string;
  readonly maxBodyLength: number;
  readonly localAddress: string | undefined;
  /** 0: either. */
  readonly family: 0 | 4 | 6;
  readonly lookup: LookupFunction;
}

/** An answer as it came; `body` is empty for redirects and cut short for errors. */
export interface HttpAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly retryAfter: string | undefined;
  readonly body: Uint8Array;
  /** The address that answered, an IP literal. */
  readonly address: string | undefined;
}

/** Turns whatever a socket, resolver or parser reports into this package's error. */
function toTrackerError(error: Error, target: HttpTarget): TrackerError {
  if (error instanceof TrackerError) return error;
  if (error instanceof NetError && error.code === 'ERR_NET_FORBIDDEN_ADDRESS') {
    return new TrackerError(
      'ERR_TRACKER_ADDRESS',
      `The tracker ${target.host} is not asked: ${error.message.replace(/^It is/, 'it is')}`,
      { cause: error },
    );
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code?.startsWith('HPE_') === true) {
    return new TrackerError(
      'ERR_TRACKER_ENCODING',
      `What answered at ${target.host} does not speak HTTP properly (${code})`,
      { cause: error },
    );
  }
  return new TrackerError(
    'ERR_TRACKER_CONNECTION',
    `Could not get an answer from the tracker ${target.host} (${code ?? error.message})`,
    { cause: error },
  );
}

async function readAnswer(
  request: ClientRequest,
  response: IncomingMessage,
  maxLength: number,
): Promise<HttpAnswer> {
  const status = response.statusCode ?? 0;
  const { location } = response.headers;
  const address = request.socket?.remoteAddress;
  const head = {
    status,
    location,
    retryAfter: response.headers['retry-after'],
    address: address === undefined ? undefined : parseAddress(address),
  };
  if (status >= 300 && status < 400 && location !== undefined) {
    response.on('error', () => undefined);
    request.destroy();
    return { ...head, body: new Uint8Array(0) };
  }
  const body = await readBody(
    response,
    status === 200
      ? { maxLength, beyond: 'fail' }
      : { maxLength: Math.min(EXCERPT_LENGTH, maxLength), beyond: 'cut' },
  );
  return { ...head, body };
}

/**
 * One request and its answer, without following redirects. Rejects with a `TrackerError`, or with the signal's reason; in
 * every case the socket is given up or given back, and no event is left that could end the process.
 */
export function exchange(
  target: HttpTarget,
  settings: ExchangeSettings,
  guard: AddressGuard,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    try {
      guard.checkHost(target.hostname);
    } catch (error) {
      throw toTrackerError(error as Error, target);
    }
    const options: RequestOptions = {
      method: 'GET',
      protocol: target.protocol,
      hostname: target.hostname,
      port: target.port,
      path: target.path,
      headers: {
        'User-Agent': settings.userAgent,
        Accept: '*/*',
        'Accept-Encoding': 'gzip',
        ...(target.authorization === undefined ? {} : { Authorization: target.authorization }),
      },
      agent: settings.agents.of(target.protocol, guard.reach),
      maxHeaderSize: MAX_HEADER_SIZE,
      lookup: guard.lookup,
      ...(settings.localAddress === undefined ? {} : { localAddress: settings.localAddress }),
      ...(settings.family === 0 || isIP(target.hostname) !== 0 ? {} : { family: settings.family }),
    };
    const request = moduleOf(target.protocol).request(options);

    const onAbort = (): void => {
      request.destroy();
      reject(signal.reason as Error);
    };
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', onAbort);
      request.destroy();
      reject(toTrackerError(error, target));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    // Stays for good: a socket may report more than one error, and an error without a listener would end the process.
    request.on('error', fail);
    let answered = false;
    request.on('close', () => {
      if (!answered) fail(new Error('The connection closed without an answer'));
    });
    request.on('response', (response) => {
      answered = true;
      readAnswer(request, response, settings.maxBodyLength).then((answer) => {
        signal.removeEventListener('abort', onAbort);
        resolve(answer);
      }, fail);
    });
    request.end();
  });
}

/**
 * Loaded when a tracker is first asked: the two, and TLS with them, take longer to load than all of this package, and many
 * users of it never ask one.
 */
function moduleOf(protocol: HttpTarget['protocol']): Pick<typeof http, 'Agent' | 'request'> {
  return protocol === 'https:'
    ? process.getBuiltinModule('node:https')
    : process.getBuiltinModule('node:http');
}

/** The sockets of one client, by protocol and by where they may lead: one made for the user must not serve a torrent's request. */
export class Agents {
  readonly #options: AgentOptions;
  readonly #agents = new Map<string, Agent>();

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  of(protocol: HttpTarget['protocol'], reach: Reach): Agent {
    const key = `${protocol}${reach}`;
    let agent = this.#agents.get(key);
    if (agent === undefined) {
      const { Agent } = moduleOf(protocol);
      agent = new Agent(this.#options);
      this.#agents.set(key, agent);
    }
    return agent;
  }

  destroy(): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }
}
