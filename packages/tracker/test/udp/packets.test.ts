import { readFileSync } from 'node:fs';
import { decodeCompact, encodeCompact } from '@shoal/net';
import fc from 'fast-check';
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
  UDP_SCRAPE_BATCH,
} from '../../src/udp/packets.ts';
import type { UdpAnnounceFields } from '../../src/udp/packets.ts';
import { fromHex, toHex } from '../support/hex.ts';

type Fields = Record<string, unknown>;
interface Vector {
  id: string;
  type: string;
  hex: string;
  fields: Fields;
}
const file = JSON.parse(
  readFileSync(new URL('../fixtures/tracker/udp.json', import.meta.url), 'utf8'),
) as {
  vectors: Vector[];
  odd_but_valid: Vector[];
  malformed: { id: string; type: string; hex: string; reason: string }[];
  live_libtorrent: {
    announce_requests_seen: { mode: string; hex: string; event: number; left: string }[];
  };
};

/** What a packet says, named as in the vectors. */
function fieldsOf(vector: Vector): Fields | undefined {
  const packet = fromHex(vector.hex);
  return vector.type.endsWith('_request') ? requestFields(packet) : replyFields(packet, vector);
}

function requestFields(packet: Uint8Array): Fields | undefined {
  const request = parseUdpRequest(packet);
  if (request === undefined) return undefined;
  const transaction_id = request.transactionId;
  if (request.kind === 'connect') return { transaction_id };
  const connection_id = request.connectionId.toString();
  if (request.kind === 'scrape') {
    return { connection_id, transaction_id, info_hashes: request.infoHashes.map(toHex) };
  }
  const { urlData, optionsCut } = request;
  return {
    connection_id,
    transaction_id,
    info_hash: toHex(request.infoHash),
    peer_id: toHex(request.peerId),
    downloaded: request.downloaded.toString(),
    left: request.left.toString(),
    uploaded: request.uploaded.toString(),
    event: request.event ?? 'none',
    ip: request.ip ?? '0.0.0.0',
    key: request.key,
    num_want: request.numWant ?? -1,
    port: request.port,
    ...(packet.length === 98 ? {} : { url_data: optionsCut ? 'malformed' : (urlData ?? null) }),
  };
}

function replyFields(packet: Uint8Array, { fields }: Vector): Fields | undefined {
  const family = fields['family'] === 6 ? 6 : 4;
  const reply = parseUdpReply(packet, family);
  if (reply === undefined) return undefined;
  const transaction_id = reply.transactionId;
  switch (reply.kind) {
    case 'connect':
      return { transaction_id, connection_id: reply.connectionId.toString() };
    case 'announce': {
      const { interval, leechers, seeders } = reply;
      const peers = decodeCompact(reply.peers, family);
      return {
        family,
        transaction_id,
        interval,
        leechers,
        seeders,
        peers: peers.map(({ address, port }) => ({ ip: address, port })),
      };
    }
    case 'scrape':
      return { transaction_id, files: reply.files };
    case 'error':
      return { transaction_id, message: new TextDecoder().decode(reply.message) };
  }
}

/** The packet written anew from what was read. */
function encodeAgain(vector: Vector): Uint8Array | undefined {
  const packet = fromHex(vector.hex);
  if (vector.type.endsWith('_request')) {
    const request = parseUdpRequest(packet);
    if (request?.kind === 'connect') return encodeConnectRequest(request.transactionId);
    if (request?.kind === 'announce') return encodeAnnounceRequest(request, request.urlData);
    return request === undefined
      ? undefined
      : encodeScrapeRequest(request.connectionId, request.transactionId, request.infoHashes);
  }
  const family = vector.fields['family'] === 6 ? 6 : 4;
  const reply = parseUdpReply(packet, family);
  switch (reply?.kind) {
    case 'connect':
      return encodeConnectReply(reply.transactionId, reply.connectionId);
    case 'announce': {
      const peers = encodeCompact(decodeCompact(reply.peers, family), family);
      return encodeAnnounceReply(reply.transactionId, reply, peers);
    }
    case 'scrape':
      return encodeScrapeReply(reply.transactionId, reply.files);
    case 'error':
      return encodeErrorReply(reply.transactionId, reply.message);
    case undefined:
      return undefined;
  }
}

/** Those whose options are spelt in a way of their own. */
const OTHER_SPELLING = /^bep41-.*(?:nops|nop-first|unknown|after-end|truncated|missing)/;

describe('packet vectors', () => {
  it.each([...file.vectors, ...file.odd_but_valid])('reads $id', (vector) => {
    expect(fieldsOf(vector)).toEqual(vector.fields);
  });

  it.each(file.vectors.filter(({ id }) => !OTHER_SPELLING.test(id)))('writes $id', (vector) => {
    expect(toHex(encodeAgain(vector) ?? new Uint8Array())).toBe(vector.hex);
  });

  it.each(file.malformed)('ignores $id: $reason', ({ type, hex }) => {
    const packet = fromHex(hex);
    if (type !== 'any' && type.endsWith('_request')) {
      expect(parseUdpRequest(packet)).toBeUndefined();
    } else {
      for (const family of [4, 6] as const) {
        expect(parseUdpReply(packet, family)).toBeUndefined();
      }
      if (type === 'any') expect(parseUdpRequest(packet)).toBeUndefined();
    }
  });

  it.each(file.live_libtorrent.announce_requests_seen)(
    'reads what libtorrent sent ($mode)',
    ({ hex, left }) => {
      const request = parseUdpRequest(fromHex(hex));
      expect(request).toMatchObject({
        kind: 'announce',
        connectionId: 0x1122_3344_5566_7788n,
        event: 'started',
        numWant: 200,
        left: Number(left),
      });
    },
  );
});

const uint32 = fc.nat(0xffff_ffff);
const uint64 = fc.bigInt(0n, 0xffff_ffff_ffff_ffffn);
const count = fc.oneof(
  fc.nat(Number.MAX_SAFE_INTEGER),
  fc.bigInt(BigInt(Number.MAX_SAFE_INTEGER) + 1n, 0x7fff_ffff_ffff_ffffn),
);
const hash = fc.uint8Array({ minLength: 20, maxLength: 20 });
const urlData = fc
  .array(fc.nat(255), { maxLength: 700 })
  .map((bytes) => String.fromCharCode(...bytes));
const announce = fc.record<UdpAnnounceFields>({
  connectionId: uint64,
  transactionId: uint32,
  infoHash: hash,
  peerId: hash,
  downloaded: count,
  left: count,
  uploaded: count,
  event: fc.constantFrom(undefined, 'started', 'stopped', 'completed'),
  ip: fc.option(
    fc.ipV4().filter((address) => address !== '0.0.0.0'),
    { nil: undefined },
  ),
  key: uint32,
  numWant: fc.option(fc.nat(0x7fff_ffff), { nil: undefined }),
  port: fc.nat(65535),
});

describe('requests', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(announce, fc.option(urlData, { nil: undefined }), (fields, data) => {
        expect(parseUdpRequest(encodeAnnounceRequest(fields, data))).toEqual({
          ...fields,
          kind: 'announce',
          urlData: data,
          optionsCut: false,
        });
      }),
    );
    fc.assert(
      fc.property(uint32, (transactionId) => {
        expect(parseUdpRequest(encodeConnectRequest(transactionId))).toEqual({
          kind: 'connect',
          transactionId,
        });
      }),
    );
    const hashes = fc.array(hash, { minLength: 1, maxLength: UDP_SCRAPE_BATCH });
    fc.assert(
      fc.property(uint64, uint32, hashes, (connectionId, transactionId, infoHashes) => {
        expect(
          parseUdpRequest(encodeScrapeRequest(connectionId, transactionId, infoHashes)),
        ).toEqual({ kind: 'scrape', connectionId, transactionId, infoHashes });
      }),
    );
  });

  it('take no more swarms than a packet may have', () => {
    const many = Array.from({ length: UDP_SCRAPE_BATCH + 5 }, () => new Uint8Array(20));
    const request = parseUdpRequest(encodeScrapeRequest(1n, 2, many));
    expect(request).toMatchObject({ infoHashes: many.slice(0, UDP_SCRAPE_BATCH) });
  });

  it('cut counts that no field can hold', () => {
    const fields = { connectionId: 1n, transactionId: 2, key: 3, port: 4 };
    const hashes = { infoHash: new Uint8Array(20), peerId: new Uint8Array(20) };
    const counts = { uploaded: 2n ** 70n, downloaded: Infinity, left: 2 ** 60 };
    expect(
      parseUdpRequest(encodeAnnounceRequest({ ...fields, ...hashes, ...counts })),
    ).toMatchObject({ uploaded: 2n ** 63n - 1n, downloaded: 2n ** 63n - 1n, left: 2n ** 60n });
  });

  it('are read from any bytes', () => {
    const header = fc.tuple(uint64, fc.nat(4), fc.uint8Array({ maxLength: 400 }));
    fc.assert(
      fc.property(header, ([id, action, rest]) => {
        const packet = new Uint8Array(12 + rest.length);
        new DataView(packet.buffer).setBigUint64(0, id);
        packet[11] = action;
        packet.set(rest, 12);
        const request = parseUdpRequest(packet);
        if (request?.kind === 'announce') {
          expect(request.infoHash).toHaveLength(20);
          expect(request.urlData?.length ?? 0).toBeLessThan(packet.length);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('replies', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(uint32, uint64, (transactionId, connectionId) => {
        expect(parseUdpReply(encodeConnectReply(transactionId, connectionId), 4)).toEqual({
          kind: 'connect',
          transactionId,
          connectionId,
        });
      }),
    );
    const figures = fc.record({ interval: uint32, leechers: uint32, seeders: uint32 });
    const family = fc.constantFrom<4 | 6>(4, 6);
    fc.assert(
      fc.property(uint32, figures, family, fc.nat(80), (transactionId, numbers, of, peers) => {
        const compact = new Uint8Array(peers * (of === 4 ? 6 : 18)).fill(7);
        const packet = encodeAnnounceReply(transactionId, numbers, compact);
        const whole = { kind: 'announce', transactionId, ...numbers, peers: compact };
        expect(parseUdpReply(packet, of)).toEqual(whole);
        expect(parseUdpReply(Uint8Array.of(...packet, 1, 2, 3, 4, 5), of)).toEqual(whole);
      }),
    );
    const swarm = fc.record({ seeders: uint32, completed: uint32, leechers: uint32 });
    fc.assert(
      fc.property(uint32, fc.array(swarm, { maxLength: 80 }), (transactionId, files) => {
        const packet = encodeScrapeReply(transactionId, files);
        const whole = { kind: 'scrape', transactionId, files };
        expect(parseUdpReply(packet, 4)).toEqual(whole);
        expect(parseUdpReply(Uint8Array.of(...packet, 1, 2, 3), 6)).toEqual(whole);
      }),
    );
    fc.assert(
      fc.property(uint32, fc.uint8Array({ maxLength: 300 }), (transactionId, message) => {
        const packet = encodeErrorReply(transactionId, message);
        expect(parseUdpReply(packet, 6)).toEqual({ kind: 'error', transactionId, message });
      }),
    );
  });

  it('are read from any bytes', () => {
    fc.assert(
      fc.property(fc.nat(4), fc.uint8Array({ maxLength: 400 }), (action, rest) => {
        const packet = Uint8Array.of(0, 0, 0, action, ...rest);
        for (const family of [4, 6] as const) {
          const reply = parseUdpReply(packet, family);
          expect(reply === undefined || packet.length >= 8).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
