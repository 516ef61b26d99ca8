import { isDeepStrictEqual } from 'node:util';
import { announceUrl, scrapeUrl, TrackerError } from '../../../../packages/tracker/src/index.ts';
import type { AnnounceRequest } from '../../../../packages/tracker/src/index.ts';
import { httpTarget, redirectTarget } from '../../../../packages/tracker/src/http-target.ts';
import {
  readAnnounce,
  readScrape,
} from '../../../../packages/tracker/src/server/announce-query.ts';
import {
  byteString,
  decodeComponent,
  forEachParameter,
} from '../../../../packages/tracker/src/server/query.ts';
import { udpTarget } from '../../../../packages/tracker/src/udp/udp-target.ts';
import { scrapeRequestUrl } from '../../../../packages/tracker/src/url.ts';
import { Choices } from '../engine/choices.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { typed } from '../typed.ts';
import { asText, texts, vectorsOf } from '../vectors.ts';

const URLS = [
  'http://tracker.example/announce',
  'http://tracker.example:80/announce.php?passkey=x%2Fy#f',
  'https://user:pass%40@tracker.example/announce?',
  'udp://tracker.example:6969/announce',
  'udp://[::1]:6969/a?b',
  'http://[::ffff:1.2.3.4]:8080/x/announce/',
  'http://0x7f000001/announce',
  'http://bücher.example/announce',
  'http://xn--bcher-kva.example/',
  'http://a\\@b/announce',
  'http://a@b:c@d/announce',
  'http://h/announce?x=announce',
  'HTTP://H/ANNOUNCE',
  'ws://h/announce',
  'http:///announce',
  'http://h:0/announce',
  'http://h:99999/announce',
  '//other.example/announce',
  'javascript:alert(1)',
  'file:///etc/passwd',
  '../scrape',
  '\\\\evil.example\\x',
];
const TOKENS = [
  ...URLS,
  '@',
  ':',
  '/',
  '?',
  '#',
  '%0d%0a',
  '\r\n',
  '\t',
  '\u3002',
  '.',
  'announce',
  'scrape',
  '\u0000',
  ' ',
];
const common = {
  area: 'tracker',
  shape: 'text',
  tokens: TOKENS,
  seeds: () => texts(...URLS),
} as const;

/** What goes into a request line may hold nothing that ends it. */
function checkPath(path: string): void {
  must(path.startsWith('/') && /^[\x21-\x7e]*$/.test(path), () => `a path ${JSON.stringify(path)}`);
}

function requestOf(choices: Choices): AnnounceRequest {
  const count = (): number | bigint => (choices.bool() ? choices.number32() : choices.uint64());
  return {
    infoHash: choices.exactly(20),
    peerId: choices.exactly(20),
    port: 1 + choices.below(65_535),
    uploaded: count(),
    downloaded: count(),
    left: count(),
    event: choices.pick([undefined, 'started', 'stopped', 'completed']),
    numwant: choices.bool() ? choices.number32() : undefined,
    key: choices.bool() ? choices.uint32() : undefined,
    trackerId: choices.bool() ? choices.blob(20) : undefined,
    compact: choices.bool(),
    noPeerId: choices.bool(),
  };
}

export const trackerUrlTargets: readonly Target[] = [
  {
    ...common,
    name: 'tracker-url-http',
    property:
      'any text: a target whose host is that of URL and whose path fits a request line, or a TrackerError',
    run(input) {
      const text = asText(input);
      const result = typed(TrackerError, () => httpTarget(text));
      if ('code' in result) return result.code;
      const { protocol, hostname, port, path, origin, authorization } = result.value;
      checkPath(path);
      must(
        Number.isInteger(port) && port >= 1 && port <= 65_535 && hostname !== '',
        'no host or port',
      );
      const url = new URL(text.trim());
      must(
        url.protocol === protocol && url.origin === origin,
        () => `URL sees ${url.origin}, not ${origin}`,
      );
      must(url.hostname.replace(/^\[|\]$/g, '') === hostname, 'URL sees another host');
      must(
        (authorization !== undefined) === (url.username !== '' || url.password !== ''),
        'credentials',
      );
      must(authorization === undefined || /^Basic [\w+/=]*$/.test(authorization), 'a header');
      return protocol;
    },
  },
  {
    ...common,
    name: 'tracker-url-redirect',
    property:
      'a redirect leads to the web only, and credentials stay with the origin they were given for',
    run(input) {
      const from = httpTarget('https://user:secret@tracker.example:8443/a/announce?passkey=k');
      const text = asText(input);
      const result = typed(TrackerError, () => redirectTarget(from, text));
      if ('code' in result) return result.code;
      const target = result.value;
      checkPath(target.path);
      must(/^https?:$/.test(target.protocol), 'not of the web');
      const url = new URL(text, 'https://tracker.example:8443/a/announce?passkey=k');
      must(target.origin === url.origin, 'another origin than of URL');
      const isSame = target.origin === from.origin;
      must(
        target.authorization === (isSame ? from.authorization : undefined),
        'credentials went elsewhere, or were lost',
      );
      return isSame ? 'same' : 'other';
    },
  },
  {
    ...common,
    name: 'tracker-url-udp',
    property:
      'any text: a target over UDP with a host and a port, its data printable ASCII, or a TrackerError',
    run(input) {
      const text = asText(input);
      const result = typed(TrackerError, () => udpTarget(text));
      if ('code' in result) return result.code;
      const { hostname, port, urlData } = result.value;
      must(port >= 1 && port <= 65_535 && hostname !== '', 'no host or port');
      must(/^[\x21-\x7e]*$/.test(hostname), () => `a host ${JSON.stringify(hostname)}`);
      must(!/[/?#@\\]/.test(hostname), 'a host that is more than a host');
      if (urlData !== undefined)
        must(urlData.length <= 4_096 && /^[\x21-\x7e]+$/.test(urlData), 'data');
      return urlData === undefined ? 'bare' : 'data';
    },
  },
  {
    ...common,
    name: 'tracker-url-scrape',
    property:
      'where a tracker is scraped is on the same host, and is known exactly where BEP 48 says so',
    run(input) {
      const text = asText(input);
      const result = typed(TrackerError, () => scrapeUrl(text));
      if ('code' in result) return result.code;
      const hashes = [new Uint8Array(20), new Uint8Array(20).fill(0xff)];
      const request = scrapeRequestUrl(text, hashes);
      must(
        (request === undefined) === (result.value === undefined),
        'a request for what cannot be scraped',
      );
      if (result.value === undefined || request === undefined) return 'none';
      const [before = ''] = result.value.split('?');
      must(/\/scrape[^/]*$/.test(before), 'no scrape in the last part of the path');
      must(
        before.startsWith(`${/^[^:]*:\/\/[^/?#]*/.exec(result.value)?.[0] ?? '!'}/`),
        'another host',
      );
      const found = readScrape(request, request.indexOf('?') + 1, 10);
      // A parameter of the tracker's own may be called info_hash.
      if (!text.includes('info_hash')) {
        must(
          isDeepStrictEqual(
            found,
            hashes.map((hash) => Buffer.from(hash).toString('latin1')),
          ),
          'other hashes',
        );
      }
      return 'some';
    },
  },
  {
    name: 'tracker-url-announce',
    area: 'tracker',
    property: 'what a client puts into the URL of an announce, the server reads out of it',
    run(input) {
      const choices = new Choices(input);
      const base = choices.pick([
        'http://h/announce',
        'http://h/announce?passkey=x',
        'http://h/a/announce?x&',
        'http://h',
      ]);
      const request = requestOf(choices);
      const url = announceUrl(base, request);
      must(/^[\x21-\x7e]+$/.test(url), 'no URL');
      const read = readAnnounce(url, url.indexOf('?') + 1, false);
      must(typeof read !== 'string', () => `refused: ${JSON.stringify(read)}`);
      must(Buffer.compare(byteString(read.infoHash), request.infoHash) === 0, 'another info-hash');
      must(Buffer.compare(byteString(read.peerId), request.peerId) === 0, 'another peer id');
      must(read.port === request.port && read.event === request.event, 'another port or event');
      for (const key of ['uploaded', 'downloaded', 'left'] as const) {
        // Beyond 2^53 the server keeps counts to the precision of a number.
        const [is, was] = [read[key], Number(request[key])];
        must(
          is === was || (was > 2 ** 53 && Math.abs(is / was - 1) < 1e-14),
          () => `another ${key}`,
        );
      }
      must(
        read.numwant === request.numwant && read.compact === request.compact,
        'numwant or compact',
      );
      return read.event;
    },
  },
  {
    name: 'tracker-server-announce',
    area: 'tracker',
    property:
      'any query of an announce: parameters in range, or a reason in ASCII that repeats nothing of it',
    shape: 'text',
    tokens: [
      'info_hash=',
      '&peer_id=',
      '&port=',
      '&uploaded=0',
      '&downloaded=0',
      '&left=',
      '&event=started',
      '&numwant=',
      '-1',
      '&compact=0',
      '&no_peer_id',
      '&ip=',
      '%',
      '%00',
      '&',
      '=',
      '127.0.0.1',
      '::1',
      'aaaaaaaaaaaaaaaaaaaa',
      '18446744073709551616',
    ],
    seeds: () => [
      ...vectorsOf(
        'packages/tracker/test/fixtures/tracker/http-announce-encoding.json',
        'libtorrent_full_request_sample',
        'aria2_full_request_sample',
      ),
      ...texts(
        'info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=bbbbbbbbbbbbbbbbbbbb&port=6881&uploaded=0&downloaded=0&left=0&event=started&numwant=50&compact=1&ip=1.2.3.4',
        'info_hash=%ff%00aaaaaaaaaaaaaaaaaa&peer_id=bbbbbbbbbbbbbbbbbbbb&port=1&uploaded=0&downloaded=0&left=1&no_peer_id=1',
      ),
    ],
    run(input) {
      // As Node hands a request line over: one character per byte.
      const url = Buffer.from(input.buffer, input.byteOffset, input.length).toString('latin1');
      const read = readAnnounce(url, 0, true);
      if (typeof read === 'string') {
        must(/^[\x20-\x7e]{1,100}$/.test(read), 'a reason that is not for people');
        return read;
      }
      must(read.infoHash.length === 20 && read.peerId.length === 20, 'a hash of another length');
      must(/^[\0-\xff]*$/.test(read.infoHash + read.peerId), 'a character that is no byte');
      must(read.port >= 1 && read.port <= 65_535, 'a port');
      must(
        [read.uploaded, read.downloaded, read.left].every(
          (each) => each >= 0 && Number.isFinite(each),
        ),
        'a count',
      );
      must(read.numwant === undefined || read.numwant >= 0, 'numwant');
      must(
        read.address === undefined || read.address.length === 4 || read.address.length === 16,
        'an address',
      );
      return `${read.event ?? ''} ${read.compact} ${read.address?.length ?? 0}`;
    },
  },
  {
    name: 'tracker-server-query',
    area: 'tracker',
    property:
      'parameters of a query are those of a plain split, and escapes are those of a plain replacement',
    shape: 'text',
    tokens: ['&', '=', '&&', '%41', '%', '%4', '%zz', '+', '=&=', '\xff'],
    seeds: () => texts('a=b&c=d', 'a&b=&=c&&', 'x=%41%42', 'x=%4', 'a=b=c'),
    run(input) {
      const text = Buffer.from(input.buffer, input.byteOffset, input.length).toString('latin1');
      const found: [string, string, string | undefined][] = [];
      forEachParameter(text, 0, (key, from, to) => {
        found.push([key, text.slice(from, to), decodeComponent(text, from, to)]);
        return true;
      });
      const expected = text
        .split('&')
        .filter((part) => part !== '')
        .map((part) => {
          const at = part.indexOf('=');
          const [key, value] = at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
          const isWhole = !/%(?![0-9a-fA-F]{2})/.test(value);
          const decoded = value.replace(/%(..)/gs, (_, digits: string) =>
            String.fromCharCode(Number.parseInt(digits, 16)),
          );
          return [key, value, isWhole ? decoded : undefined];
        });
      must(
        isDeepStrictEqual(found, expected),
        () => `${JSON.stringify(found)} is not ${JSON.stringify(expected)}`,
      );
      return `${found.length > 1}`;
    },
  },
];
