import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, type LookupFunction, Socket } from 'node:net';
import type { WebAnswer, WebExchange, WebHandler, WebRequest } from '../../src/index.ts';
import { HttpTransport } from '../../src/web-seed/http-transport.ts';
import { tlsFixture } from '../support/tls-fixture.ts';

type Serve = (request: IncomingMessage, response: ServerResponse) => void;

/** What becomes of a request. */
class Hearer implements WebHandler {
  answer: WebAnswer | undefined;
  readonly chunks: Uint8Array[] = [];
  bytes = 0;
  isWanted = true;
  onChunk: (() => void) | undefined;
  readonly ended: Promise<'end' | { reason: string; isFinal: boolean }>;
  readonly answered: Promise<void>;
  #end: (how: 'end' | { reason: string; isFinal: boolean }) => void = () => undefined;
  #answered: () => void = () => undefined;

  constructor() {
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.answered = new Promise((resolve) => (this.#answered = resolve));
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  onAnswer(answer: WebAnswer): boolean {
    this.answer = answer;
    this.#answered();
    return this.isWanted;
  }

  onData(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.bytes += chunk.length;
    this.onChunk?.();
  }

  onEnd(): void {
    this.#end('end');
  }

  onFail(reason: string, isFinal: boolean): void {
    this.#end({ reason, isFinal });
  }
}

describe('requests to web seeds', () => {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const transports: HttpTransport[] = [];

  afterEach(async () => {
    for (const transport of transports.splice(0)) transport.close();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await Promise.all(
      servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))),
    );
  });

  /** A server on a port of its own; its origin, and how many connections it has had. */
  async function listen(
    serve: Serve,
    isSecure = false,
  ): Promise<{ origin: string; connections: () => number }> {
    let count = 0;
    const server = isSecure ? createTlsServer(tlsFixture, serve) : createServer(serve);
    server.on('connection', (socket: Socket) => {
      count += 1;
      sockets.add(socket);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const scheme = isSecure ? 'https' : 'http';
    return { origin: `${scheme}://127.0.0.1:${port}`, connections: () => count };
  }

  function transportOf(lookup?: LookupFunction): HttpTransport {
    const transport = new HttpTransport({
      maxSockets: 4,
      ca: tlsFixture.cert,
      ...(lookup === undefined ? {} : { lookup }),
    });
    transports.push(transport);
    return transport;
  }

  function ask(
    transport: HttpTransport,
    url: string,
    more: Partial<WebRequest> = {},
  ): { hearer: Hearer; exchange: WebExchange } {
    const hearer = new Hearer();
    const request = { url, base: url, range: undefined, publicOnly: false, ...more };
    return { hearer, exchange: transport.open(request, hearer) };
  }

  it('ask for a range, unpacked, and use connections again', async () => {
    const heads: IncomingMessage['headers'][] = [];
    const { origin, connections } = await listen(({ headers }, response) => {
      heads.push(headers);
      response.writeHead(206, { 'Content-Range': 'bytes 2-5/9' }).end('abcd');
    });
    const transport = transportOf();
    for (let turn = 0; turn < 3; turn += 1) {
      const { hearer } = ask(transport, `${origin}/x`, { range: { first: 2, last: 5 } });
      expect(await hearer.ended).toBe('end');
      expect(hearer.text).toBe('abcd');
      expect(hearer.answer).toMatchObject({
        status: 206,
        headers: { 'content-range': 'bytes 2-5/9' },
        url: `${origin}/x`,
      });
    }
    expect(connections()).toBe(1);
    expect(heads[0]).toMatchObject({ range: 'bytes=2-5', 'accept-encoding': 'identity' });
    expect(heads[0]?.['user-agent']).toMatch(/^Shoal\/\d/);
  });

  it('keep what is packed as it is, and escaped paths as they are written', async () => {
    let path: string | undefined;
    const { origin } = await listen(({ url }, response) => {
      path = url;
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end('not gzip');
    });
    const { hearer } = ask(transportOf(), `${origin}/%C3%BC/a%2Fb%20c?x=%26`);
    await hearer.ended;
    expect(path).toBe('/%C3%BC/a%2Fb%20c?x=%26');
    expect(hearer.answer?.headers['content-encoding']).toBe('gzip');
    expect(hearer.text).toBe('not gzip');
  });

  it('follow redirects, with credentials to the same origin only', async () => {
    const seen: (string | undefined)[] = [];
    const other = await listen(({ headers }, response) => {
      seen.push(headers.authorization);
      response.end('there');
    });
    const { origin } = await listen(({ headers, url }, response) => {
      seen.push(headers.authorization);
      const location = url === '/a' ? '/b' : `${other.origin.replace('//', '//u:p@')}/c`;
      response.writeHead(302, { Location: location }).end();
    });
    const base = origin.replace('//', '//me:s%40crt@');
    const { hearer } = ask(transportOf(), `${origin}/a`, { base });
    expect(await hearer.ended).toBe('end');
    expect(hearer.answer?.url).toBe(`${other.origin}/c`);
    const basic = `Basic ${Buffer.from('me:s@crt').toString('base64')}`;
    expect(seen).toEqual([basic, basic, undefined]);
  });

  it('give up redirects in a circle, and those that are not of the web', async () => {
    let requests = 0;
    const { origin } = await listen(({ url }, response) => {
      requests += 1;
      const location = url === '/file' ? 'file:///etc/passwd' : `${origin}${url ?? ''}`;
      response.writeHead(301, { Location: location }).end();
    });
    const circle = ask(transportOf(), `${origin}/x`);
    expect(await circle.hearer.ended).toEqual({ reason: 'It redirects too often', isFinal: false });
    expect(requests).toBe(6);
    const file = ask(transportOf(), `${origin}/file`);
    expect(await file.hearer.ended).toMatchObject({ isFinal: true });
  });

  it('follow redirects from http to https, and never back', async () => {
    const plain = await listen((_request, response) => response.end('plain'));
    const secure = await listen(({ url }, response) => {
      if (url === '/here') response.end('secure');
      else response.writeHead(302, { Location: `${plain.origin}/` }).end();
    }, true);
    const { origin } = await listen((_request, response) =>
      response.writeHead(302, { Location: `${secure.origin}/here` }).end(),
    );
    const up = ask(transportOf(), `${origin}/`);
    expect(await up.hearer.ended).toBe('end');
    expect(up.hearer.text).toBe('secure');
    const down = ask(transportOf(), `${secure.origin}/`);
    expect(await down.hearer.ended).toEqual({
      reason: 'It redirects from https to http',
      isFinal: true,
    });
    expect(plain.connections()).toBe(0);
  });

  it('trust no certificate that nobody has signed', async () => {
    const { origin } = await listen((_request, response) => response.end('x'), true);
    const transport = new HttpTransport({ maxSockets: 1 });
    transports.push(transport);
    const { hearer } = ask(transport, `${origin}/`);
    expect(await hearer.ended).toMatchObject({
      reason: expect.stringMatching(/SELF_SIGNED/) as unknown,
    });
  });

  it('reach no local address where only public ones may be, by number, name or redirect', async () => {
    let requests = 0;
    const { origin } = await listen((_request, response) => {
      requests += 1;
      response.end('secret');
    });
    const local: LookupFunction = (_name, { all }, callback) => {
      if (all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
      else callback(null, '127.0.0.1', 4);
    };
    const transport = transportOf(local);
    const named = origin.replace('127.0.0.1', 'public.example');
    for (const url of [origin, named, 'http://[::ffff:127.0.0.1]/', 'http://169.254.1.1/']) {
      const { hearer } = ask(transport, `${url}/`, { publicOnly: true });
      expect(await hearer.ended).toMatchObject({
        reason: expect.stringMatching(/local or private/) as unknown,
        isFinal: true,
      });
    }
    expect(requests).toBe(0);
    // A connection that was made for someone who may is not used.
    const allowed = ask(transport, `${named}/`);
    expect(await allowed.hearer.ended).toBe('end');
    const forbidden = ask(transport, `${named}/`, { publicOnly: true });
    expect(await forbidden.hearer.ended).toMatchObject({ isFinal: true });
    expect(requests).toBe(1);
  });

  it('follow no redirect from a public server to a local one', async () => {
    const paths: string[] = [];
    const { origin } = await listen(({ url = '' }, response) => {
      paths.push(url);
      response.writeHead(302, { Location: `${origin}/inner` }).end();
    });
    const connect = Reflect.get(Socket.prototype, 'connect') as (...args: unknown[]) => Socket;
    // The server plays a public one: that is where its answer seems to come from.
    Reflect.set(Socket.prototype, 'connect', function (this: Socket, ...args: unknown[]) {
      Object.defineProperty(this, 'remoteAddress', { value: '8.8.8.8' });
      return Reflect.apply(connect, this, args);
    });
    try {
      const { hearer } = ask(transportOf(), `${origin}/outer`);
      expect(await hearer.ended).toMatchObject({
        reason: expect.stringMatching(/local or private/) as unknown,
        isFinal: true,
      });
    } finally {
      Reflect.set(Socket.prototype, 'connect', connect);
    }
    expect(paths).toEqual(['/outer']);
  });

  it('do not go where the IP filter blocks, also not on a connection that is kept', async () => {
    const { origin, connections } = await listen((_request, response) => response.end('text'));
    let isOn = false;
    const transport = new HttpTransport({ maxSockets: 4, isBlocked: () => isOn });
    transports.push(transport);
    expect(await ask(transport, `${origin}/`).hearer.ended).toBe('end');
    isOn = true;
    transport.blockedChanged();
    for (const url of [origin, origin.replace('127.0.0.1', 'localhost')]) {
      expect(await ask(transport, `${url}/`).hearer.ended).toMatchObject({
        reason: expect.stringContaining('IP filter') as unknown,
        isFinal: true,
      });
    }
    expect(connections()).toBe(1);
    isOn = false;
    expect(await ask(transport, `${origin}/`).hearer.ended).toBe('end');
    expect(connections()).toBe(2);
  });

  it('pause, so that the server has to wait', async () => {
    let written = 0;
    const { origin } = await listen((_request, response) => {
      const more = (): void => {
        while (written < 64 << 20 && response.writable) {
          written += 1 << 16;
          if (!response.write(Buffer.alloc(1 << 16))) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      more();
    });
    const { hearer, exchange } = ask(transportOf(), `${origin}/`);
    exchange.pause();
    await hearer.answered;
    // The server goes on until its own and our system's buffers are full.
    for (let turn = 0, before = written; turn < 500; turn += 1, before = written) {
      await new Promise((resolve) => setImmediate(resolve));
      if (written !== before) turn = 0;
    }
    expect(hearer.bytes).toBe(0);
    expect(written).toBeLessThan(32 << 20);
    exchange.resume();
    expect(await hearer.ended).toBe('end');
    expect(hearer.bytes).toBe(64 << 20);
  });

  it('are made once more where a kept connection turns out to be closed', async () => {
    const { origin, connections } = await listen((request, response) => {
      response.end('once');
      // The client cannot know yet when it sends the next request.
      response.on('finish', () => request.socket.destroySoon());
    });
    const transport = transportOf();
    for (let turn = 0; turn < 5; turn += 1) {
      const { hearer } = ask(transport, `${origin}/`);
      expect(await hearer.ended).toBe('end');
    }
    expect(connections()).toBeGreaterThan(1);
  });

  it.each([
    ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, /head.*too long/],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n', /speak HTTP/],
    ['too short a body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', /was lost/],
    ['nothing', '', /cannot be reached/],
  ])('fail on %s', async (_what, text, reason) => {
    const { origin } = await listen(() => undefined);
    servers[0]?.removeAllListeners('request');
    servers[0]?.on('request', ({ socket }) => {
      socket.end(text);
    });
    const { hearer } = ask(transportOf(), `${origin}/`);
    expect(await hearer.ended).toMatchObject({
      reason: expect.stringMatching(reason) as unknown,
      isFinal: false,
    });
  });

  it('fail where nobody listens', async () => {
    const { origin } = await listen(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const { hearer } = ask(transportOf(), `${origin}/`);
    expect(await hearer.ended).toMatchObject({
      reason: expect.stringMatching(/ECONNREFUSED/) as unknown,
    });
  });

  it('are over when aborted, refused or closed, and nobody hears more', async () => {
    const { origin } = await listen((_request, response) => {
      response.write('begin');
    });
    const transport = transportOf();
    const [aborted, refused, closed] = [0, 1, 2].map(() => ask(transport, `${origin}/`));
    refused!.hearer.isWanted = false;
    await Promise.all([aborted!, refused!, closed!].map(({ hearer }) => hearer.answered));
    aborted!.exchange.abort();
    aborted!.exchange.abort();
    transport.close();
    const over = await Promise.race([
      ...[aborted!, refused!, closed!].map(({ hearer }) => hearer.ended),
      Promise.all(
        [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
      ),
    ]);
    expect(over).toHaveLength(3);
  });
});
