import type { Bitfield } from '@shoal/peer-wire';
import { BLOCK_LENGTH } from '@shoal/peer-wire';
import type { BlockSource } from '../piece/block-source.ts';
import { AnswerWatch } from './answer-watch.ts';
import { BlockSink } from './block-sink.ts';
import { type Asked, judgeAnswer, retryAfterOf } from './judge-answer.ts';
import { LaneBlocks } from './lane-blocks.ts';
import type { LaneEnd, LaneOwner } from './lane-owner.ts';
import type { WebPart } from './web-parts.ts';
import type { WebAnswer, WebExchange, WebHandler } from './web-transport.ts';

const ZEROS = new Uint8Array(BLOCK_LENGTH);
/** Bytes of the body that comes with a status 503 (BEP 17): a number of seconds. */
const MAX_WAIT_TEXT = 16;

/**
 * One request after the other to a web seed, as the picker sees it: a source of blocks. It fetches a run of blocks part by part,
 * or streams files from their beginning, claiming the pieces as they come by.
 */
export class WebLane implements BlockSource, WebHandler {
  readonly have: Bitfield;
  readonly isSeed = true;
  readonly slow = false;
  readonly endpoint: { readonly address: string };
  readonly requests = { cancel: (id: number): void => this.cancel(id) };
  /** Since when the present run is under way, monotonic ms. */
  runSince = 0;
  readonly #owner: LaneOwner;
  readonly #blocks: LaneBlocks;
  readonly #sink: BlockSink;
  #parts: readonly WebPart[] | undefined;
  #at = 0;
  #exchange: WebExchange | undefined;
  #asked: Asked | undefined;
  /** Bytes of the body still to come; -1: there is no answer yet. */
  #bodyLeft = -1;
  /** Bytes of the present part still to be taken from what comes. */
  #partLeft = 0;
  /** The body of a status 503. */
  #waitText: string | undefined;
  /** Bytes that wait for a place, with the body that goes on behind them. */
  #pending: Uint8Array | undefined;
  #zerosLeft = 0;
  /** Why the body is not read for now. */
  #isOverLimit = false;
  #isShort = false;
  readonly #watch = new AnswerWatch();

  constructor(owner: LaneOwner) {
    this.#owner = owner;
    this.have = owner.have;
    this.endpoint = { address: owner.name };
    this.#blocks = new LaneBlocks(owner, this);
    this.#sink = new BlockSink(owner.geometry, this.#blocks);
  }

  get isBusy(): boolean {
    return this.#parts !== undefined;
  }

  /** It streams files, rather than fetching what was requested before. */
  get isStreaming(): boolean {
    return this.isBusy && this.#blocks.isStream;
  }

  /** Blocks still to come. */
  get outstanding(): number {
    return this.#blocks.outstanding;
  }

  /** Payload bytes of blocks of the present run. */
  get runBytes(): number {
    return this.#blocks.runBytes;
  }

  /** The part it is at. */
  get part(): WebPart | undefined {
    return this.#parts?.[this.#at];
  }

  flush(): void {
    // Nothing is written to a server before its answer is over.
  }

  /** Fetches blocks that the picker has given this lane. */
  fetch(ids: readonly number[], parts: readonly WebPart[]): void {
    this.#blocks.fetch(ids);
    this.#run(parts);
  }

  /** Streams files from their beginning: each part is what is to be read of one. */
  stream(parts: readonly WebPart[]): void {
    this.#blocks.stream(parts);
    this.#run(parts);
  }

  /** Takes a request back: another has sent the block, or shall. */
  cancel(id: number): void {
    if (this.#blocks.cancel(id)) this.#endWhenIdle();
  }

  /** Takes back all but the first `keep` blocks still to come. */
  truncate(keep: number): void {
    for (const id of this.#blocks.ids().slice(keep).reverse()) this.cancel(id);
  }

  /** Takes back what the picker does not wait for any more. */
  cancelForgotten(): void {
    const { picker } = this.#owner.swarm;
    for (const id of this.#blocks.ids()) {
      if (!picker.isRequested(this, id)) this.cancel(id);
    }
  }

  /** There may be memory for what waits. */
  retry(): void {
    if (!this.#isShort) return;
    this.#isShort = false;
    this.#watch.begin(this.#owner.now());
    this.#goOn();
  }

  /** Once a second. */
  tick(now: number): void {
    if (this.#exchange === undefined) return;
    if (this.#isOverLimit || this.#isShort) {
      this.#watch.begin(now);
      this.#blocks.restartClock(now);
      return;
    }
    const wrong = this.#watch.check(now, this.#bodyLeft >= 0);
    if (wrong !== undefined) this.#fail(wrong);
  }

  /**
   * Fails where for `time` ms no block has come whole, and somebody else would send the next: nobody else is asked for it (see
   * `RunPicker`), and a server that trickles may mean to hold us.
   */
  leaveLate(now: number, time: number): void {
    const piece = this.#blocks.latePiece(now, time);
    if (piece !== undefined && this.#owner.othersSend(piece)) this.#fail('The server is too slow');
  }

  /** Ends the run; what has not come is given back. The owner is not told. */
  abort(): void {
    if (!this.isBusy) return;
    this.#parts = undefined;
    this.#exchange?.abort();
    this.#exchange = undefined;
    this.#owner.gate.forget(this);
    this.#isOverLimit = this.#isShort = false;
    this.#pending = undefined;
    this.#zerosLeft = 0;
    this.#sink.reset();
    this.#blocks.giveUp();
  }

  // WebHandler

  onAnswer(answer: WebAnswer): boolean {
    const { part } = this;
    if (part === undefined || this.#asked === undefined) return false;
    const verdict = judgeAnswer(answer, this.#asked);
    switch (verdict.kind) {
      case 'fault':
        this.#end({ kind: 'fault', fault: verdict.fault, part });
        return false;
      case 'whole':
        if (this.#streamInstead(part, this.#asked)) break;
        this.#end({ kind: 'no ranges' });
        return false;
      case 'wait':
        this.#waitText = '';
        this.#bodyLeft = MAX_WAIT_TEXT;
        break;
      case 'bytes':
        this.#owner.answered(part, answer);
        this.#bodyLeft = verdict.length;
        this.#partLeft = Math.min(part.length, verdict.length);
    }
    this.#watch.begin(this.#owner.now());
    return true;
  }

  onData(chunk: Uint8Array): void {
    if (this.#waitText !== undefined) {
      this.#waitText += Buffer.from(chunk).toString('latin1', 0, MAX_WAIT_TEXT);
      if (this.#waitText.length > MAX_WAIT_TEXT) this.#wait();
      return;
    }
    const { gate } = this.#owner;
    const now = this.#owner.now();
    this.#watch.received(chunk.length, now);
    this.#owner.received(chunk.length, now);
    if (!gate.unlimited && !gate.spend(chunk.length, now)) {
      this.#isOverLimit = true;
      this.#exchange?.pause();
      gate.wait(this, () => this.#withinLimit());
    }
    if (chunk.length > this.#bodyLeft) {
      this.#fail('The server sends more than it was asked for');
      return;
    }
    this.#bodyLeft -= chunk.length;
    this.#take(chunk);
  }

  onEnd(): void {
    if (this.#waitText !== undefined) {
      this.#wait();
      return;
    }
    this.#exchange = undefined;
    if (this.#bodyLeft > 0) this.#fail('The server sends less than it said');
    else if (this.#pending === undefined) this.#partDone();
  }

  onFail(reason: string, isFinal: boolean): void {
    this.#exchange = undefined;
    this.#fail(reason, isFinal);
  }

  #run(parts: readonly WebPart[]): void {
    this.#parts = parts;
    this.#at = 0;
    this.#blocks.runBytes = 0;
    this.runSince = this.#owner.now();
    this.#blocks.restartClock(this.runSince);
    this.#ask();
  }

  /** The server sends the whole file instead of a range: it is streamed where that is worth it. */
  #streamInstead(part: WebPart, asked: Asked): boolean {
    this.#blocks.giveUp();
    const parts = this.#owner.streamOf(part);
    const [first] = parts;
    if (first === undefined) return false;
    this.#parts = parts;
    this.#blocks.stream(parts);
    this.#at = 0;
    this.#asked = { ...asked, range: undefined };
    this.#bodyLeft = asked.length;
    this.#partLeft = first.length;
    this.#sink.seek(first.offset);
    return true;
  }

  /** Begins with the present part. */
  #ask(): void {
    const { part } = this;
    if (part === undefined) {
      this.#end({ kind: 'done' });
      return;
    }
    this.#bodyLeft = -1;
    this.#waitText = undefined;
    this.#watch.begin(this.#owner.now());
    this.#sink.seek(part.offset);
    if (part.from === undefined) {
      this.#zerosLeft = part.length;
      this.#goOn();
      return;
    }
    const question = this.#owner.requestFor(part, this.#blocks.isStream);
    if (question === undefined) {
      const fault = { scope: 'file', reason: 'Its name fits no URL', isFinal: true } as const;
      this.#end({ kind: 'fault', fault, part });
      return;
    }
    this.#asked = question.asked;
    this.#exchange = this.#owner.open(question.request, this);
    // Nothing more is read while the limit is used up, also where it was the run before that has done so.
    if (this.#isOverLimit) this.#exchange.pause();
  }

  /** Takes bytes of the present part in. */
  #take(chunk: Uint8Array): void {
    const wanted = chunk.length > this.#partLeft ? chunk.subarray(0, this.#partLeft) : chunk;
    const used = this.#sink.write(wanted);
    this.#partLeft -= used;
    if (this.#blocks.isPointless) {
      this.#end({ kind: 'done' });
      return;
    }
    if (used < wanted.length) {
      this.#pending = wanted.subarray(used);
      this.#isShort = true;
      this.#exchange?.pause();
      return;
    }
    this.#pending = undefined;
    // What lies behind is of no use: a stream that has got all it was for.
    if (this.#partLeft === 0 && this.#bodyLeft > 0) {
      this.#exchange?.abort();
      this.#exchange = undefined;
      this.#partDone();
    } else if (this.#exchange === undefined) this.#partDone();
    else this.#endWhenIdle();
  }

  /** Goes on with what has waited for memory. */
  #goOn(): void {
    while (this.#zerosLeft > 0) {
      const chunk = ZEROS.subarray(0, Math.min(this.#zerosLeft, ZEROS.length));
      const used = this.#sink.write(chunk);
      this.#zerosLeft -= used;
      if (used < chunk.length) {
        this.#isShort = true;
        return;
      }
      if (this.#zerosLeft === 0) {
        this.#at += 1;
        this.#ask();
        return;
      }
    }
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    this.#take(pending);
    if (!this.#isShort && !this.#isOverLimit) this.#exchange?.resume();
  }

  #withinLimit(): void {
    this.#isOverLimit = false;
    this.#watch.begin(this.#owner.now());
    if (!this.#isShort) this.#exchange?.resume();
  }

  /** The present part has come, as far as the server sends it. */
  #partDone(): void {
    const { part } = this;
    if (part === undefined) return;
    // Less than a part is allowed (RFC 9110); the rest is asked for anew, by whoever is to.
    if (this.#asked?.range !== undefined && this.#sink.position < part.offset + part.length) {
      if (this.runBytes > 0) this.#end({ kind: 'done' });
      else this.#fail('The server sends less than it was asked for');
      return;
    }
    this.#at += 1;
    this.#ask();
  }

  /** Nothing of the run is wanted any more: the rest of the answer is not waited for. */
  #endWhenIdle(): void {
    if (this.#blocks.isStream || this.#blocks.outstanding > 0 || !this.isBusy) return;
    // What has come whole ends by itself, and its connection can be used again.
    if (this.#bodyLeft === 0 && this.#at === (this.#parts?.length ?? 0) - 1) return;
    this.#end({ kind: 'done' });
  }

  #wait(): void {
    const { part } = this;
    const retryAfter = retryAfterOf(this.#waitText);
    if (part === undefined) return;
    const fault = { scope: 'seed', reason: 'The server is busy', isFinal: false } as const;
    this.#end({ kind: 'fault', fault: { ...fault, retryAfter }, part });
  }

  #fail(reason: string, isFinal = false): void {
    const { part } = this;
    if (part !== undefined) {
      this.#end({ kind: 'fault', fault: { scope: 'seed', reason, isFinal }, part });
    }
  }

  #end(end: LaneEnd): void {
    this.abort();
    this.#owner.ended(this, end);
  }
}
