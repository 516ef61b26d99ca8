import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, LookupFunction } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Reach } from '@shoal/net';
import {
  createTrackerClient,
  HttpTrackerClient,
  TrackerError,
  TrackerFailure,
} from '../src/index.ts';
import type { AnnounceRequest, HttpTrackerClientOptions, TrackerErrorCode } from '../src/index.ts';
import { httpTarget, redirectTarget } from '../src/http-target.ts';
import { text } from './support/hex.ts';
import { TestServers } from './support/http-server.ts';
import { announceRequest } from './support/request.ts';

const ANSWER = 'd8:intervali900e5:peers6:\x7f\x00\x00\x01\x1a\xe1e';
const answerBytes = text(ANSWER);

describe('HttpTrackerClient', () => {
  const servers = new TestServers();
  const clients: HttpTrackerClient[] = [];
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => {
    unhandled.push(reason);
  };

  beforeAll(() => {
    process.on('unhandledRejection', note);
    process.on('uncaughtException', note);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await servers.close();
  });
  afterAll(() => {
    process.removeListener('unhandledRejection', note);
    process.removeListener('uncaughtException', note);
    expect(unhandled).toEqual([]);
  });

  function newClient(options: HttpTrackerClientOptions = {}): HttpTrackerClient {
    const client = new HttpTrackerClient(options);
    clients.push(client);
    return client;
  }

  async function failureOf(
    origin: string,
    options: HttpTrackerClientOptions = {},
    request: Partial<AnnounceRequest> = {},
    signal?: AbortSignal,
  ): Promise<unknown> {
    return newClient(options)
      .announce(`${origin}/announce`, announceRequest(request), { signal })
      .then(
        () => {
          throw new Error('The announce should have failed');
        },
        (error: unknown) => error,
      );
  }

  async function expectFailure(
    code: TrackerErrorCode,
    ...attempt: Parameters<typeof failureOf>
  ): Promise<TrackerError> {
    const error = await failureOf(...attempt);
    expect(error).toBeInstanceOf(TrackerError);
    expect((error as TrackerError).code).toBe(code);
    return error as TrackerError;
  }

  it('asks properly and reads the answer', async () => {
    let seen: { url?: string | undefined; headers?: Record<string, unknown> } = {};
    const origin = await servers.http((request, response) => {
      seen = { url: request.url, headers: request.headers };
      response.end(answerBytes);
    });
    const answer = await newClient().announce(
      `${origin}/announce?passkey=a'b..%2f`,
      announceRequest({ event: 'started', numwant: 50, key: 0xabc, trackerId: text('\xff') }),
    );
    expect(answer).toMatchObject({
      interval: 900,
      peers: [{ address: '127.0.0.1', port: 6881 }],
    });
    expect(seen.url).toBe(
      `/announce?passkey=a'b..%2f&info_hash=${'%AA'.repeat(20)}&peer_id=-SH0100-0123456789ab&port=6881` +
        '&uploaded=0&downloaded=0&left=16384&event=started&compact=1&no_peer_id=1&numwant=50' +
        '&key=00000ABC&trackerid=%FF',
    );
    expect(seen.headers).toMatchObject({
      connection: 'close',
      'user-agent': expect.stringMatching(/^Shoal\/\d+\.\d+\.\d+$/) as string,
    });
    expect(seen.headers).not.toHaveProperty('authorization');
  });

  it('unpacks gzip', async () => {
    const origin = await servers.http((_, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(answerBytes));
    });
    expect((await newClient().announce(`${origin}/announce`, announceRequest())).interval).toBe(
      900,
    );
  });

  it('sends credentials of the URL to its own origin only', async () => {
    const seen: (string | undefined)[] = [];
    const other = await servers.http((request, response) => {
      seen.push(request.headers.authorization);
      response.end(answerBytes);
    });
    const first = await servers.http((request, response) => {
      seen.push(request.headers.authorization);
      const location = request.url?.startsWith('/announce') === true ? '/second' : `${other}/third`;
      response.writeHead(302, { Location: location }).end();
    });
    const url = first.replace('http://', 'http://us%65r:p%40ss@');
    await newClient().announce(`${url}/announce`, announceRequest());
    const basic = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    expect(seen).toEqual([basic, basic, undefined]);
  });

  it('uses the local address it is told to use', async () => {
    let remote: string | undefined;
    const origin = await servers.http((request, response) => {
      remote = request.socket.remoteAddress;
      response.end(answerBytes);
    });
    await newClient({ bind: '127.0.0.3' }).announce(`${origin}/announce`, announceRequest());
    expect(remote).toBe('127.0.0.3');
  });

  it('uses the address family it is told to use', async () => {
    const families: unknown[] = [];
    const lookup: LookupFunction = (_, options, callback) => {
      families.push(options.family);
      if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
      else callback(null, '127.0.0.1', 4);
    };
    const origin = await servers.http((_, response) => response.end(answerBytes));
    const url = origin.replace('127.0.0.1', 'tracker.invalid');
    await newClient({ lookup, family: 4 }).announce(`${url}/announce`, announceRequest());
    expect(families).toEqual([4]);
  });

  it('scrapes, in batches', async () => {
    const counts: number[] = [];
    const origin = await servers.http((request, response) => {
      const url = request.url ?? '';
      expect(url.startsWith('/x/scrape.php?')).toBe(true);
      const hashes = url.split('info_hash=').slice(1);
      counts.push(hashes.length);
      response.end(
        Buffer.concat([
          text('d5:filesd20:'),
          Buffer.from(decodeURIComponent(hashes[0]?.replace('&', '') ?? '')),
          text('d8:completei1e10:downloadedi2e10:incompletei3eeee'),
        ]),
      );
    });
    const hashes = Array.from({ length: 65 }, (_, index) => new Uint8Array(20).fill(index));
    const { files } = await newClient().scrape(`${origin}/x/announce.php`, hashes);
    expect(counts).toEqual([64, 1]);
    expect([...files]).toEqual([
      ['00'.repeat(20), { complete: 1, downloaded: 2, incomplete: 3, name: undefined }],
      ['40'.repeat(20), { complete: 1, downloaded: 2, incomplete: 3, name: undefined }],
    ]);
    await expect(newClient().scrape(`${origin}/other`, hashes)).rejects.toMatchObject({
      code: 'ERR_TRACKER_SCRAPE_UNSUPPORTED',
    });
  });

  it('reports a failure reason', async () => {
    const origin = await servers.http((_, response) =>
      response.end('d14:failure reason4:nope8:retry ini5ee'),
    );
    const error = await failureOf(origin);
    expect(error).toBeInstanceOf(TrackerFailure);
    expect(error).toMatchObject({ reason: 'nope', retryIn: 300 });
  });

  it('reports a status with the beginning of its page, fit for a terminal', async () => {
    const origin = await servers.http((_, response) => {
      response.writeHead(503, { 'Retry-After': '120' });
      response.end(`<html><b>Busy\x1b[31m</b>\r\n${'x'.repeat(100_000)}`);
    });
    const error = await expectFailure('ERR_TRACKER_HTTP_STATUS', origin);
    expect(error).toMatchObject({
      status: 503,
      retryIn: 120,
      excerpt: expect.stringMatching(/^Busy \[31m x+$/) as string,
    });
    expect(error.message.length).toBeLessThan(300);
  });

  it('finds a failure reason that comes with an error status', async () => {
    const origin = await servers.http((_, response) =>
      response.writeHead(403).end('d14:failure reason6:banned8:retry in5:nevere'),
    );
    const error = await expectFailure('ERR_TRACKER_HTTP_STATUS', origin);
    expect(error).toMatchObject({ excerpt: 'banned', retryIn: 'never' });
  });

  it('gives up at its time limit, whether before the answer or within it', async () => {
    const silent = await servers.http(() => undefined);
    await expectFailure('ERR_TRACKER_TIMEOUT', silent, { timeout: 50 });
    const slow = await servers.http((_, response) => {
      response.writeHead(200);
      response.write('d');
    });
    await expectFailure('ERR_TRACKER_TIMEOUT', slow, { timeout: 50 });
    await expectFailure('ERR_TRACKER_TIMEOUT', silent, { stopTimeout: 50 }, { event: 'stopped' });
  });

  it('ends with its signal', async () => {
    const reason = new Error('enough');
    const origin = await servers.http(() => controller.abort(reason));
    const controller = new AbortController();
    expect(await failureOf(origin, {}, {}, controller.signal)).toBe(reason);
    expect(await failureOf(origin, {}, {}, AbortSignal.abort(reason))).toBe(reason);
  });

  it('ends calls under way when it is closed, and takes no more', async () => {
    const client = newClient();
    const origin = await servers.http(() => void client.close());
    const closed = { code: 'ERR_TRACKER_CLOSED' };
    const call = client.announce(`${origin}/announce`, announceRequest());
    await expect(call).rejects.toMatchObject(closed);
    const late = client.announce(`${origin}/announce`, announceRequest());
    await expect(late).rejects.toMatchObject(closed);
  });

  it('has only so many requests under way', async () => {
    let now = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const origin = await servers.http((_, response) => {
      now += 1;
      most = Math.max(most, now);
      waiting.push(() => {
        now -= 1;
        response.end(answerBytes);
      });
      if (waiting.length === 2) for (const answer of waiting.splice(0)) setImmediate(answer);
    });
    const client = newClient({ maxConcurrent: 2 });
    const calls = Array.from({ length: 6 }, () =>
      client.announce(`${origin}/announce`, announceRequest()),
    );
    const aborted = new AbortController();
    const given = client.announce(`${origin}/announce`, announceRequest(), {
      signal: aborted.signal,
    });
    aborted.abort(new Error('no longer'));
    await expect(given).rejects.toThrow('no longer');
    await Promise.all(calls);
    expect(most).toBe(2);
  });

  describe('hostile answers', () => {
    it('refuses what is not bencode', async () => {
      const origin = await servers.http((_, response) => response.end('<html>Hello</html>'));
      await expectFailure('ERR_TRACKER_RESPONSE', origin);
    });

    it('stops reading an endless answer', async () => {
      let stopped = false;
      const origin = await servers.http((_, response) => {
        response.on('close', () => (stopped = true));
        const more = (): void => {
          while (!stopped && response.write(Buffer.alloc(16384)));
          if (!stopped) response.once('drain', more);
        };
        more();
      });
      await expectFailure('ERR_TRACKER_TOO_LARGE', origin, { maxBodyLength: 100_000 });
    });

    it('believes a length that is too large, without reading', async () => {
      const origin = await servers.http((_, response) => {
        response.writeHead(200, { 'Content-Length': 10_000_000 });
        response.write('d');
      });
      await expectFailure('ERR_TRACKER_TOO_LARGE', origin);
    });

    it('stops unpacking what grows beyond the limit', async () => {
      const bomb = gzipSync(Buffer.alloc(200_000_000));
      const origin = await servers.http((_, response) => {
        response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(bomb);
      });
      const before = process.memoryUsage().rss;
      await expectFailure('ERR_TRACKER_TOO_LARGE', origin);
      expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
    });

    it('takes an answer in very many chunks', async () => {
      const origin = await servers.http((_, response) => {
        for (const byte of answerBytes) response.write(Uint8Array.of(byte));
        response.end();
      });
      const answer = await newClient().announce(`${origin}/announce`, announceRequest());
      expect(answer.peers).toHaveLength(1);
    });

    it.each([
      ['plain bytes said to be gzip', 'gzip', ANSWER],
      ['a packing that was not offered', 'br', ANSWER],
    ])('refuses %s', async (_, encoding, body) => {
      const origin = await servers.http((__, response) => {
        response.writeHead(200, { 'Content-Encoding': encoding }).end(body);
      });
      await expectFailure('ERR_TRACKER_ENCODING', origin);
    });

    it('refuses gzip that ends in the middle', async () => {
      const whole = gzipSync(text(ANSWER + ' '.repeat(1000)));
      const origin = await servers.http((_, response) => {
        response
          .writeHead(200, { 'Content-Encoding': 'gzip' })
          .end(whole.subarray(0, Math.floor(whole.length / 2)));
      });
      await expectFailure('ERR_TRACKER_RESPONSE', origin);
    });

    it.each([
      ['nothing at all', '', 'ERR_TRACKER_CONNECTION'],
      ['something else than HTTP', 'SSH-2.0-x\r\n', 'ERR_TRACKER_ENCODING'],
      [
        'a body that stops short',
        'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nd8:int',
        'ERR_TRACKER_CONNECTION',
      ],
      [
        'chunks of no size',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nd8:\r\n',
        'ERR_TRACKER_ENCODING',
      ],
      [
        'chunks of a huge size',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\nd8:',
        'ERR_TRACKER_ENCODING',
      ],
      [
        'chunks that stop',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nd8:int',
        'ERR_TRACKER_CONNECTION',
      ],
      ['endless headers', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`, 'ERR_TRACKER_ENCODING'],
      [
        'a switch of protocols',
        'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
        'ERR_TRACKER_CONNECTION',
      ],
    ] as const)('survives %s', async (_, sent, code) => {
      const origin = await servers.raw((socket) => {
        socket.once('data', () => socket.end(sent, 'latin1'));
      });
      await expectFailure(code, origin);
    });

    it('survives a connection that is reset', async () => {
      const origin = await servers.raw((socket) => socket.resetAndDestroy());
      const error = await expectFailure('ERR_TRACKER_CONNECTION', origin);
      expect(error.cause).toHaveProperty('code', 'ECONNRESET');
    });

    it('survives a port no one listens on, without showing the passkey', async () => {
      const probe = createTcpServer();
      await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
      const { port } = probe.address() as AddressInfo;
      await new Promise((resolve) => probe.close(resolve));
      const error = await expectFailure(
        'ERR_TRACKER_CONNECTION',
        `http://user:secret@127.0.0.1:${port}/topsecret`,
      );
      expect(error.message).toContain(`127.0.0.1:${port}`);
      expect(error.message).toContain('ECONNREFUSED');
      expect(error.message).not.toContain('secret');
    });
  });

  describe('redirects', () => {
    const redirecting = (location: (count: number) => string): Promise<string> => {
      let count = 0;
      return servers.http((_, response) => {
        response.writeHead(302, { Location: location(count++) }).end();
      });
    };

    it('follows five, relative ones too', async () => {
      const origin = await servers.http((request, response) => {
        const depth = Number(/^\/(\d)/.exec(request.url ?? '')?.[1] ?? 0);
        if (depth === 5) response.end(answerBytes);
        else response.writeHead(307, { Location: `/${depth + 1}?x` }).end();
      });
      const answer = await newClient().announce(`${origin}/announce`, announceRequest());
      expect(answer.interval).toBe(900);
      await expectFailure('ERR_TRACKER_REDIRECT', origin, { maxRedirects: 4 });
    });

    it('refuses circles', async () => {
      const origin = await redirecting((count) => `/${count % 2}`);
      const error = await expectFailure('ERR_TRACKER_REDIRECT', origin, { maxRedirects: 100 });
      expect(error.message).toContain('circle');
    });

    it.each([
      'file:///etc/passwd',
      'ftp://x.invalid/',
      'udp://x.invalid:1/',
      'http://[',
      'data:,x',
    ])('refuses %s', async (location) => {
      await expectFailure('ERR_TRACKER_REDIRECT', await redirecting(() => location));
    });

    it('refuses the way from the public internet to local and private addresses', async () => {
      // 127.0.0.2 plays the public host here; everything else is what it is.
      const isWithinReach = (address: string, reach: Reach): boolean =>
        reach === 'any' || address === '127.0.0.2';
      const visited: string[] = [];
      const inner = await servers.http((_, response) => {
        visited.push('inner');
        response.end(answerBytes);
      });
      const outer = await servers.http((request, response) => {
        const name = (request.url ?? '').includes('name') ? 'inner.invalid' : '127.0.0.1';
        response.writeHead(302, { Location: `${inner.replace('127.0.0.1', name)}/` }).end();
      }, '127.0.0.2');
      const lookup: LookupFunction = (_, options, callback) => {
        if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
        else callback(null, '127.0.0.1', 4);
      };
      const options = { isWithinReach, lookup };
      await expectFailure('ERR_TRACKER_REDIRECT', outer, options);
      await expectFailure('ERR_TRACKER_REDIRECT', `${outer}/name`, options);
      expect(visited).toEqual([]);
      // From a local tracker to a local address is another matter.
      const local = await redirecting(() => `${inner}/`);
      await newClient(options).announce(`${local}/announce`, announceRequest());
      expect(visited).toEqual(['inner']);
    });
  });

  describe('trackers that a torrent names', () => {
    const opening = async (urls: readonly string[], reach: Reach): Promise<unknown[]> =>
      Promise.all(
        urls.map((url) =>
          newClient()
            .announce(url, announceRequest(), { reach })
            .then(
              () => 'asked',
              (error: unknown) => (error as TrackerError).code,
            ),
        ),
      );

    it('are asked at local addresses for nothing but an announce', async () => {
      const seen: string[] = [];
      const origin = await servers.http((request, response) => {
        seen.push(new URL(request.url ?? '', 'http://x').pathname);
        response.end(answerBytes);
      });
      const paths = ['/announce', '/admin', '/announce/', '/announce?reboot=1', '/a/announce', ''];
      const urls = paths.map((path) => `${origin}${path}`);
      urls.push(`${origin.replace('//', '//user:pass@')}/announce`);
      const refused = urls.map(() => 'ERR_TRACKER_ADDRESS');
      expect(await opening(urls, 'local')).toEqual(['asked', ...refused.slice(1)]);
      expect(await opening(urls, 'public')).toEqual(refused);
      expect(seen).toEqual(['/announce']);
      expect(await opening(urls, 'any')).toEqual(urls.map(() => 'asked'));
    });

    it('are refused by what their name resolves to at the moment, whatever it did before', async () => {
      let requests = 0;
      const origin = await servers.http((_, response) => {
        requests += 1;
        response.end(answerBytes);
      });
      const url = `${origin.replace('127.0.0.1', 'rebinding.invalid')}/a`;
      const lookup: LookupFunction = (_, options, callback) => {
        if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
        else callback(null, '127.0.0.1', 4);
      };
      const client = newClient({ lookup, keepAlive: true });
      // A connection that is kept for the user does not serve a torrent.
      await client.announce(url, announceRequest());
      const refused = client.announce(url, announceRequest(), { reach: 'public' });
      await expect(refused).rejects.toMatchObject({
        code: 'ERR_TRACKER_ADDRESS',
        message: expect.stringMatching(/rebinding.*local or private network/) as unknown,
      });
      expect(requests).toBe(1);
    });

    it('may not redirect to local addresses, wherever they are themselves', async () => {
      let requests = 0;
      const inner = await servers.http((_, response) => {
        requests += 1;
        response.end(answerBytes);
      });
      const outer = await redirectingTo(`${inner}/announce`);
      const call = newClient().announce(`${outer}/announce`, announceRequest(), { reach: 'local' });
      await expect(call).rejects.toMatchObject({ code: 'ERR_TRACKER_REDIRECT' });
      expect(requests).toBe(0);
    });

    it('are not scraped where they may not be asked', async () => {
      const origin = await servers.http((_, response) => response.end(answerBytes));
      const call = newClient().scrape(`${origin}/announce?x=1`, [], { reach: 'local' });
      await expect(call).rejects.toMatchObject({ code: 'ERR_TRACKER_ADDRESS' });
    });

    it('are not asked where the IP filter blocks them, even if the user names them', async () => {
      const origin = await servers.http((_, response) => response.end(answerBytes));
      const client = newClient({ isBlocked: (address) => address === '127.0.0.1' });
      await expect(client.announce(`${origin}/announce`, announceRequest())).rejects.toMatchObject({
        code: 'ERR_TRACKER_ADDRESS',
        message: expect.stringContaining('IP filter') as unknown,
      });
    });
  });

  it('sends credentials to no other origin, and nothing from https to http', async () => {
    const seen: unknown[] = [];
    const inner = await servers.http(({ headers }, response) => {
      seen.push(headers.authorization, headers.cookie);
      response.end(answerBytes);
    });
    const outer = await servers.http((_, response) => {
      const location = `${inner.replace('//', '//other:words@')}/announce`;
      response.writeHead(302, { Location: location, 'Set-Cookie': 'a=b' }).end();
    });
    const url = `${outer.replace('//', '//user:pass@')}/announce`;
    await newClient().announce(url, announceRequest());
    expect(seen).toEqual([undefined, undefined]);
    const secure = httpTarget('https://tracker.example/announce');
    expect(() => redirectTarget(secure, 'http://tracker.example/announce')).toThrow(
      /https to http/,
    );
    expect(redirectTarget(secure, '/x').origin).toBe('https://tracker.example');
  });

  it('shows hosts as they are asked for: other scripts as punycode, credentials not at all', async () => {
    const lookup: LookupFunction = (_name, _options, callback) => callback(new Error('no'), '', 0);
    const url = 'http://user:pass@аpple.example/announce';
    const error = await newClient({ lookup })
      .announce(url, announceRequest())
      .catch((reason: unknown) => String(reason));
    expect(error).toContain('xn--');
    expect(error).not.toMatch(/[^ -~]|user|pass/);
  });

  const redirectingTo = (location: string): Promise<string> =>
    servers.http((_, response) => {
      response.writeHead(302, { Location: location }).end();
    });

  describe('addresses of trackers', () => {
    it.each([
      ['', 'ERR_TRACKER_URL'],
      ['http://', 'ERR_TRACKER_URL'],
      ['http:///announce', 'ERR_TRACKER_URL'],
      ['http://a b/announce', 'ERR_TRACKER_URL'],
      ['http://a\\@127.0.0.1/announce', 'ERR_TRACKER_URL'],
      ['http://a\r\nb/announce', 'ERR_TRACKER_URL'],
      ['http://127.0.0.1:0/announce', 'ERR_TRACKER_URL'],
      ['http://127.0.0.1:99999/announce', 'ERR_TRACKER_URL'],
      [`http://a.invalid/${'x'.repeat(5000)}`, 'ERR_TRACKER_URL'],
      ['ftp://a.invalid/announce', 'ERR_TRACKER_SCHEME_UNSUPPORTED'],
    ])('refuses %j', async (url, code) => {
      await expect(newClient().announce(url, announceRequest())).rejects.toMatchObject({ code });
    });

    it('cannot be made to write further headers', async () => {
      const seen: Record<string, unknown>[] = [];
      const origin = await servers.http((request, response) => {
        seen.push(request.headers);
        response.end(answerBytes);
      });
      const url = `${origin}/announce HTTP/1.1\r\nX-Evil: 1\r\n\r\n`;
      await newClient().announce(url, announceRequest({ ip: 'a\r\nX-Evil: 2' }));
      expect(seen).toHaveLength(1);
      expect(seen[0]).not.toHaveProperty('x-evil');
    });

    it.each([
      [{ infoHash: new Uint8Array(19) }],
      [{ peerId: new Uint8Array(21) }],
      [{ port: 0 }],
      [{ port: 65536 }],
      [{ left: -1 }],
      [{ uploaded: Number.NaN }],
      [{ downloaded: -1n }],
      [{ numwant: 0.5 }],
    ])('refuses a request with %j', async (change) => {
      await expect(
        newClient().announce('http://127.0.0.1:9/announce', announceRequest(change)),
      ).rejects.toMatchObject({ code: 'ERR_TRACKER_REQUEST' });
    });

    it('says which schemes are supported', async () => {
      await using client = createTrackerClient();
      await expect(client.announce('wss://a.invalid/', announceRequest())).rejects.toMatchObject({
        code: 'ERR_TRACKER_SCHEME_UNSUPPORTED',
      });
      await expect(client.scrape('nonsense', [])).rejects.toMatchObject({
        code: 'ERR_TRACKER_URL',
      });
      const origin = await servers.http((_, response) => response.end(answerBytes));
      const url = `${origin.replace('http', 'HTTP')}/announce`;
      expect((await client.announce(url, announceRequest())).interval).toBe(900);
    });
  });
});
