import { PassThrough } from 'node:stream';
import { deflateSync, gzipSync } from 'node:zlib';
import type { IncomingMessage } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { isEndpoint } from '../../../../packages/net/src/index.ts';
import {
  parseAnnounceResponse,
  parseScrapeResponse,
  sanitizeBytes,
  sanitizeText,
  TrackerError,
} from '../../../../packages/tracker/src/index.ts';
import { readBody } from '../../../../packages/tracker/src/http-body.ts';
import { Choices } from '../engine/choices.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { typed, typedLater } from '../typed.ts';
import { asText, latin1, texts, vectorsOf } from '../vectors.ts';

const FIXTURE = 'packages/tracker/test/fixtures/tracker/http-responses.json';
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const TOKENS = [
  'failure reason',
  'retry in',
  'never',
  'warning message',
  'interval',
  'min interval',
  'peers',
  'peers6',
  'peer id',
  'ip',
  'port',
  'complete',
  'incomplete',
  'downloaded',
  'tracker id',
  'external ip',
  'files',
  'flags',
  'min_request_interval',
  'name',
  '127.0.0.1',
  '::1',
  'a.example',
];

function* seeds(): Generator<Uint8Array> {
  for (const bytes of vectorsOf(FIXTURE, 'body_hex')) if (bytes.length < 4_096) yield bytes;
  yield* latin1(
    'd14:failure reason4:full8:retry in5:nevere',
    'd8:intervali1800e5:peersld2:ip9:1.2.3.4567:peer id20:aaaaaaaaaaaaaaaaaaaa4:porti1eeee',
    'd5:filesd20:aaaaaaaaaaaaaaaaaaaad8:completei1e10:downloadedi2e10:incompletei3e4:name1:xee5:flagsd20:min_request_intervali60eee',
  );
}

const common = { area: 'tracker', shape: 'bencode', seeds, tokens: TOKENS } as const;

/** Fit for a terminal, and not long. */
function checkText(text: string | undefined, maxLength = 500): void {
  if (text === undefined) return;
  must(!UNSAFE.test(text), 'a text that is not fit for a terminal');
  must(Array.from(text).length <= maxLength, 'a text is too long');
}

function checkRetry(retryIn: number | 'never' | undefined): void {
  must(
    retryIn === undefined || retryIn === 'never' || (retryIn > 0 && retryIn <= 86_400),
    'a wait',
  );
}

function isCount(value: number | undefined): boolean {
  return value === undefined || (Number.isSafeInteger(value) && value >= 0);
}

/** Made to look like what Node hands over: only what `readBody` uses of it. */
function fakeResponse(headers: Record<string, string>, isComplete: boolean): PassThrough {
  return Object.assign(new PassThrough(), { headers, complete: isComplete });
}

export const trackerHttpTargets: readonly Target[] = [
  {
    ...common,
    name: 'tracker-announce-reply',
    property:
      'any bytes: an answer within its bounds, a refusal fit for a terminal, or a TrackerError',
    run(input) {
      let failure: unknown;
      const result = typed(TrackerError, () => {
        try {
          return parseAnnounceResponse(input, { maxPeers: 12 });
        } catch (error) {
          failure = error;
          throw error;
        }
      });
      if ('code' in result) {
        const { message, retryIn } = failure as TrackerError;
        checkText(message, 600);
        checkRetry(retryIn);
        return `${result.code} ${typeof retryIn}`;
      }
      const { interval, minInterval, peers, namedPeers, complete, incomplete, downloaded } =
        result.value;
      must(interval >= 60 && interval <= 21_600, 'an interval');
      must(
        minInterval === undefined || (minInterval >= 60 && minInterval <= 21_600),
        'a least interval',
      );
      must(peers.length + namedPeers.length <= 12, 'too many peers');
      must(
        peers.every((peer) => isEndpoint(peer) && peer.port > 0),
        'a peer that is no endpoint',
      );
      must(
        peers.every(({ peerId }) => (peerId?.length ?? 20) === 20),
        'a peer id',
      );
      for (const { host, port } of namedPeers) {
        must(/^[a-z0-9_.-]{1,254}$/.test(host) && port >= 1 && port <= 65_535, 'a named peer');
        // What URL takes for an IPv4 address must not come as a name.
        must(
          !URL.canParse(`http://${host}/`) || !/^[\d.]+$/.test(new URL(`http://${host}/`).hostname),
          'an address as a name',
        );
      }
      must(
        new Set(peers.map(({ address, port }) => `${address} ${port}`)).size === peers.length,
        'a peer twice',
      );
      must([complete, incomplete, downloaded].every(isCount), 'a count');
      must((result.value.trackerId?.length ?? 0) <= 256, 'a tracker id');
      checkText(result.value.warning);
      return `${peers.length > 0} ${namedPeers.length > 0} ${minInterval !== undefined}`;
    },
  },
  {
    ...common,
    name: 'tracker-scrape-reply',
    property:
      'any bytes: figures by info-hash that are counts, with names fit for a terminal, or a TrackerError',
    run(input) {
      const result = typed(TrackerError, () => parseScrapeResponse(input));
      if ('code' in result) return result.code;
      const { files, minRequestInterval } = result.value;
      for (const [hash, { complete, incomplete, downloaded, name }] of files) {
        must(/^[0-9a-f]{40}$/.test(hash), 'a key that is no info-hash');
        must([complete, incomplete, downloaded].every(isCount), 'a count');
        checkText(name, 255);
      }
      must(
        minRequestInterval === undefined ||
          (minRequestInterval >= 60 && minRequestInterval <= 21_600),
        'a wait',
      );
      return `${files.size > 0}`;
    },
  },
  {
    name: 'tracker-body',
    area: 'tracker',
    property:
      'a body in any chunks, packed or not, cut or not: its bytes up to the limit, or an error; never more',
    maxLength: 1_024,
    async run(input) {
      const choices = new Choices(input);
      const limit = 16 * (1 + choices.byte());
      const encoding = choices.pick([
        '',
        'identity',
        'gzip',
        'x-gzip',
        ' GZIP ',
        'deflate',
        'br',
        'gzip, gzip',
      ]);
      const beyond = choices.bool() ? 'fail' : 'cut';
      const isPacked = choices.bool();
      const isComplete = !choices.oneIn(4);
      const claims = choices.oneIn(4) ? { 'content-length': `${choices.number32()}` } : {};
      const repeat = 1 + choices.below(64);
      const damage = choices.oneIn(3) ? choices.below(200) : -1;
      const cuts = choices.list(6, () => choices.byte());
      const content = Buffer.concat(
        Array.from({ length: repeat }, () => choices.rest()).filter(
          (part, index) => index === 0 || part.length > 0,
        ),
      );
      const whole = Buffer.concat(Array.from({ length: repeat }, () => content));
      const name = encoding.trim().toLowerCase();
      let sent: Buffer = whole;
      if (isPacked && /^(?:x-)?gzip$/.test(name)) sent = gzipSync(whole);
      if (isPacked && name === 'deflate') sent = deflateSync(whole);
      if (damage >= 0 && damage < sent.length) {
        sent = Buffer.from(sent);
        sent[damage] = (sent[damage] ?? 0) ^ 0xff;
      }
      const response = fakeResponse(
        { ...(encoding === '' ? {} : { 'content-encoding': encoding }), ...claims },
        isComplete,
      );
      const reading = typedLater(TrackerError, async () => {
        try {
          return await readBody(response as unknown as IncomingMessage, {
            maxLength: limit,
            beyond,
          });
        } catch (error) {
          // The stream's own error is passed on as it is: whoever asked makes a TrackerError of it.
          if (error instanceof TrackerError) throw error;
          throw new TrackerError('ERR_TRACKER_CONNECTION', String(error));
        }
      });
      let at = 0;
      for (const cut of cuts) {
        if (!response.destroyed) response.write(sent.subarray(at, at + cut));
        at += cut;
      }
      if (!response.destroyed) response.end(sent.subarray(at));
      const result = await reading;
      response.destroy();
      if ('code' in result) return result.code;
      must(result.value.length <= limit, 'more than the limit');
      const isPlain = name === '' || name === 'identity';
      if (damage < 0 && isComplete && (isPlain || isPacked)) {
        const expected = isPlain ? sent : whole;
        // Where what was packed is cut, less of it comes out.
        const isCutPacked = !isPlain && beyond === 'cut' && sent.length > limit;
        const length = isCutPacked ? result.value.length : limit;
        must(Buffer.compare(result.value, expected.subarray(0, length)) === 0, 'other bytes');
      }
      return beyond;
    },
  },
  {
    name: 'tracker-text',
    area: 'tracker',
    property:
      'any bytes become a text fit for a terminal, of at most so many characters, that stays as it is',
    shape: 'text',
    tokens: [
      '\x1b[2J',
      '\xc2\x9b',
      '\xe2\x80\xae',
      '\xf0\x9f\x90\x9f',
      '\xff',
      '  ',
      '\xef\xbb\xbf',
      '<b>',
    ],
    seeds: () =>
      texts('torrent not registered', '\u001b]0;x\u0007', '\u202eabc', 'é', '🐟🐟🐟🐟🐟🐟🐟🐟🐟🐟'),
    run(input) {
      const limit = 1 + (input.length % 20);
      const text = sanitizeBytes(input, limit);
      checkText(text, limit);
      must(
        sanitizeText(text, limit) === text,
        () =>
          `once more it is ${JSON.stringify(sanitizeText(text, limit))}, not ${JSON.stringify(text)}`,
      );
      checkText(sanitizeText(asText(input), limit), limit);
      checkText(
        sanitizeText(
          Buffer.from(input.buffer, input.byteOffset, input.length).toString('utf16le'),
          limit,
        ),
        limit,
      );
      return undefined;
    },
  },
  {
    ...common,
    name: 'tracker-reply-space',
    property: 'an answer is the same with white space before it and a web page behind it',
    run(input) {
      // Where nothing stands behind it, what is appended is what stands behind it.
      const bare = typed(TrackerError, () => parseAnnounceResponse(input));
      const padded = new Uint8Array(
        Buffer.concat([Buffer.from('\r\n \t'), input, Buffer.from('</html>')]),
      );
      const around = typed(TrackerError, () => parseAnnounceResponse(padded));
      if ('code' in bare) return bare.code;
      must(isDeepStrictEqual(around, bare), 'another answer');
      return 'same';
    },
  },
];
