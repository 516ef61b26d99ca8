import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { decodeCompact, formatEndpoint, seededRandom } from '@shoal/net';
import type { Endpoint } from '@shoal/net';
import {
  encodeAnnounceRequest,
  encodeConnectRequest,
  encodeScrapeRequest,
  parseUdpReply,
  parseUdpRequest,
  UDP_SCRAPE_BATCH,
} from '../../src/index.ts';
import type {
  SwarmStore,
  TrackerServerOptions,
  UdpAnnounceFields,
  UdpReply,
} from '../../src/index.ts';
import { Tracking } from '../../src/server/tracking.ts';
import { TOKEN_PERIOD } from '../../src/server/udp/connection-tokens.ts';
import { UdpResponder } from '../../src/server/udp/udp-responder.ts';
import { fromHex, text, toHex } from '../support/hex.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';

const vectors = JSON.parse(
  readFileSync(new URL('../fixtures/tracker/udp.json', import.meta.url), 'utf8'),
) as {
  vectors: { id: string; type: string; hex: string }[];
  malformed: { id: string; type: string; hex: string; reason: string }[];
  live_libtorrent: { announce_requests_seen: { hex: string }[] };
};

const HASH = new Uint8Array(20).fill(0xaa);
const OWN: Endpoint = { address: '10.0.0.1', port: 5000 };
const OWN6: Endpoint = { address: '2001:db8::1', port: 5000 };

/** A responder whose answers are kept. */
class Rig {
  readonly clock = new ManualClock();
  readonly sent: { packet: Uint8Array; to: Endpoint }[] = [];
  readonly responder: UdpResponder;

  constructor(options: TrackerServerOptions = {}, limits = { rate: 1000, burst: 100_000 }) {
    const random = seededRandom(1);
    this.responder = new UdpResponder({
      tracking: new Tracking({ clock: this.clock, random, ...options }),
      send: (datagram, to) => this.sent.push({ packet: datagram.slice(), to }),
      ...limits,
    });
  }

  /** The only answer to a packet; undefined when there is none. */
  ask(packet: Uint8Array, from: Endpoint = OWN): Uint8Array | undefined {
    this.responder.onDatagram(packet, from);
    const [answer, ...others] = this.sent.splice(0);
    expect(others).toEqual([]);
    if (answer !== undefined) expect(answer.to).toBe(from);
    return answer?.packet;
  }

  reply(packet: Uint8Array, from: Endpoint = OWN): UdpReply | undefined {
    const answer = this.ask(packet, from);
    return answer && parseUdpReply(answer, from.address.includes(':') ? 6 : 4);
  }

  connect(from: Endpoint = OWN): bigint {
    const reply = this.reply(encodeConnectRequest(7), from);
    if (reply?.kind !== 'connect') throw new Error('no connection id');
    expect(reply.transactionId).toBe(7);
    return reply.connectionId;
  }

  announce(changes: Partial<UdpAnnounceFields>, from: Endpoint = OWN): UdpReply | undefined {
    return this.reply(encodeAnnounceRequest(announceFields(this.connect(from), changes)), from);
  }
}

function announceFields(
  connectionId: bigint,
  changes: Partial<UdpAnnounceFields> = {},
): UdpAnnounceFields {
  return {
    connectionId,
    transactionId: 0xfedcba98,
    infoHash: HASH,
    peerId: text('-SH0100-0123456789ab'),
    downloaded: 0,
    left: 1000,
    uploaded: 0,
    key: 1,
    port: 6881,
    ...changes,
  };
}

function peersOf(reply: UdpReply | undefined, family: 4 | 6 = 4): string[] {
  if (reply?.kind !== 'announce') throw new Error(`no announce reply, but ${String(reply?.kind)}`);
  return decodeCompact(reply.peers, family).map(formatEndpoint).sort();
}

function wordsOf(reply: UdpReply | undefined): string {
  return reply?.kind === 'error' ? Buffer.from(reply.message).toString() : '';
}

describe('UdpResponder', () => {
  it('introduces peers of one family to each other, without themselves', () => {
    const rig = new Rig({ interval: 1000 });
    const first = rig.announce({ port: 1, event: 'started' });
    expect(first).toMatchObject({ transactionId: 0xfedcba98, leechers: 1, seeders: 0 });
    expect(first?.kind === 'announce' && first.interval).toBeGreaterThan(899);
    expect(peersOf(first)).toEqual([]);
    const other = { address: '10.0.0.2', port: 40_000 };
    const second = rig.announce({ port: 2, left: 0 }, other);
    expect(second).toMatchObject({ leechers: 1, seeders: 1 });
    expect(peersOf(second)).toEqual(['10.0.0.1:1']);
    const sixth = rig.announce({ port: 6 }, OWN6);
    expect(sixth).toMatchObject({ leechers: 2, seeders: 1 });
    expect(peersOf(sixth, 6)).toEqual([]);
    expect(peersOf(rig.announce({ port: 7 }, { ...OWN6, port: 9 }), 6)).toEqual([
      '[2001:db8::1]:6',
    ]);
    expect(peersOf(rig.announce({ port: 1 }))).toEqual(['10.0.0.2:2']);
    expect(rig.announce({ port: 1, event: 'stopped' })).toMatchObject({ leechers: 2, seeders: 1 });
    expect(rig.responder.counts).toMatchObject({ connects: 6, announces: 6, failures: 0 });
  });

  it('counts what it scrapes in the order of the question', () => {
    const rig = new Rig();
    rig.announce({ port: 1, left: 0, event: 'completed' });
    rig.announce({ port: 2 });
    const unknown = new Uint8Array(20).fill(1);
    const id = rig.connect();
    expect(rig.reply(encodeScrapeRequest(id, 9, [unknown, HASH]))).toEqual({
      kind: 'scrape',
      transactionId: 9,
      files: [
        { seeders: 0, completed: 0, leechers: 0 },
        { seeders: 1, completed: 1, leechers: 1 },
      ],
    });
    const many = Array.from({ length: 200 }, () => HASH);
    const reply = rig.reply(encodeScrapeRequest(id, 9, many));
    expect(reply?.kind === 'scrape' && reply.files).toHaveLength(UDP_SCRAPE_BATCH);
  });

  it('understands every request of the vectors, and leaves the malformed unanswered', () => {
    const requests = [
      ...vectors.vectors.filter(({ type }) => type.endsWith('_request')).map(({ hex }) => hex),
      ...vectors.live_libtorrent.announce_requests_seen.map(({ hex }) => hex),
    ];
    expect(requests.length).toBeGreaterThan(10);
    for (const hex of requests) {
      const rig = new Rig();
      const packet = fromHex(hex);
      const request = parseUdpRequest(packet);
      if (request === undefined) throw new Error(hex);
      if (request.kind !== 'connect') Buffer.from(packet.buffer).writeBigUInt64BE(rig.connect());
      const reply = rig.reply(packet);
      const hasPort = request.kind !== 'announce' || request.port !== 0;
      expect(reply?.kind).toBe(hasPort ? request.kind : 'error');
      expect(reply?.transactionId).toBe(request.transactionId);
    }
    const malformed = vectors.malformed.filter(({ type }) => type.endsWith('_request'));
    expect(malformed.length).toBeGreaterThan(0);
    for (const { hex } of malformed) expect(new Rig().ask(fromHex(hex))).toBeUndefined();
  });

  it('stores just what an announce says', () => {
    const seen: unknown[] = [];
    const store: SwarmStore = {
      announce: ({ endpoint, ...announce }) => {
        seen.push({ ...announce, endpoint: toHex(endpoint) });
        return { refused: 'enough' };
      },
      scrape: () => [],
      expire: () => undefined,
      figures: () => ({ swarms: 0, seeds: 0, leechers: 0 }),
    };
    const rig = new Rig({ store });
    const infoHash = fromHex('00ff'.repeat(10));
    const all = { infoHash, port: 0x1234, event: 'completed', left: 0, numWant: 3 } as const;
    expect(wordsOf(rig.announce(all))).toBe('enough');
    rig.announce({ numWant: 100_000, left: 2n ** 40n, ip: '192.0.2.9' }, OWN6);
    expect(seen).toEqual([
      {
        infoHash: '\0\xff'.repeat(10),
        peerId: '-SH0100-0123456789ab',
        endpoint: '0a0000011234',
        seed: true,
        event: 'completed',
        wanted: 3,
        withIds: false,
        family: 4,
        now: 1_000_000,
      },
      expect.objectContaining({
        seed: false,
        event: undefined,
        // As many as fit.
        wanted: 67,
        family: 6,
        endpoint: `20010db8${'00'.repeat(11)}011ae1`,
      }),
    ]);
    expect(rig.responder.counts.failures).toBe(2);
  });

  it('answers nobody who has not shown the connection id of his own address', async () => {
    const rig = new Rig();
    const id = rig.connect();
    const elsewhere = { address: '10.0.0.2', port: 5000 };
    const announce = encodeAnnounceRequest(announceFields(id));
    const scrape = encodeScrapeRequest(id, 1, [HASH]);
    expect(rig.ask(announce, elsewhere)).toBeUndefined();
    expect(rig.ask(scrape, elsewhere)).toBeUndefined();
    expect(rig.ask(encodeAnnounceRequest(announceFields(0n)))).toBeUndefined();
    expect(rig.ask(encodeAnnounceRequest(announceFields(0x41727101980n)))).toBeUndefined();
    // A refusal goes to valid ids only, too.
    expect(rig.ask(encodeAnnounceRequest(announceFields(0n, { port: 0 })))).toBeUndefined();
    expect(rig.responder.counts).toMatchObject({ unknownConnections: 5, announces: 0 });
    // Another port of the address is fine: a NAT may have given it a new one.
    expect(rig.reply(announce, { ...OWN, port: 9 })?.kind).toBe('announce');
    await rig.clock.advance(TOKEN_PERIOD - 1);
    expect(rig.reply(announce)?.kind).toBe('announce');
    await rig.clock.advance(TOKEN_PERIOD + 1);
    expect(rig.ask(announce)).toBeUndefined();
  });

  it('never answers with more than it was sent unless the id is known, whatever comes', () => {
    const rig = new Rig({}, { rate: 1e6, burst: 1e6 });
    for (let port = 1; port < 300; port += 1) rig.announce({ port, left: port % 2 });
    const id = rig.connect();
    const request = encodeAnnounceRequest(announceFields(id, { numWant: 1000 }), '/a'.repeat(300));
    const packet = fc.oneof(
      fc.uint8Array({ maxLength: 1500 }),
      // Requests with some bytes changed, cut or prolonged.
      fc
        .tuple(
          fc.constantFrom(request, encodeScrapeRequest(id, 1, [HASH]), encodeConnectRequest(5)),
          fc.array(fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 255 })), { maxLength: 4 }),
          fc.nat({ max: 800 }),
        )
        .map(([base, changes, length]) => {
          const bytes = new Uint8Array(Math.max(length, 1));
          bytes.set(base.subarray(0, bytes.length));
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          return bytes;
        }),
    );
    fc.assert(
      fc.property(
        packet,
        fc.constantFrom(OWN, OWN6, { address: '10.9.9.9', port: 0 }),
        (bytes, from) => {
          const answer = rig.ask(bytes, from);
          if (answer === undefined) return;
          const knows =
            from === OWN && Buffer.from(bytes).readBigUInt64BE() === id && bytes.length >= 36;
          if (knows) expect(answer.length).toBeLessThanOrEqual(1232);
          else expect(answer.length).toBe(16);
          expect(toHex(answer.subarray(4, 8))).toBe(toHex(bytes.subarray(12, 16)));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('fits its answers into one packet', () => {
    const rig = new Rig({ maxNumwant: 100_000 });
    for (let port = 1; port < 400; port += 1) {
      rig.announce({ port }, OWN);
      rig.announce({ port }, OWN6);
    }
    for (const [from, family, most] of [
      [OWN, 4, 202],
      [OWN6, 6, 67],
    ] as const) {
      const answer = rig.ask(
        encodeAnnounceRequest(announceFields(rig.connect(from), { numWant: 0x7fffffff })),
        from,
      );
      expect(answer?.length).toBeLessThanOrEqual(1232);
      expect(new Set(peersOf(answer && parseUdpReply(answer, family), family)).size).toBe(most);
    }
  });

  it('takes no more of an address than its share', async () => {
    const rig = new Rig({}, { rate: 10, burst: 20 });
    const packet = encodeAnnounceRequest(announceFields(rig.connect()));
    const answered = (from: Endpoint, bytes: Uint8Array): number =>
      Array.from({ length: 1000 }, () => rig.ask(bytes, from)).filter((answer) => answer).length;
    expect(answered(OWN, packet)).toBe(20);
    expect(rig.responder.counts.limited).toBe(980);
    // What somebody forges in another's name costs connect requests only.
    const victim = { address: '10.0.0.3', port: 1 };
    const own = encodeAnnounceRequest(announceFields(rig.connect(victim)));
    expect(answered(victim, encodeConnectRequest(1))).toBeLessThan(1000);
    expect(answered(victim, own)).toBe(20);
    await rig.clock.advance(1000);
    expect(answered(OWN, packet)).toBe(10);
  });

  it('believes the ip field only where it is told to', () => {
    const other = { address: '10.0.0.2', port: 1 };
    for (const [honourIp, expected] of [
      [false, '10.0.0.1:6881'],
      [true, '192.0.2.9:6881'],
    ] as const) {
      const rig = new Rig({ honourIp });
      rig.announce({ ip: '192.0.2.9' });
      expect(peersOf(rig.announce({ port: 2 }, other))).toEqual([expected]);
    }
  });

  it('waits for a store or a decision that comes later', async () => {
    const later = new Rig({ allow: (hash) => Promise.resolve(hash[0] === 0xaa) });
    expect(later.announce({ port: 5 })).toBeUndefined();
    // The next packet comes before the answer, and must not get into it.
    expect(later.announce({ infoHash: new Uint8Array(20) }, OWN6)).toBeUndefined();
    await settle();
    const kinds = later.sent.splice(0).map(({ packet, to }) => `${packet[3] ?? 0} ${to.address}`);
    expect(kinds.sort()).toEqual(['1 10.0.0.1', '3 2001:db8::1']);
    later.announce({ port: 6 });
    await settle();
    const [answer] = later.sent;
    expect(peersOf(answer && parseUdpReply(answer.packet, 4))).toEqual(['10.0.0.1:5']);
  });

  it('keeps apart the addresses of those who wait for a decision', async () => {
    const rig = new Rig({ allow: () => Promise.resolve(true) });
    rig.announce({ port: 5 }, { address: '10.0.0.5', port: 1 });
    rig.announce({ port: 6 }, { address: '10.0.0.6', port: 1 });
    await settle();
    rig.sent.length = 0;
    rig.announce({ port: 7 }, { address: '10.0.0.7', port: 1 });
    await settle();
    const [answer] = rig.sent;
    const known = peersOf(answer && parseUdpReply(answer.packet, 4));
    expect([...known].sort()).toEqual(['10.0.0.5:5', '10.0.0.6:6']);
  });

  it('says that it is out of order, and lives on', async () => {
    const errors: unknown[] = [];
    const broken = new Error('broken');
    const rig = new Rig({
      onError: (error) => errors.push(error),
      store: {
        announce: () => {
          throw broken;
        },
        scrape: () => Promise.reject(broken),
        expire: () => undefined,
        figures: () => ({ swarms: 0, seeds: 0, leechers: 0 }),
      },
    });
    expect(wordsOf(rig.announce({}))).toBe('The tracker is out of order');
    rig.ask(encodeScrapeRequest(rig.connect(), 3, [HASH]));
    await settle();
    expect(rig.sent.map(({ packet }) => parseUdpReply(packet, 4)?.kind)).toEqual(['error']);
    expect(errors).toEqual([broken, broken]);
  });

  it('names a port of 0 as what it is', () => {
    expect(wordsOf(new Rig().announce({ port: 0 }))).toMatch(/port/);
  });
});
