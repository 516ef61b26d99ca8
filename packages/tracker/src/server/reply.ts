import { Buffer } from 'node:buffer';
import { encode } from '@shoal/bencode';
import type { BencodeInput } from '@shoal/bencode';
import { addressFromBytes } from '@shoal/net';
import type { SwarmAnswer, SwarmFigures } from './store/swarm-store.ts';

/** What an announce answer says besides the swarm. */
export interface ReplyTerms {
  /** Seconds. */
  readonly interval: number;
  /** Seconds. */
  readonly minInterval: number;
  /** The asking peer's endpoint in compact form; its address is told (BEP 24). */
  readonly endpoint: Uint8Array;
}

/** Answers go out as byte strings: Node then writes head and body in one piece, which for small answers is what counts. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** A refusal (BEP 3) as a byte string; `reason` is ASCII. */
export function failureReply(reason: string): string {
  return `d14:failure reason${reason.length}:${reason}e`;
}

/**
 * An announce answer with compact peer lists (BEP 23, BEP 7), as a byte string. It is written out by hand, keys in order,
 * because this is the one thing a busy tracker does all day.
 */
export function compactReply(answer: SwarmAnswer, terms: ReplyTerms): string {
  const { endpoint } = terms;
  const address = endpoint.length === 6 ? 4 : 16;
  const { peers, peers6 } = answer;
  const external = latin1(endpoint.subarray(0, address));
  let reply =
    `d8:completei${answer.complete}e10:downloadedi${answer.downloaded}e11:external ip${address}:${external}` +
    `10:incompletei${answer.incomplete}e8:intervali${terms.interval}e12:min intervali${terms.minInterval}e` +
    `5:peers${peers.length}:${latin1(peers)}`;
  if (peers6.length > 0) reply += `6:peers6${peers6.length}:${latin1(peers6)}`;
  return `${reply}e`;
}

function dictionariesOf(
  endpoints: Uint8Array,
  width: 6 | 18,
  ids: Uint8Array | undefined,
): BencodeInput[] {
  const list: BencodeInput[] = [];
  for (let at = 0, index = 0; at < endpoints.length; at += width, index += 1) {
    const port = (endpoints[at + width - 2] ?? 0) * 256 + (endpoints[at + width - 1] ?? 0);
    list.push({
      ip: addressFromBytes(endpoints.subarray(at, at + width - 2)),
      port,
      'peer id': ids?.subarray(index * 20, index * 20 + 20),
    });
  }
  return list;
}

/** An announce answer with peers as dictionaries (BEP 3), as a byte string. */
export function dictionaryReply(answer: SwarmAnswer, terms: ReplyTerms): string {
  const { peers, peers6, ids } = answer;
  const ipv4Count = peers.length / 6;
  return latin1(
    encode({
      complete: answer.complete,
      downloaded: answer.downloaded,
      'external ip': terms.endpoint.subarray(0, terms.endpoint.length - 2),
      incomplete: answer.incomplete,
      interval: terms.interval,
      'min interval': terms.minInterval,
      peers: [
        ...dictionariesOf(peers, 6, ids),
        ...dictionariesOf(peers6, 18, ids?.subarray(ipv4Count * 20)),
      ],
    }),
  );
}

/** A scrape answer (BEP 48) as a byte string; swarms that are not known are left out. */
export function scrapeReply(
  infoHashes: readonly string[],
  figures: readonly (SwarmFigures | undefined)[],
): string {
  const files = new Map<string, BencodeInput>();
  for (const [index, infoHash] of infoHashes.entries()) {
    const swarm = figures[index];
    if (swarm === undefined) continue;
    const { complete, downloaded, incomplete } = swarm;
    files.set(infoHash, { complete, downloaded, incomplete });
  }
  return latin1(encode({ files }));
}
