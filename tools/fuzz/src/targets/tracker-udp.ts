import { isDeepStrictEqual } from 'node:util';
import { seededRandom } from '../../../../packages/net/src/index.ts';
import type { Endpoint } from '../../../../packages/net/src/index.ts';
import {
  encodeAnnounceReply,
  encodeAnnounceRequest,
  encodeConnectReply,
  encodeConnectRequest,
  encodeErrorReply,
  encodeScrapeReply,
  encodeScrapeRequest,
  parseUdpReply,
  parseUdpRequest,
  TrackerError,
  UdpTrackerClient,
} from '../../../../packages/tracker/src/index.ts';
import type { AnnounceRequest, UdpRequest } from '../../../../packages/tracker/src/index.ts';
import { Tracking } from '../../../../packages/tracker/src/server/tracking.ts';
import { UdpResponder } from '../../../../packages/tracker/src/server/udp/udp-responder.ts';
import { Choices } from '../engine/choices.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { ManualClock } from '../manual-clock.ts';
import { vectorsOf } from '../vectors.ts';

const seeds = (): Iterable<Uint8Array> =>
  vectorsOf('packages/tracker/test/fixtures/tracker/udp.json', 'hex');
const common = { area: 'tracker', seeds, maxLength: 2_048 } as const;

const TRACKER: Endpoint = { address: '192.0.2.1', port: 6969 };
const PEER: Endpoint = { address: '198.51.100.7', port: 4000 };
const PEER6: Endpoint = { address: '2001:db8::7', port: 4000 };

/** Writes a request as it was read: what a request needs, without options. */
function writeRequest(request: UdpRequest): Uint8Array {
  switch (request.kind) {
    case 'connect':
      return encodeConnectRequest(request.transactionId);
    case 'announce':
      return encodeAnnounceRequest(request, request.urlData);
    case 'scrape':
      return encodeScrapeRequest(request.connectionId, request.transactionId, request.infoHashes);
  }
}

function announceOf(choices: Choices): AnnounceRequest {
  return {
    infoHash: choices.exactly(20),
    peerId: choices.exactly(20),
    port: 1 + choices.below(65_535),
    uploaded: 0,
    downloaded: 0,
    left: choices.byte(),
    event: choices.pick([undefined, 'started', 'stopped', 'completed']),
  };
}

/** A datagram: as it stands in the input, or a reply that is right but for one thing. */
function replyOf(choices: Choices, sent: readonly Uint8Array[]): Uint8Array {
  const last = Buffer.from(sent.at(-1) ?? new Uint8Array(16));
  const transaction = choices.oneIn(4) ? choices.uint32() : last.readUInt32BE(12);
  switch (choices.below(6)) {
    case 0:
      return choices.blob(60);
    case 1:
      return encodeConnectReply(transaction, choices.uint64());
    case 2:
      return encodeAnnounceReply(
        transaction,
        { interval: choices.number32(), leechers: choices.number32(), seeders: choices.number32() },
        choices.blob(40),
      );
    case 3:
      return encodeErrorReply(transaction, choices.blob(30));
    case 4:
      return encodeScrapeReply(transaction, [
        {
          seeders: choices.number32(),
          completed: choices.number32(),
          leechers: choices.number32(),
        },
      ]);
    default:
      return encodeConnectReply(transaction, choices.uint64()).subarray(0, choices.below(17));
  }
}

export const trackerUdpTargets: readonly Target[] = [
  {
    ...common,
    name: 'tracker-udp-reply',
    property: 'any datagram: a reply that written again is its beginning, or none',
    run(input) {
      let kinds = '';
      for (const family of [4, 6] as const) {
        const reply = parseUdpReply(input, family);
        kinds += reply?.kind ?? '-';
        if (reply === undefined) continue;
        const { transactionId } = reply;
        let again: Uint8Array;
        if (reply.kind === 'connect') again = encodeConnectReply(transactionId, reply.connectionId);
        else if (reply.kind === 'announce') {
          must(reply.peers.length % (family === 4 ? 6 : 18) === 0, 'half a peer');
          again = encodeAnnounceReply(transactionId, reply, reply.peers);
        } else if (reply.kind === 'scrape') again = encodeScrapeReply(transactionId, reply.files);
        else again = encodeErrorReply(transactionId, reply.message);
        must(Buffer.compare(again, input.subarray(0, again.length)) === 0, 'another reply');
        must(input.length - again.length < 18 || reply.kind === 'connect', 'bytes are lost');
      }
      return kinds;
    },
  },
  {
    ...common,
    name: 'tracker-udp-request',
    property: 'any datagram: a request that written again reads the same, or none',
    run(input) {
      const request = parseUdpRequest(input);
      if (request === undefined) return 'none';
      const again = parseUdpRequest(writeRequest(request));
      // Options that were cut off, or cut in another way, are written whole; counts have 63 bits for those who read them signed.
      const comparable = (value: UdpRequest | undefined): unknown => {
        if (value?.kind !== 'announce') return value;
        const { uploaded, downloaded, left, optionsCut: _, ...others } = value;
        const largest = 2n ** 63n - 1n;
        const counts = [uploaded, downloaded, left].map((count) =>
          BigInt(count) < largest ? BigInt(count) : largest,
        );
        return { ...others, counts };
      };
      must(isDeepStrictEqual(comparable(again), comparable(request)), 'another request');
      return request.kind;
    },
  },
  {
    name: 'tracker-udp-spoofed',
    area: 'tracker',
    property:
      'datagrams of others, of other transactions or cut short never answer a client; it ends within its time',
    async run(input) {
      const choices = new Choices(input);
      const clock = new ManualClock();
      const sent: Uint8Array[] = [];
      const client = new UdpTrackerClient({
        clock,
        random: seededRandom(1),
        send: (datagram) => sent.push(datagram.slice()),
        families: [4],
        resolve: () => Promise.resolve([TRACKER.address]),
        timeout: 60_000,
      });
      let outcome = 'open';
      const call = client.announce('udp://192.0.2.1:6969/a?b', announceOf(choices)).then(
        ({ interval, peers }) => {
          must(interval >= 60 && interval <= 21_600, 'an interval');
          must(
            peers.every(({ port }) => port > 0),
            'a port',
          );
          outcome = 'answer';
        },
        (error: unknown) => {
          if (!(error instanceof TrackerError)) throw error;
          outcome = error.code;
        },
      );
      let honest = 0;
      for (let left = 8; left > 0 && !choices.isSpent; left--) {
        await Promise.resolve();
        await Promise.resolve();
        const isOther = choices.oneIn(4);
        const from = isOther ? choices.pick([PEER, { ...TRACKER, port: 1 }]) : TRACKER;
        client.onDatagram(replyOf(choices, sent), from);
        if (!isOther) honest++;
        if (choices.oneIn(3)) clock.pass(choices.below(20_000));
      }
      await Promise.resolve();
      if (honest === 0)
        must(
          outcome === 'open' || outcome === 'ERR_TRACKER_TIMEOUT',
          () => `answered by nobody: ${outcome}`,
        );
      for (let turn = 0; turn < 4; turn++) {
        clock.pass(20_000);
        await Promise.resolve();
      }
      await client.close();
      await call;
      return outcome;
    },
  },
  {
    name: 'tracker-udp-server',
    area: 'tracker',
    property:
      'any datagrams: who has not shown a connection id gets no more bytes than it sent; every answer is one',
    seeds,
    maxLength: 2_048,
    run(input) {
      const choices = new Choices(input);
      const clock = new ManualClock();
      const sent: { packet: Uint8Array; to: Endpoint }[] = [];
      const errors: unknown[] = [];
      const responder = new UdpResponder({
        tracking: new Tracking({
          clock,
          random: seededRandom(1),
          onError: (error) => errors.push(error),
          honourIp: choices.bool(),
        }),
        send: (packet, to) => sent.push({ packet: packet.slice(), to }),
        rate: 1_000,
        burst: 1_000,
      });
      const ids = new Map<string, bigint>();
      let kinds = '';
      for (let left = 12; left > 0 && !choices.isSpent; left--) {
        const from = choices.pick([PEER, PEER6, { ...PEER, port: 0 }]);
        const known = ids.get(from.address);
        const id = known === undefined || choices.oneIn(5) ? choices.uint64() : known;
        let packet: Uint8Array;
        switch (choices.below(5)) {
          case 0:
            packet = choices.blob(200);
            break;
          case 1:
            packet = encodeConnectRequest(choices.uint32());
            break;
          case 2:
          case 3:
            packet = encodeAnnounceRequest({
              connectionId: id,
              transactionId: choices.uint32(),
              infoHash: new Uint8Array(20).fill(choices.below(2)),
              peerId: choices.exactly(20),
              downloaded: choices.uint64(),
              left: choices.number32(),
              uploaded: choices.uint64(),
              event: choices.pick([undefined, 'started', 'stopped', 'completed']),
              ip: choices.oneIn(3) ? '203.0.113.5' : undefined,
              key: choices.uint32(),
              numWant: choices.number32() | 0,
              port: choices.below(65_536),
            });
            break;
          default: {
            const hashes = Array.from({ length: 1 + choices.below(80) }, () => new Uint8Array(20));
            packet = encodeScrapeRequest(id, choices.uint32(), hashes);
          }
        }
        if (choices.oneIn(6)) packet = packet.slice(0, choices.below(packet.length + 1));
        responder.onDatagram(packet, from);
        const [answer, ...others] = sent.splice(0);
        must(others.length === 0, 'more than one answer');
        if (answer === undefined) continue;
        must(answer.to === from && from.port !== 0, 'an answer to somebody else');
        const family = from.address.includes(':') ? 6 : 4;
        const reply = parseUdpReply(answer.packet, family);
        must(reply !== undefined, 'an answer that is none');
        must(reply.transactionId === Buffer.from(packet).readUInt32BE(12), 'another transaction');
        const isProven = known !== undefined && Buffer.from(packet).readBigUInt64BE(0) === known;
        if (!isProven) must(answer.packet.length <= packet.length, 'amplification');
        if (!isProven) must(reply.kind === 'connect', 'an answer without a connection id');
        must(answer.packet.length <= 1_232, 'an answer is too long');
        if (reply.kind === 'connect') ids.set(from.address, reply.connectionId);
        kinds += reply.kind.charAt(0);
        if (choices.oneIn(4)) clock.pass(choices.number32() % 200_000);
      }
      must(errors.length === 0, () => `an error inside: ${String(errors[0])}`);
      return [...new Set(kinds)].sort().join('');
    },
  },
];
