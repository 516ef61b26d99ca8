import type { Clock } from '@shoal/net';
import { TrackerLine } from './tracker-line.ts';
import type { Sleeper, WakeQueue } from './wake-queue.ts';

/**
 * Who goes first. `stopped` cannot come later, `completed` is counted but once, who is looking for peers wants them now; seeds
 * that begin and regular announces have time.
 */
export const URGENCY = { stopped: 0, completed: 1, leeching: 2, started: 3, regular: 4 } as const;
export type Urgency = (typeof URGENCY)[keyof typeof URGENCY];

const BY_URGENCY: readonly Urgency[] = [0, 1, 2, 3, 4];

/** Milliseconds after which an announce that got no answer makes room for another: only its tracker still counts it. */
const SLOW_AFTER = 3_000;
/** Trackers remembered while nobody wants anything of them. */
const MAX_IDLE_LINES = 4096;

/** Someone who wants to announce. */
export interface AnnounceTask {
  /** It may announce now, and says {@link AnnounceTurns.finished} in the end. */
  onTurn(): void;
  /** It need not wait any longer: the tracker cannot be reached. `error` is what another one found. */
  onRefused(error: Error): void;
  /**
   * Its tracker has said nothing for 3 s: to this one, or to those under way for whose end it waits. It still has its turn, or waits
   * for it. Said once or more.
   */
  onSilent?(): void;
}

/** How an announce ended, as far as it matters to others: the error of a tracker that could not be reached. */
export type TurnOutcome = 'answered' | 'abandoned' | Error;

/** Bounds of {@link AnnounceTurns}. */
export interface TurnLimits {
  /** Announces under way that may be answered any moment. */
  readonly maxConcurrent: number;
  /** Announces under way that have been waiting for their answer for a while, besides those. */
  readonly maxSlow: number;
  /** Announces under way at one tracker. */
  readonly maxPerTracker: number;
  /** Announces begun in a second, except for `stopped`. */
  readonly maxRate: number;
}

interface Running {
  readonly line: TrackerLine;
  /** Clock time in milliseconds at which it was admitted. */
  readonly since: number;
}

interface Waiting {
  readonly line: TrackerLine;
  readonly urgency: Urgency;
}

/**
 * Gives turns to announce: a bounded number at once and in a second, the urgent first, trackers in rotation and each with a bound
 * of its own, so that neither a slow tracker nor one with thousands of torrents is in the way of the others. A tracker that
 * two in a row could not reach turns everybody away for a while, so that they can try another one.
 */
export class AnnounceTurns implements Sleeper {
  wakeAt = 0;
  wakeSlot = -1;
  readonly #clock: Clock;
  readonly #wakes: WakeQueue;
  readonly #limits: TurnLimits;
  readonly #lines = new Map<string, TrackerLine>();
  /** By urgency: trackers with room and somebody of that urgency waiting, in rotation. */
  readonly #ready: readonly Set<TrackerLine>[] = BY_URGENCY.map(() => new Set());
  readonly #waiting = new Map<AnnounceTask, Waiting>();
  /** In the order in which they were admitted. */
  readonly #fresh = new Map<AnnounceTask, Running>();
  readonly #slow = new Map<AnnounceTask, Running>();
  #tokens: number;
  #tokensAt: number;
  #admitting = false;

  constructor(clock: Clock, wakes: WakeQueue, limits: TurnLimits) {
    this.#clock = clock;
    this.#wakes = wakes;
    this.#limits = limits;
    this.#tokens = limits.maxRate;
    this.#tokensAt = clock.now();
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get running(): number {
    return this.#fresh.size + this.#slow.size;
  }

  /**
   * Lets `task` wait for its turn at the tracker `key`; again for one that waits already, with another urgency. The turn may come
   * during the call. Returns an error, and does nothing, when the tracker cannot be reached at present.
   */
  enqueue(task: AnnounceTask, key: string, urgency: Urgency): Error | undefined {
    this.withdraw(task);
    const line = this.#lineOf(key);
    const refusal = line.refusal(this.#clock.now()) ?? this.#probeIsSlow(line);
    if (refusal !== undefined) return refusal;
    line.add(task, urgency);
    this.#waiting.set(task, { line, urgency });
    this.#refresh(line);
    this.#admit();
    if (this.#waiting.has(task) && this.#isSilent(line)) task.onSilent?.();
    return undefined;
  }

  /** Does not want its turn any more. Nothing happens when it does not wait. */
  withdraw(task: AnnounceTask): void {
    const waiting = this.#waiting.get(task);
    if (waiting === undefined) return;
    this.#waiting.delete(task);
    waiting.line.delete(task, waiting.urgency);
    this.#refresh(waiting.line);
  }

  /** Its announce is over. To be said once for each turn. */
  finished(task: AnnounceTask, outcome: TurnOutcome): void {
    const running = this.#fresh.get(task) ?? this.#slow.get(task);
    if (running === undefined) return;
    this.#fresh.delete(task);
    this.#slow.delete(task);
    const { line } = running;
    line.running -= 1;
    if (outcome === 'answered') line.succeeded();
    else if (outcome !== 'abandoned') line.failed(outcome, this.#clock.now());
    if (line.isDown && outcome !== 'abandoned' && !this.#hasFresh(line)) this.#turnAway(line);
    this.#refresh(line);
    this.#admit();
  }

  /** Some have been under way for long, or there is time for another one. */
  onWake(): void {
    const now = this.#clock.now();
    const silent: [AnnounceTask, TrackerLine][] = [];
    for (const [task, running] of this.#fresh) {
      if (running.since + SLOW_AFTER > now) break;
      this.#fresh.delete(task);
      this.#slow.set(task, running);
      silent.push([task, running.line]);
    }
    for (const [task, line] of silent) {
      task.onSilent?.();
      if (!this.#isSilent(line)) continue;
      // Whoever hoped for this one need not wait for its end.
      if (line.isDown) this.#turnAway(line);
      else for (const each of line.waiting.flatMap((queue) => [...queue])) each.onSilent?.();
    }
    this.#admit();
  }

  #lineOf(key: string): TrackerLine {
    let line = this.#lines.get(key);
    if (line === undefined) {
      if (this.#lines.size >= MAX_IDLE_LINES) this.#forgetIdle();
      line = new TrackerLine(key, this.#limits.maxPerTracker);
      this.#lines.set(key, line);
    }
    return line;
  }

  #forgetIdle(): void {
    for (const [key, line] of this.#lines) {
      if (line.running === 0 && line.waiting.every(({ size }) => size === 0))
        this.#lines.delete(key);
    }
  }

  /** The error of a tracker that is down, when who tries it at present has been waiting for long. */
  #probeIsSlow(line: TrackerLine): Error | undefined {
    return line.isDown && this.#isSilent(line) ? line.error : undefined;
  }

  /** Those under way have got no answer for a while. */
  #isSilent(line: TrackerLine): boolean {
    return line.running > 0 && !this.#hasFresh(line);
  }

  /** An announce to it may be answered any moment. */
  #hasFresh(line: TrackerLine): boolean {
    for (const running of this.#fresh.values()) if (running.line === line) return true;
    return false;
  }

  #turnAway(line: TrackerLine): void {
    const { error } = line;
    if (error === undefined) return;
    for (const urgency of BY_URGENCY) {
      for (let task = line.take(urgency); task !== undefined; task = line.take(urgency)) {
        this.#waiting.delete(task);
        task.onRefused(error);
      }
    }
    this.#refresh(line);
  }

  #refresh(line: TrackerLine): void {
    const { hasRoom } = line;
    for (const urgency of BY_URGENCY) {
      const ready = this.#ready[urgency];
      if (hasRoom && (line.waiting[urgency]?.size ?? 0) > 0) ready?.add(line);
      else ready?.delete(line);
    }
    if (line.isIdle) this.#lines.delete(line.key);
  }

  #admit(): void {
    // What a turn sets off comes back here; the outer call goes on with it.
    if (this.#admitting) return;
    this.#admitting = true;
    try {
      while (this.#admitNext());
    } finally {
      this.#admitting = false;
      this.#setWake();
    }
  }

  #admitNext(): boolean {
    if (!this.#hasRoom) return false;
    for (const urgency of BY_URGENCY) {
      for (const line of this.#ready[urgency] ?? []) {
        if (urgency !== URGENCY.stopped && !this.#takeToken()) return false;
        const task = line.take(urgency);
        if (task === undefined) return false;
        this.#waiting.delete(task);
        line.running += 1;
        // To the end of the rotation, if it stays in it.
        this.#ready[urgency]?.delete(line);
        this.#refresh(line);
        this.#fresh.set(task, { line, since: this.#clock.now() });
        task.onTurn();
        return true;
      }
    }
    return false;
  }

  get #hasRoom(): boolean {
    const { maxConcurrent, maxSlow } = this.#limits;
    return this.#fresh.size < maxConcurrent && this.running < maxConcurrent + maxSlow;
  }

  #takeToken(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #refill(): void {
    const now = this.#clock.now();
    const { maxRate } = this.#limits;
    this.#tokens = Math.min(maxRate, this.#tokens + ((now - this.#tokensAt) * maxRate) / 1000);
    this.#tokensAt = now;
  }

  #setWake(): void {
    let at = Infinity;
    for (const { since } of this.#fresh.values()) {
      at = since + SLOW_AFTER;
      break;
    }
    if (this.#hasRoom && this.#ready.some(({ size }) => size > 0)) {
      const { maxRate } = this.#limits;
      at = Math.min(at, this.#clock.now() + Math.max(1, ((1 - this.#tokens) * 1000) / maxRate));
    }
    if (at === Infinity) this.#wakes.delete(this);
    else this.#wakes.set(this, at);
  }
}
