import { type Metainfo, parseMetainfoAsync } from '@shoal/metainfo';
import { MAX_METADATA_LENGTH } from '@shoal/peer-wire';
import { readSeedUrl, shownUrl } from '../web-seed/seed-url.ts';
import { webSeedDefaults } from '../web-seed/web-seed-options.ts';
import type { WebSeedHost } from '../web-seed/web-seeds.ts';
import type { WebAnswer, WebExchange, WebHandler } from '../web-seed/web-transport.ts';
import type { HashVerdict } from './judge-metadata.ts';
import type { MetadataHolder, MetadataMemory } from './metadata-memory.ts';

/** Bytes of a .torrent file: as many as metadata from peers may have. */
const MAX_LENGTH = MAX_METADATA_LENGTH;
/** Bytes of memory that are asked for while nobody knows how long it is: most are shorter. */
const FIRST_LENGTH = 256 * 1024;
/** Milliseconds that peers have to begin with the metadata: they are many, and the server is one. */
const GRACE_TIME = 10_000;
/** Milliseconds after which it is fetched whatever peers have begun with. */
const PATIENCE = 60_000;
/** Milliseconds for one file. */
const FETCH_TIME = 120_000;
/** Milliseconds after the last URL has failed before the first is tried again; doubled each time ... */
const FIRST_PAUSE = 30_000;
/** ... up to this. */
const MAX_PAUSE = 1_800_000;

export interface TorrentFileFetchOptions {
  readonly web: Pick<WebSeedHost, 'clock' | 'transport' | 'publicOnly'>;
  /** What all magnet links share. */
  readonly memory: MetadataMemory;
  readonly urls: readonly string[];
  /** There is nobody else to ask. */
  readonly isAlone: boolean;
  readonly judge: (info: Uint8Array) => HashVerdict;
  /** A file has come that has the hashes asked for; `bytes` are all of it. */
  readonly found: (file: Metainfo, bytes: Uint8Array) => void;
  /** There is a file with one of the hashes, so that none can have both. */
  readonly contradicted: () => void;
  /** One of the URLs was of no use; told once of each. `url` is without credentials. */
  readonly failed: (url: string, reason: string) => void;
}

/** One file on its way. */
interface Transfer {
  readonly url: string;
  readonly since: number;
  readonly holder: { -readonly [Key in keyof MetadataHolder]: MetadataHolder[Key] };
  exchange: WebExchange | undefined;
  chunks: Uint8Array[];
  length: number;
  /** Its last byte came then. */
  movedAt: number;
  hasAnswer: boolean;
}

/**
 * Fetches the .torrent file of a magnet link from where the link says that it is (`xs`, `as`), one URL after the other, while peers do
 * not bring the metadata. The rules of web seeds hold: `http:` and `https:`, and only public addresses unless the client allows others.
 */
export class TorrentFileFetch {
  readonly #options: TorrentFileFetchOptions;
  readonly #urls: string[];
  readonly #told = new Set<string>();
  #next = 0;
  /** Monotonic ms of the next look, and from which on peers are not waited for; undefined while it is stopped. */
  #dueAt: number | undefined;
  #lateAt = 0;
  #pauses = 0;
  #transfer: Transfer | undefined;
  /** Changes with every stop: what was parsed meanwhile is of no use. */
  #run = 0;

  constructor(options: TorrentFileFetchOptions) {
    this.#options = options;
    this.#urls = [...options.urls];
  }

  /** From now on. */
  start(now: number): void {
    if (this.#dueAt !== undefined) return;
    this.#dueAt = this.#options.isAlone ? now : now + GRACE_TIME;
    this.#lateAt = now + PATIENCE;
    this.#begin(now, false);
  }

  /** Ends what is under way. */
  stop(): void {
    this.#dueAt = undefined;
    this.#run += 1;
    this.#end();
  }

  /** Once a second; `isMoving`: peers are giving the metadata. */
  tick(now: number, isMoving: boolean): void {
    const transfer = this.#transfer;
    if (transfer === undefined) {
      this.#begin(now, isMoving && now < this.#lateAt);
      return;
    }
    const { answerTimeout, silenceTimeout } = webSeedDefaults;
    const patience = transfer.hasAnswer ? silenceTimeout : answerTimeout;
    if (now - transfer.movedAt > patience || now - transfer.since > FETCH_TIME) {
      this.#failed(transfer, 'It does not come in time', false);
    }
  }

  #begin(now: number, isUnneeded: boolean): void {
    if (this.#dueAt === undefined || now < this.#dueAt || isUnneeded) return;
    const text = this.#urls[this.#next];
    if (text === undefined) return;
    const read = readSeedUrl(text);
    const transfer = this.#transferOf(text, now);
    if ('reason' in read) {
      this.#transfer = transfer;
      this.#failed(transfer, read.reason, true);
      return;
    }
    if (!this.#options.memory.reserve(transfer.holder, now)) return;
    this.#transfer = transfer;
    const { transport, publicOnly } = this.#options.web;
    const url = read.url.href;
    transfer.exchange = transport.open(
      { url, base: url, range: undefined, publicOnly },
      this.#handlerOf(transfer),
    );
  }

  #transferOf(url: string, now: number): Transfer {
    const transfer: Transfer = {
      url,
      since: now,
      holder: {
        length: FIRST_LENGTH,
        mayYield: (at) => at - transfer.movedAt > webSeedDefaults.silenceTimeout,
        giveUp: () => this.#failed(transfer, 'It does not come in time', false),
      },
      exchange: undefined,
      chunks: [],
      length: 0,
      movedAt: now,
      hasAnswer: false,
    };
    return transfer;
  }

  #handlerOf(transfer: Transfer): WebHandler {
    return {
      onAnswer: (answer) => {
        const length = Number(answer.headers['content-length'] ?? 0);
        const problem = problemOf(answer, length) ?? this.#holdMore(transfer, length);
        transfer.hasAnswer = true;
        transfer.movedAt = this.#options.web.clock.now();
        if (problem !== undefined) this.#failed(transfer, problem, problem === TOO_LONG);
        return problem === undefined;
      },
      onData: (chunk) => {
        transfer.movedAt = this.#options.web.clock.now();
        transfer.length += chunk.length;
        transfer.chunks.push(chunk);
        if (transfer.length > MAX_LENGTH) this.#failed(transfer, TOO_LONG, true);
        else if (transfer.length > transfer.holder.length) {
          const problem = this.#holdMore(transfer, Math.min(MAX_LENGTH, 2 * transfer.length));
          if (problem !== undefined) this.#failed(transfer, problem, false);
        }
      },
      onEnd: () => void this.#came(transfer),
      onFail: (reason, isFinal) => this.#failed(transfer, reason, isFinal),
    };
  }

  /** Has memory for so many bytes; why not, where there is none. */
  #holdMore(transfer: Transfer, length: number): string | undefined {
    const { holder } = transfer;
    const { memory, web } = this.#options;
    if (length <= holder.length) return undefined;
    memory.release(holder);
    holder.length = length;
    return memory.reserve(holder, web.clock.now()) ? undefined : 'There is no memory for it now';
  }

  async #came(transfer: Transfer): Promise<void> {
    const run = this.#run;
    const bytes = Buffer.concat(transfer.chunks);
    transfer.chunks = [];
    let file: Metainfo;
    try {
      file = await parseMetainfoAsync(bytes);
    } catch {
      if (run === this.#run) this.#failed(transfer, 'It is no .torrent file', true);
      return;
    }
    if (run !== this.#run) return;
    const verdict = this.#options.judge(file.info.bytes);
    if (verdict === 'wrong') {
      this.#failed(transfer, 'It is the .torrent file of another torrent', true);
      return;
    }
    this.stop();
    if (verdict === 'right') this.#options.found(file, bytes);
    else this.#options.contradicted();
  }

  /** On to the next URL; after the last one, from the beginning in a while. */
  #failed(transfer: Transfer, reason: string, isFinal: boolean): void {
    if (transfer !== this.#transfer) return;
    const { web, failed } = this.#options;
    this.#end();
    if (isFinal) this.#urls.splice(this.#next, 1);
    else this.#next += 1;
    if (this.#next >= this.#urls.length) {
      this.#next = 0;
      this.#dueAt = web.clock.now() + Math.min(MAX_PAUSE, FIRST_PAUSE * 2 ** this.#pauses);
      this.#pauses += 1;
    }
    if (this.#told.has(transfer.url)) return;
    this.#told.add(transfer.url);
    failed(shownUrl(transfer.url), reason);
  }

  #end(): void {
    const transfer = this.#transfer;
    if (transfer === undefined) return;
    this.#transfer = undefined;
    transfer.exchange?.abort();
    transfer.chunks = [];
    this.#options.memory.release(transfer.holder);
  }
}

const TOO_LONG = `It is longer than ${MAX_LENGTH / 1024 / 1024} MiB`;

/** Why an answer is no .torrent file; undefined where it may be one. */
function problemOf({ status, headers }: WebAnswer, length: number): string | undefined {
  if (status !== 200) return `The server answers with status ${status}`;
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding !== '' && encoding !== 'identity') return 'The server packs what it sends';
  return length > MAX_LENGTH ? TOO_LONG : undefined;
}
