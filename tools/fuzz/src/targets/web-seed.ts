import { HttpTransport } from '../../../../packages/client/src/web-seed/http-transport.ts';
import {
  judgeAnswer,
  retryAfterOf,
} from '../../../../packages/client/src/web-seed/judge-answer.ts';
import {
  fileUrl,
  pieceUrl,
  readSeedUrl,
  shownUrl,
} from '../../../../packages/client/src/web-seed/seed-url.ts';
import {
  addressFromBytes,
  addressKind,
  AddressGuard,
  isWithinReach,
  NetError,
} from '../../../../packages/net/src/index.ts';
import { HttpTrackerClient, TrackerError } from '../../../../packages/tracker/src/index.ts';
import { Choices } from '../engine/choices.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { HTTP_TOKENS, RawServer } from '../raw-server.ts';
import { nameOf } from '../torrent-maker.ts';
import { typed } from '../typed.ts';
import { asText, latin1, texts } from '../vectors.ts';

const server = new RawServer();
let transport: HttpTransport | undefined;
let trackers: HttpTrackerClient | undefined;

/** A header's value: near to what is right. */
function headerOf(choices: Choices, right: string): string | undefined {
  switch (choices.below(6)) {
    case 0:
      return undefined;
    case 1:
      return choices.text(20);
    case 2:
      return right.replace(/\d+/, `${choices.number32()}`);
    case 3:
      return right.toUpperCase();
    default:
      return right;
  }
}

/** A path without its `.` and `..`: `URL` of Node 20 leaves some of them where another name begins with a dot. */
function withoutDots(path: string): string {
  const kept: string[] = [];
  const parts = path.split('/').slice(1);
  for (const [index, part] of parts.entries()) {
    const dots = part.replaceAll(/%2e/gi, '.');
    if (dots === '..') kept.pop();
    else if (dots !== '.') kept.push(part);
    if ((dots === '.' || dots === '..') && index === parts.length - 1) kept.push('');
  }
  return `/${kept.join('/')}`;
}

const raw = {
  shape: 'text',
  tokens: HTTP_TOKENS,
  maxLength: 1_024,
  baseTime: 3_000,
} as const;

export const webSeedTargets: readonly Target[] = [
  {
    name: 'web-seed-judge',
    area: 'client',
    property:
      'whatever head an answer has, no more bytes are believed than were asked for, from where they were asked for',
    maxLength: 128,
    run(input) {
      const choices = new Choices(input);
      const length = 1 + choices.number32();
      const first = choices.below(length);
      const last = Math.min(length - 1, first + choices.below(100_000));
      const range = choices.oneIn(4) ? undefined : { first, last };
      const kind = choices.bool() ? 'url-list' : 'httpseeds';
      const size = last - first + 1;
      const status = choices.pick([206, 200, 416, 404, 410, 503, 429, 401, 403, 301, 0, 999]);
      const verdict = judgeAnswer(
        {
          status,
          url: 'http://a/',
          publicOnly: true,
          headers: {
            'content-range': headerOf(choices, `bytes ${first}-${last}/${length}`),
            'content-length': headerOf(choices, `${status === 206 ? size : length}`),
            'content-encoding': choices.oneIn(5)
              ? choices.pick(['gzip', 'identity', ' GZIP', ''])
              : undefined,
            'retry-after': choices.oneIn(3) ? headerOf(choices, '120') : undefined,
          },
        },
        { range, length, kind },
      );
      if (verdict.kind === 'bytes') {
        must(status === 200 || status === 206, 'bytes of an error');
        must(verdict.length >= 1 && verdict.length <= length, 'more bytes than the file has');
        if (status === 206)
          must(range !== undefined && verdict.length <= size, 'more bytes than asked for');
      }
      if (verdict.kind === 'whole')
        must(status === 200 && range !== undefined && kind === 'url-list', 'whole');
      if (verdict.kind === 'fault') {
        must(
          /^[\x20-\x7e]{1,200}$/.test(verdict.fault.reason),
          'a reason that is not fit for a terminal',
        );
        const { retryAfter } = verdict.fault;
        must(retryAfter === undefined || (retryAfter >= 0 && retryAfter <= 3_600_000), 'a wait');
      }
      return `${verdict.kind} ${verdict.kind === 'fault' ? verdict.fault.scope : ''} ${status}`;
    },
  },
  {
    name: 'web-seed-retry-after',
    area: 'client',
    property: 'any text: milliseconds up to the limit, or nothing',
    shape: 'text',
    maxLength: 64,
    tokens: ['120', ' ', '\t', 'Wed, 21 Oct 2015 07:28:00 GMT', '1e9', '٣'],
    seeds: () => texts('120', ' 5 ', '99999999999', '-1'),
    run(input) {
      const wait = retryAfterOf(asText(input));
      must(
        wait === undefined || (Number.isInteger(wait) && wait >= 0 && wait <= 3_600_000),
        'a wait',
      );
      return typeof wait;
    },
  },
  {
    name: 'web-seed-url',
    area: 'client',
    property:
      'the URL of a file stays on the host and below the path of the seed, whatever the torrent names it',
    maxLength: 512,
    run(input) {
      const choices = new Choices(input);
      const text = `${choices.pick(['http', 'https', 'HTTP', 'ftp', 'file'])}://${choices.pick(['a.example', 'u:p@a.example:81', '[::1]', '1.2.3.4'])}/${choices.word('ab/.%?#', 12)}`;
      const read = readSeedUrl(text);
      if ('reason' in read) return read.reason;
      const { url } = read;
      must(!/u:p/.test(shownUrl(text)), 'credentials are shown');
      const multiFile = choices.bool();
      const path = choices.list(4, () => nameOf(choices));
      const name = nameOf(choices);
      const info = {
        name: 'safe',
        originalName: name,
        multiFile,
        files: [
          {
            index: 0,
            path: 'safe/x',
            originalPath: path,
            length: 1,
            offset: 0,
            attributes: { padding: false, executable: false, hidden: false, symlink: undefined },
          },
        ],
      };
      const made = fileUrl(url, info, 0);
      const piece = pieceUrl(
        url,
        choices.exactly(20),
        choices.number32(),
        choices.bool() ? { first: 0, last: 5 } : undefined,
      );
      for (const each of [piece, ...(made === undefined ? [] : [made])]) {
        const parsed = new URL(each);
        must(parsed.host === url.host && parsed.protocol === url.protocol, 'another host');
        must(
          parsed.username === '' && parsed.password === '' && parsed.hash === '',
          'credentials, or a fragment',
        );
        // The seed's own path may hold dots; what the torrent adds to it may not, in any spelling.
        const { pathname } = url;
        const start = `${url.protocol}//${url.host}${pathname}`;
        must(each.startsWith(start), () => `${each} does not begin with ${start}`);
        const added = each.slice(start.length).replace(/\?.*/s, '');
        must(!/(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i.test(added), () => `dots in ${added}`);
        must(multiFile || pathname.endsWith('/') || added === '', 'a name beside the seed');
        must(pathname.endsWith('/') || added === '' || added.startsWith('/'), 'a name beside it');
        const path = withoutDots(parsed.pathname);
        must(path.startsWith(withoutDots(pathname)), () => `${path} is not below ${pathname}`);
        must(/^[\x21-\x7e]*$/.test(each), 'what is no URL');
      }
      return made === undefined ? 'none' : `${multiFile}`;
    },
  },
  {
    name: 'net-address-guard',
    area: 'net',
    property:
      'a guard that is for public addresses only lets no other through, as a host or from a resolver',
    maxLength: 128,
    run(input) {
      const choices = new Choices(input);
      const addresses = choices.list(5, () =>
        addressFromBytes(choices.exactly(choices.bool() ? 4 : 16)),
      );
      const blocked = new Set(addresses.filter(() => choices.oneIn(4)));
      const guard = new AddressGuard({
        reach: 'public',
        isBlocked: (address) => blocked.has(address),
        lookup: (_name, _options, callback) => {
          const all = addresses.map((address) => ({
            address,
            family: address.includes(':') ? 6 : 4,
          }));
          callback(null, all);
        },
      });
      const isAllowed = (address: string): boolean =>
        addressKind(address) === 'public' &&
        isWithinReach(address, 'public') &&
        !blocked.has(address);
      for (const address of addresses) {
        const checked = typed(NetError, () => guard.checkHost(address));
        must('value' in checked === isAllowed(address), 'a host');
      }
      let isRefused = false as boolean;
      let found: unknown;
      guard.lookup('a.example', { all: true }, (error, got) => {
        isRefused = error !== null;
        found = got;
      });
      if (isRefused) {
        must(!addresses.some(isAllowed), 'refused, though one is allowed');
        return 'refused';
      }
      const got = (found as { address: string }[]).map(({ address }) => address);
      must(JSON.stringify(got) === JSON.stringify(addresses.filter(isAllowed)), 'other addresses');
      return `${got.length > 0}`;
    },
  },
  {
    ...raw,
    name: 'web-seed-http',
    area: 'client',
    property:
      'whatever a server sends, an exchange ends once, calls in order, and no error goes astray',
    seeds: () =>
      latin1(
        'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/100\r\nContent-Length: 5\r\n\r\nhello',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
        'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:PORT/again\r\n\r\n',
        'HTTP/1.1 503 Busy\r\nRetry-After: 5\r\n\r\n',
        'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut',
      ),
    async open() {
      await server.open();
      transport = new HttpTransport({ maxSockets: 2 });
    },
    async close() {
      transport?.close();
      await server.close();
    },
    async run(input) {
      server.answer = input;
      let calls = '';
      await new Promise<void>((resolve) => {
        const url = `http://127.0.0.1:${server.port}/f`;
        transport?.open(
          { url, base: url, range: { first: 0, last: 4 }, publicOnly: false },
          {
            onAnswer({ headers }) {
              calls += 'a';
              must(Object.keys(headers).length < 2_000, 'too many headers');
              return true;
            },
            onData: (chunk) => void (calls += chunk.length > 0 && !calls.endsWith('d') ? 'd' : ''),
            onEnd() {
              calls += 'e';
              resolve();
            },
            onFail(reason) {
              calls += 'f';
              must(reason.length > 0 && !/\p{Cc}/u.test(reason), 'a reason that is not for people');
              resolve();
            },
          },
        );
      });
      must(/^(?:ad?[ef]|f)$/.test(calls), () => `calls ${calls}`);
      return calls;
    },
  },
  {
    ...raw,
    name: 'tracker-client-http',
    area: 'tracker',
    property:
      'whatever a server sends, an announce ends once with an answer or a TrackerError, and no error goes astray',
    seeds: () =>
      latin1(
        'HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\nd8:intervali1800e5:peers0:e\n',
        'HTTP/1.1 200 OK\r\n\r\nd14:failure reason2:noe',
        'HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n',
        'HTTP/1.1 503 Busy\r\nRetry-After: 5\r\n\r\n<b>busy</b>',
        'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nxx',
      ),
    async open() {
      await server.open();
      trackers = new HttpTrackerClient({ timeout: 2_000 });
    },
    async close() {
      await trackers?.close();
      await server.close();
    },
    async run(input) {
      server.answer = input;
      const hash = new Uint8Array(20).fill(0x61);
      const request = {
        infoHash: hash,
        peerId: hash,
        port: 1,
        uploaded: 0,
        downloaded: 0,
        left: 0,
      };
      const call = trackers?.announce(`http://127.0.0.1:${server.port}/announce`, request).then(
        () => 'answer',
        (error: unknown) => {
          if (!(error instanceof TrackerError)) throw error;
          must(!/\p{Cc}/u.test(error.message), 'a message that is not for people');
          return error.code;
        },
      );
      return call;
    },
  },
];
