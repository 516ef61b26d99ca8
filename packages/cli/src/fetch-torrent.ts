import { lookup } from 'node:dns';
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import type { Transform } from 'node:stream';
import type { AddressGuard } from '@shoal/net';
import { CliError, codeOf, messageOf } from './errors.ts';
import { ExitCode } from './exit-codes.ts';

/** Bytes: as many as a torrent may have for those who parse it. */
export const MAX_TORRENT_LENGTH = 64 * 1024 * 1024;
/** A download page's redirect to its storage takes one or two. */
const MAX_REDIRECTS = 5;
/** Milliseconds for the whole transfer, redirects included. */
const TIMEOUT = 60_000;

/** Fetches a .torrent file over HTTP or HTTPS. */
export async function fetchTorrent(
  address: string,
  options: { readonly signal?: AbortSignal; readonly timeout?: number } = {},
): Promise<Uint8Array> {
  const limit = AbortSignal.timeout(Math.min(options.timeout ?? TIMEOUT, TIMEOUT));
  const signal = options.signal === undefined ? limit : AbortSignal.any([options.signal, limit]);
  // The user has named the address; where its server redirects to is another matter.
  const { AddressGuard } = await import('@shoal/net');
  const guard = new AddressGuard({ lookup, reach: 'any' });
  let url = new URL(address);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const answer = await get(url, guard, signal).catch((error: unknown) => {
      options.signal?.throwIfAborted();
      throw networkError(url, limit.aborted ? 'no answer in time' : reasonOf(error), error);
    });
    if (answer instanceof Uint8Array) return answer;
    url = answer;
  }
  throw networkError(url, `more than ${MAX_REDIRECTS} redirects`);
}

/** The body, or where a redirect leads. */
async function get(url: URL, guard: AddressGuard, signal: AbortSignal): Promise<Uint8Array | URL> {
  // Loaded when it is needed: most torrents are files, and TLS alone takes longer to load than a torrent to be read.
  const { request } = await (url.protocol === 'https:'
    ? import('node:https')
    : import('node:http'));
  guard.checkHost(url.hostname.replace(/^\[|\]$/g, ''));
  return new Promise((resolve, reject) => {
    const headers = {
      accept: 'application/x-bittorrent, */*;q=0.5',
      'accept-encoding': 'identity',
    };
    const onResponse = (response: IncomingMessage): void => {
      const redirect = redirectOf(response, url);
      if (redirect !== undefined) guard.redirectedBy(response.socket.remoteAddress);
      if (redirect === undefined && response.statusCode === 200) {
        readBody(response).then(resolve, reject);
        return;
      }
      response.destroy();
      if (redirect !== undefined) resolve(redirect);
      else reject(new Error(`the server answered with status ${response.statusCode ?? 0}`));
    };
    const outgoing = request(url, { signal, headers, lookup: guard.lookup }, onResponse);
    outgoing.once('error', reject);
    outgoing.end();
  });
}

function redirectOf(response: IncomingMessage, from: URL): URL | undefined {
  const { statusCode = 0 } = response;
  const { location } = response.headers;
  if (location === undefined || ![301, 302, 303, 307, 308].includes(statusCode)) return undefined;
  if (!URL.canParse(location, from.href)) return undefined;
  const target = new URL(location, from);
  // Credentials go to their own origin only, and what was asked for in secret is not asked for in the open.
  const isSame = target.origin === from.origin;
  target.username = isSame ? from.username : '';
  target.password = isSame ? from.password : '';
  if (target.protocol === 'http:') return from.protocol === 'http:' ? target : undefined;
  return target.protocol === 'https:' ? target : undefined;
}

/** Some servers compress though they were asked not to. */
async function decoded(response: IncomingMessage): Promise<AsyncIterable<Uint8Array>> {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase();
  if (encoding === undefined) return response as AsyncIterable<Uint8Array>;
  const { createBrotliDecompress, createGunzip, createInflate } = await import('node:zlib');
  const decoders: Readonly<Record<string, () => Transform>> = {
    gzip: createGunzip,
    'x-gzip': createGunzip,
    deflate: createInflate,
    br: createBrotliDecompress,
  };
  const decoder = decoders[encoding];
  if (decoder === undefined) return response as AsyncIterable<Uint8Array>;
  // `pipeline` hands errors on; `for await` sees those of the last stream.
  return pipeline(response, decoder(), () => undefined) as AsyncIterable<Uint8Array>;
}

/** An error of the network in words. */
function reasonOf(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOTFOUND':
      return 'there is no such host';
    case 'EAI_AGAIN':
      return 'the name of the host cannot be looked up now';
    case 'ECONNREFUSED':
      return 'nobody answers there';
    case 'ECONNRESET':
      return 'the connection broke off';
    case 'EPROTO':
      return 'the server does not speak TLS as https needs it';
    default:
      return messageOf(error);
  }
}

async function readBody(response: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of await decoded(response)) {
    length += chunk.length;
    if (length > MAX_TORRENT_LENGTH) {
      throw new Error(`the answer is larger than ${MAX_TORRENT_LENGTH / 1024 / 1024} MiB`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function networkError(url: URL, reason: string, cause?: unknown): CliError {
  // Without user name, password and query: they may hold a passkey, and the line may end in a log.
  const shown = `${url.protocol}//${url.host}${url.pathname}`;
  return new CliError(
    'ERR_CLI_NETWORK',
    ExitCode.network,
    `cannot fetch ${shown}: ${reason}`,
    cause,
  );
}
