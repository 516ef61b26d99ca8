import { readFileSync } from 'node:fs';
import type { HashRequest, HashSink, WireSink } from '../src/index.ts';

/** A message as a plain value, the shape in which tests compare. */
export type Message = readonly [name: string, ...fields: (number | string | boolean)[]];

export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** The JSON of a vector file. */
export function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'));
}

/** The fields of a hash message as a plain value. */
export function hashFields(request: HashRequest): [string, number, number, number, number] {
  const { piecesRoot, baseLayer, index, length, proofLayers } = request;
  return [toHex(piecesRoot), baseLayer, index, length, proofLayers];
}

/** A sink that writes down everything it is told. Blocks and hashes are stored unless `keep` says no. */
export class Recorder implements WireSink, HashSink {
  readonly messages: Message[] = [];
  progress = 0;
  keep = true;
  #target: Uint8Array | undefined;

  onKeepAlive(): void {
    this.messages.push(['keep_alive']);
  }
  onChoke(): void {
    this.messages.push(['choke']);
  }
  onUnchoke(): void {
    this.messages.push(['unchoke']);
  }
  onInterested(): void {
    this.messages.push(['interested']);
  }
  onNotInterested(): void {
    this.messages.push(['not_interested']);
  }
  onHave(piece: number): void {
    this.messages.push(['have', piece]);
  }
  onBitfield(bits: Uint8Array): void {
    this.messages.push(['bitfield', toHex(bits)]);
  }
  onRequest(piece: number, begin: number, length: number): void {
    this.messages.push(['request', piece, begin, length]);
  }
  onCancel(piece: number, begin: number, length: number): void {
    this.messages.push(['cancel', piece, begin, length]);
  }
  onBlockStart(_piece: number, _begin: number, length: number): Uint8Array | undefined {
    this.#target = this.keep ? new Uint8Array(length) : undefined;
    return this.#target;
  }
  onBlockProgress(bytes: number): void {
    this.progress += bytes;
  }
  onBlockEnd(piece: number, begin: number, length: number, stored: boolean): void {
    const data = stored && this.#target !== undefined ? toHex(this.#target) : `dropped ${length}`;
    this.messages.push(['piece', piece, begin, data]);
  }
  onPort(port: number): void {
    this.messages.push(['port', port]);
  }
  onSuggest(piece: number): void {
    this.messages.push(['suggest', piece]);
  }
  onHaveAll(): void {
    this.messages.push(['have_all']);
  }
  onHaveNone(): void {
    this.messages.push(['have_none']);
  }
  onReject(piece: number, begin: number, length: number): void {
    this.messages.push(['reject', piece, begin, length]);
  }
  onAllowedFast(piece: number): void {
    this.messages.push(['allowed_fast', piece]);
  }
  onExtended(id: number, payload: Uint8Array): void {
    this.messages.push(['extended', id, toHex(payload)]);
  }
  onHashRequest(request: HashRequest): void {
    this.messages.push(['hash_request', ...hashFields(request)]);
  }
  onHashesStart(_request: HashRequest, length: number): Uint8Array | undefined {
    return this.keep ? new Uint8Array(length) : undefined;
  }
  onHashesEnd(request: HashRequest, hashes: Uint8Array | undefined): void {
    const data = hashes === undefined ? 'dropped' : toHex(hashes);
    this.messages.push(['hashes', ...hashFields(request), data]);
  }
  onHashReject(request: HashRequest): void {
    this.messages.push(['hash_reject', ...hashFields(request)]);
  }
  onUnknown(id: number, length: number): void {
    this.messages.push(['unknown', id, length]);
  }
}

/** What `call` throws; fails when it throws nothing. */
export function thrownBy(call: () => void): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('expected an error');
}
