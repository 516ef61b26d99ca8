import { WireDecoder, WireError } from '../../../packages/peer-wire/src/index.ts';
import type {
  HashRequest,
  HashSink,
  WireDecoderOptions,
  WireSink,
} from '../../../packages/peer-wire/src/index.ts';
import { typed } from './typed.ts';

/** What a decoder has said, message by message. */
export type WireEvent = readonly [name: string, ...fields: readonly (number | string | boolean)[]];

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function hashFields({
  piecesRoot,
  baseLayer,
  index,
  length,
  proofLayers,
}: HashRequest): [string, ...number[]] {
  return [hexOf(piecesRoot), baseLayer, index, length, proofLayers];
}

/** Writes down all that a decoder calls, but for how payload was cut. */
export class WireLog implements WireSink, HashSink {
  readonly events: WireEvent[] = [];
  /** Bytes of payload said to have come of the present block. */
  progress = 0;
  #block: Uint8Array | undefined;
  readonly #drops: boolean;

  /** @param drops whether every third block is not to be stored. */
  constructor(drops = false) {
    this.#drops = drops;
  }

  onKeepAlive(): void {
    this.events.push(['keepAlive']);
  }

  onChoke(): void {
    this.events.push(['choke']);
  }

  onUnchoke(): void {
    this.events.push(['unchoke']);
  }

  onInterested(): void {
    this.events.push(['interested']);
  }

  onNotInterested(): void {
    this.events.push(['notInterested']);
  }

  onHave(piece: number): void {
    this.events.push(['have', piece]);
  }

  onBitfield(bits: Uint8Array): void {
    this.events.push(['bitfield', hexOf(bits)]);
  }

  onRequest(piece: number, begin: number, length: number): void {
    this.events.push(['request', piece, begin, length]);
  }

  onCancel(piece: number, begin: number, length: number): void {
    this.events.push(['cancel', piece, begin, length]);
  }

  onBlockStart(piece: number, _begin: number, length: number): Uint8Array | undefined {
    this.progress = 0;
    this.#block = this.#drops && piece % 3 === 0 ? undefined : new Uint8Array(length);
    return this.#block;
  }

  onBlockProgress(bytes: number): void {
    this.progress += bytes;
  }

  onBlockEnd(piece: number, begin: number, length: number, stored: boolean): void {
    const content = stored && this.#block !== undefined ? hexOf(this.#block) : '';
    this.events.push(['piece', piece, begin, length, stored, content, this.progress]);
  }

  onPort(port: number): void {
    this.events.push(['port', port]);
  }

  onSuggest(piece: number): void {
    this.events.push(['suggest', piece]);
  }

  onHaveAll(): void {
    this.events.push(['haveAll']);
  }

  onHaveNone(): void {
    this.events.push(['haveNone']);
  }

  onReject(piece: number, begin: number, length: number): void {
    this.events.push(['reject', piece, begin, length]);
  }

  onAllowedFast(piece: number): void {
    this.events.push(['allowedFast', piece]);
  }

  onExtended(id: number, payload: Uint8Array): void {
    this.events.push(['extended', id, hexOf(payload)]);
  }

  onUnknown(id: number, length: number): void {
    this.events.push(['unknown', id, length]);
  }

  onHashRequest(request: HashRequest): void {
    this.events.push(['hashRequest', ...hashFields(request)]);
  }

  onHashesStart(_request: HashRequest, length: number): Uint8Array | undefined {
    return new Uint8Array(length);
  }

  onHashesEnd(request: HashRequest, hashes: Uint8Array | undefined): void {
    this.events.push(['hashes', ...hashFields(request), hashes === undefined ? '' : hexOf(hashes)]);
  }

  onHashReject(request: HashRequest): void {
    this.events.push(['hashReject', ...hashFields(request)]);
  }
}

/** Decodes a stream that was cut into chunks; gives what was said, how it ended, and whether between two messages. */
export function decodeStream(
  chunks: Iterable<Uint8Array>,
  options: WireDecoderOptions & { readonly hashes?: boolean; readonly drops?: boolean } = {},
): { events: readonly WireEvent[]; code: string; isBetween: boolean } {
  const log = new WireLog(options.drops);
  const decoder = new WireDecoder(log, {
    ...options,
    ...(options.hashes === false ? {} : { hashSink: log }),
  });
  const result = typed(WireError, () => {
    for (const chunk of chunks) decoder.push(chunk);
  });
  return {
    events: log.events,
    code: 'code' in result ? result.code : '',
    isBetween: decoder.isBetweenMessages,
  };
}

/** Cuts bytes into chunks as the decisions say; each chunk is wiped once the next one is asked for, as a read buffer is. */
export function* chunksOf(bytes: Uint8Array, lengths: () => number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const length = Math.max(1, lengths());
    const chunk = bytes.slice(at, at + length);
    at += chunk.length;
    yield chunk;
    chunk.fill(0xdd);
  }
}
