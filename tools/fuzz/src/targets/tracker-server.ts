import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { seededRandom } from '../../../../packages/net/src/index.ts';
import {
  announceUrl,
  MemorySwarmStore,
  parseAnnounceResponse,
  parseScrapeResponse,
  TrackerError,
} from '../../../../packages/tracker/src/index.ts';
import type { SwarmAnnounce } from '../../../../packages/tracker/src/index.ts';
import { HttpService } from '../../../../packages/tracker/src/server/http-service.ts';
import {
  compactReply,
  dictionaryReply,
  scrapeReply,
} from '../../../../packages/tracker/src/server/reply.ts';
import { Tracking } from '../../../../packages/tracker/src/server/tracking.ts';
import { Choices } from '../engine/choices.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { typed } from '../typed.ts';
import { latin1 } from '../vectors.ts';

const REQUEST = announceUrl('http://h/announce', {
  infoHash: new Uint8Array(20).fill(0x61),
  peerId: new Uint8Array(20).fill(0x62),
  port: 6881,
  uploaded: 0,
  downloaded: 0,
  left: 0,
}).slice('http://h'.length);

/** Milliseconds a connection may be silent before it is closed from here. */
const SILENCE = 30;

let service: HttpService | undefined;
let port = 0;
const errors: unknown[] = [];

/** Sends bytes in two parts and gives what comes back until the other side, or silence, ends it. */
function exchange(request: Uint8Array, cut: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const socket: Socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.write(request.subarray(0, cut));
      socket.end(request.subarray(cut));
    });
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(parts));
    };
    const timer = setTimeout(end, SILENCE);
    socket.on('data', (chunk: Buffer) => {
      parts.push(chunk);
      timer.refresh();
    });
    socket.on('error', end);
    socket.on('close', end);
  });
}

export const trackerServerTargets: readonly Target[] = [
  {
    name: 'tracker-server-http',
    area: 'tracker',
    property:
      'any bytes on a connection: nothing but HTTP comes back, and the next announce is answered',
    shape: 'text',
    maxLength: 2_048,
    baseTime: 2_000,
    tokens: [
      'GET ',
      'POST ',
      '/announce?',
      '/scrape?',
      '/stats',
      ' HTTP/1.1\r\n',
      'Host: h\r\n',
      'Content-Length: 5\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Connection: close\r\n',
      'Expect: 100-continue\r\n',
      'Upgrade: x\r\nConnection: upgrade\r\n',
      '\r\n\r\n',
      '\n',
      '\0',
      REQUEST,
    ],
    seeds: () =>
      latin1(
        `GET ${REQUEST} HTTP/1.1\r\nHost: h\r\n\r\n`,
        `GET ${REQUEST} HTTP/1.1\r\nHost: h\r\n\r\nGET /scrape?info_hash=aaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
        'GET /stats HTTP/1.0\r\n\r\n',
        'POST /announce HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
        'GET http://other/announce HTTP/1.1\r\nHost: h\r\n\r\n',
      ),
    async open() {
      const tracking = new Tracking({
        random: seededRandom(1),
        onError: (error) => errors.push(error),
      });
      service = new HttpService(tracking, {}, () => '{}');
      const bound: Pick<AddressInfo, 'port'> = await service.listen(0, '127.0.0.1');
      port = bound.port;
    },
    close: () => service?.close(),
    async run(input) {
      const answer = (await exchange(input, input.length >>> 1)).toString('latin1');
      must(
        answer === '' || answer.startsWith('HTTP/1.1 '),
        () => `no HTTP: ${JSON.stringify(answer.slice(0, 40))}`,
      );
      must(errors.length === 0, () => `an error inside: ${String(errors.splice(0)[0])}`);
      return answer.slice(9, 12);
    },
  },
  {
    name: 'tracker-server-replies',
    area: 'tracker',
    property:
      'whatever peers a store has, the answers the server writes are those the client reads',
    run(input) {
      const choices = new Choices(input);
      const store = new MemorySwarmStore({
        random: seededRandom(1),
        maxPeersPerSwarm: 20,
        maxSwarms: 3,
      });
      const hashOf = (): string => String.fromCharCode(choices.below(5) * 60).repeat(20);
      let kinds = '';
      for (let left = 24; left > 0 && !choices.isSpent; left--) {
        const isIPv4 = choices.bool();
        const endpoint = choices.exactly(isIPv4 ? 6 : 18);
        // A port as the server lets it through, and an address that can be reached: none of 2002::/16, which may carry 0.0.0.0.
        endpoint[0] = isIPv4 ? 0x20 : 0x26;
        endpoint[endpoint.length - 1] = 1 + choices.below(255);
        const announce: SwarmAnnounce = {
          infoHash: hashOf(),
          peerId: Buffer.from(choices.exactly(20)).toString('latin1'),
          endpoint,
          seed: choices.bool(),
          event: choices.pick([undefined, 'started', 'stopped', 'completed']),
          wanted: choices.below(30),
          withIds: choices.bool(),
          now: 1_000 * left,
        };
        const answer = store.announce(announce);
        must(!('then' in answer), 'the store in memory answers later');
        if ('refused' in answer) {
          kinds += 'r';
          continue;
        }
        const terms = { interval: 1_800, minInterval: 900, endpoint };
        const written = [
          compactReply(answer, terms),
          ...(announce.withIds ? [dictionaryReply(answer, terms)] : []),
        ];
        for (const reply of written) {
          const read = parseAnnounceResponse(Uint8Array.from(Buffer.from(reply, 'latin1')));
          must(
            read.peers.length === answer.peers.length / 6 + answer.peers6.length / 18,
            () => `${read.peers.length} peers are read`,
          );
          must(read.peers.length <= announce.wanted, 'more peers than wanted');
          must(
            read.complete === answer.complete && read.incomplete === answer.incomplete,
            'figures',
          );
          must(
            read.interval === 1_800 && read.minInterval === 900 && read.externalIp !== undefined,
            'terms',
          );
        }
        kinds += announce.event?.charAt(1) ?? '-';
        const hashes = [hashOf(), hashOf()];
        const figures = store.scrape(hashes);
        must(Array.isArray(figures), 'the store in memory answers later');
        const scrape = typed(TrackerError, () =>
          parseScrapeResponse(Uint8Array.from(Buffer.from(scrapeReply(hashes, figures), 'latin1'))),
        );
        must('value' in scrape, 'a scrape cannot be read');
        const { swarms } = store.figures() as { swarms: number };
        must(swarms <= 3, 'more swarms than the limit');
      }
      return [...new Set(kinds)].sort().join('');
    },
  },
];
