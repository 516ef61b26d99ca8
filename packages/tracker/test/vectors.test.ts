import { readFileSync } from 'node:fs';
import {
  announceUrl,
  escapeBytes,
  MAX_INTERVAL,
  MIN_INTERVAL,
  parseAnnounceResponse,
  parseScrapeResponse,
  scrapeUrl,
  TrackerError,
  TrackerFailure,
} from '../src/index.ts';
import type { AnnounceResponse } from '../src/index.ts';
import { scrapeRequestUrl } from '../src/url.ts';
import { byteString, decodeComponent } from '../src/server/query.ts';
import { fromHex, toHex } from './support/hex.ts';
import { announceRequest } from './support/request.ts';

interface EncodingVectors {
  vectors: {
    info_hash: string;
    encoded: string;
    scrape_query: string;
    libtorrent_sent: string | null;
    aria2_sent: string | null;
  }[];
  other_encodings: ({ info_hash: string } & Record<string, string>)[];
  scrape_urls: { announce: string; scrape: string | null }[];
}
interface Peer {
  ip: string;
  port: number;
  peer_id?: string;
}
interface ResponseVectors {
  vectors: {
    id: string;
    body_hex?: string;
    body_base64?: string;
    expect: {
      ok: boolean | 'either';
      peers?: Peer[];
      peer_count?: number;
      interval?: number | null;
      min_interval?: number;
      tracker_id_hex?: string;
      complete?: number;
      incomplete?: number;
      downloaded?: number;
      external_ip?: string | null;
      warning?: string;
      failure?: string;
      retry_in_minutes?: number;
      retry_never?: boolean;
    };
  }[];
  scrape: {
    id: string;
    body_hex: string;
    files?: Record<string, { complete: number; downloaded: number; incomplete: number }>;
    min_request_interval?: number;
  }[];
}

function load(name: string): unknown {
  return JSON.parse(
    readFileSync(new URL(`./fixtures/tracker/${name}.json`, import.meta.url), 'utf8'),
  );
}

const encoding = load('http-announce-encoding') as EncodingVectors;
const responses = load('http-responses') as ResponseVectors;

describe('announce encoding vectors', () => {
  it('is scraped also where its URL is the longest one only before it is escaped', () => {
    const url = `http://t.invalid/announce?key=${'\u00e9'.repeat(4_000)}`;
    expect(scrapeRequestUrl(url, [new Uint8Array(20)])).toContain('/scrape?key=%C3%A9');
  });

  it.each(encoding.vectors)('escapes $info_hash', (vector) => {
    const infoHash = fromHex(vector.info_hash);
    expect(escapeBytes(infoHash)).toBe(vector.encoded);
    const url = announceUrl('http://t.invalid/announce', announceRequest({ infoHash }));
    expect(url.split('?')[1]?.split('&')[0]).toBe(`info_hash=${vector.encoded}`);
    expect(scrapeRequestUrl('http://t.invalid/announce', [infoHash])).toBe(
      `http://t.invalid/scrape?${vector.scrape_query}`,
    );
  });

  it.each(encoding.vectors)('reads back every way to write $info_hash', (vector) => {
    for (const sent of [vector.encoded, vector.libtorrent_sent, vector.aria2_sent]) {
      if (sent === null) continue;
      expect(toHex(byteString(decodeComponent(sent, 0, sent.length) ?? ''))).toBe(vector.info_hash);
    }
  });

  it.each(encoding.other_encodings)('reads back other escapes of $info_hash', (vector) => {
    for (const [name, sent] of Object.entries(vector)) {
      if (name === 'info_hash') continue;
      expect(toHex(byteString(decodeComponent(sent, 0, sent.length) ?? ''))).toBe(vector.info_hash);
    }
  });

  it.each(encoding.scrape_urls)('derives the scrape URL of $announce', ({ announce, scrape }) => {
    expect(scrapeUrl(announce) ?? null).toBe(scrape);
  });
});

function peersOf(answer: AnnounceResponse): string[] {
  return [
    ...answer.peers.map(
      ({ address, port, peerId }) => `${address} ${port} ${toHex(peerId ?? new Uint8Array())}`,
    ),
    ...answer.namedPeers.map(
      ({ host, port, peerId }) => `${host} ${port} ${toHex(peerId ?? new Uint8Array())}`,
    ),
  ].sort();
}

describe('announce response vectors', () => {
  it.each(responses.vectors)('$id', ({ body_hex, body_base64, expect: wanted }) => {
    const body =
      body_hex === undefined
        ? Uint8Array.from(Buffer.from(body_base64 ?? '', 'base64'))
        : fromHex(body_hex);
    let answer: AnnounceResponse | undefined;
    let error: unknown;
    try {
      answer = parseAnnounceResponse(body);
    } catch (thrown) {
      error = thrown;
    }
    if (answer === undefined) expect(error).toBeInstanceOf(TrackerError);
    if (wanted.ok === 'either') return;
    expect(answer !== undefined).toBe(wanted.ok);

    if (wanted.failure !== undefined) {
      expect(error).toBeInstanceOf(TrackerFailure);
      expect((error as TrackerFailure).reason).toBe(wanted.failure);
    }
    if (!wanted.ok) {
      const retry = wanted.retry_never === true ? 'never' : wanted.retry_in_minutes;
      expect((error as TrackerError).retryIn).toBe(typeof retry === 'number' ? retry * 60 : retry);
      return;
    }
    if (answer === undefined) throw new Error('unreachable');
    if (wanted.peers !== undefined) {
      expect(peersOf(answer)).toEqual(
        wanted.peers.map(({ ip, port, peer_id }) => `${ip} ${port} ${peer_id ?? ''}`).sort(),
      );
    }
    if (wanted.peer_count !== undefined) expect(answer.peers).toHaveLength(wanted.peer_count);
    const clamped = Math.min(MAX_INTERVAL, Math.max(MIN_INTERVAL, wanted.interval ?? 1800));
    expect(answer.interval).toBe(clamped);
    expect(answer.minInterval).toBe(wanted.min_interval);
    expect(answer.complete).toBe(wanted.complete);
    expect(answer.incomplete).toBe(wanted.incomplete);
    expect(answer.downloaded).toBe(wanted.downloaded);
    expect(answer.warning).toBe(wanted.warning);
    expect(answer.externalIp).toBe(wanted.external_ip ?? undefined);
    expect(answer.trackerId && toHex(answer.trackerId)).toBe(wanted.tracker_id_hex);
  });
});

describe('scrape response vectors', () => {
  it.each(responses.scrape)('$id', ({ body_hex, files, min_request_interval }) => {
    const answer = parseScrapeResponse(fromHex(body_hex));
    if (files !== undefined) {
      expect(
        Object.fromEntries(
          [...answer.files].map(([hash, { complete, incomplete, downloaded }]) => [
            hash,
            { complete, incomplete, downloaded },
          ]),
        ),
      ).toEqual(files);
    }
    expect(answer.minRequestInterval).toBe(min_request_interval);
  });
});
