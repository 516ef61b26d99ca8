import { Bitfield, BLOCK_LENGTH } from '@shoal/peer-wire';
import type { RateGate } from '../choke/rate-gate.ts';
import { RateMeter } from '../choke/rate-meter.ts';
import type { Fault } from './judge-answer.ts';
import { SeedFiles } from './seed-files.ts';
import { planStream, type StreamWishes } from './stream-plan.ts';
import type { LaneEnd, LaneOwner } from './lane-owner.ts';
import { WebLane } from './web-lane.ts';
import { filePartsOf, piecePartsOf, type WebGeometry, type WebPart } from './web-parts.ts';
import { webSeedDefaults } from './web-seed-options.ts';
import type { WebAnswer, WebExchange, WebHandler, WebRequest } from './web-transport.ts';
import type {
  WebSeedIdentity,
  WebSeedMeans,
  WebSeedState,
  WebSeedSwarm,
} from './web-seed-means.ts';

/** Doublings of the time that a block may take in the end-game. */
const MAX_PATIENCE = 4;

/** Ids of the last run picked; shared, since it is consumed at once. */
const picked: number[] = [];

/**
 * One web seed: what to ask of it, how much at once and over how many requests, and what to make of its failures. Bytes come
 * through its lanes; this does no I/O.
 */
export class WebSeed implements LaneOwner {
  readonly identity: WebSeedIdentity;
  readonly have: Bitfield;
  readonly geometry: WebGeometry;
  downloadedBytes = 0;
  readonly rate = new RateMeter();
  readonly #means: WebSeedMeans;
  readonly #files: SeedFiles;
  readonly #lanes: WebLane[] = [];
  /** Whether the server knows ranges; undefined: not known yet. */
  #hasRanges: boolean | undefined;
  #runBytes: number = webSeedDefaults.firstRunBytes;
  /** Where the last run has ended. */
  #next = -1;
  #failures = 0;
  /** Nothing is asked of it before, monotonic ms. */
  #pausedUntil = -Infinity;
  #reason: string | undefined;
  #isRefused = false;
  /** It has nothing worth streaming: it may have, when other files are wanted. */
  #isUseless = false;
  #corrupt = new Map<number, number>();
  /** Since when nothing was found to ask it for, monotonic ms. */
  #idleSince: number | undefined;
  readonly #retry = (): void => this.fill();
  readonly #wishes: StreamWishes = {
    isOpen: (piece) => this.#isOpen(piece),
    hasFile: (file) => !this.#files.isMissing(file),
  };

  constructor(identity: WebSeedIdentity, means: WebSeedMeans) {
    this.identity = identity;
    this.geometry = means.geometry;
    this.#means = means;
    this.have = new Bitfield(means.geometry.info.pieceCount);
    this.have.setAll();
    this.#files = new SeedFiles(identity, means.geometry);
    if (identity.kind === 'httpseeds' && means.geometry.info.infoHash === undefined) {
      this.#refuse('It knows only torrents with a version 1 info-hash');
    }
  }

  get name(): string {
    return this.identity.name;
  }

  get swarm(): WebSeedSwarm {
    return this.#means.swarm;
  }

  get gate(): RateGate {
    return this.#means.gate;
  }

  get state(): WebSeedState {
    if (this.#isRefused || this.#isUseless) return 'refused';
    if (this.activeRequests > 0) return 'downloading';
    return this.#pausedUntil > this.now() ? 'waiting' : 'idle';
  }

  /** Why it is refused or waits. */
  get reason(): string | undefined {
    const { state } = this;
    return state === 'refused' || state === 'waiting' ? this.#reason : undefined;
  }

  /** Requests under way. */
  get activeRequests(): number {
    let count = 0;
    for (const lane of this.#lanes) if (lane.isBusy) count += 1;
    return count;
  }

  /** The piece it goes on with; -1: none. */
  get cursor(): number {
    return this.activeRequests > 0 ? this.#next : -1;
  }

  now(): number {
    return this.#means.now();
  }

  /** It would send blocks of a piece if asked. */
  wouldSend(piece: number): boolean {
    if (this.#isRefused || this.#isUseless || this.now() < this.#pausedUntil) return false;
    return this.#hasRanges === true && this.have.get(piece);
  }

  /** Asks for more, as far as it may and there is something to ask for. */
  fill(): void {
    const { swarm, gate } = this.#means;
    for (const lane of this.#lanes) lane.retry();
    if (this.#isRefused || this.#isUseless || this.now() < this.#pausedUntil) return;
    if (!swarm.downloading) {
      if (gate.exhausted) gate.wait(this, this.#retry);
      return;
    }
    while (this.activeRequests < this.#width) if (!this.#begin()) return;
  }

  /** Once a second. */
  tick(now: number): void {
    for (const lane of this.#lanes) lane.tick(now);
    if (this.swarm.picker.endGame) this.#leaveLateOnes(now);
    this.fill();
    this.#askForOwed(now);
  }

  /** Other pieces are wanted than before. */
  wantedChanged(): void {
    this.cancelForgotten();
    if (!this.#isUseless) return;
    this.#isUseless = false;
    this.#means.changed(this);
  }

  /** Nothing is waited for that the picker does not wait for. */
  cancelForgotten(): void {
    for (const lane of this.#lanes) lane.cancelForgotten();
  }

  /** Ends all requests. What is known of the seed stays. */
  stop(): void {
    const { swarm, gate, slots } = this.#means;
    gate.forget(this);
    slots.forget(this);
    for (const lane of this.#lanes.splice(0)) {
      if (lane.isBusy) {
        lane.abort();
        this.#release();
      }
      swarm.picker.peerLeft(lane);
    }
  }

  /** It has sent corrupt blocks of a piece. */
  convicted(piece: number): void {
    const times = (this.#corrupt.get(piece) ?? 0) + 1;
    this.#corrupt.set(piece, times);
    let total = 0;
    for (const each of this.#corrupt.values()) total += each;
    if (total >= webSeedDefaults.maxCorruptPieces) this.#refuse('It sent corrupt data');
    // Once may have been the way here.
    else if (times > 1) this.have.clear(piece);
  }

  // LaneOwner

  othersSend(piece: number): boolean {
    return this.swarm.peersSend(piece) || this.#means.othersSend(piece, this);
  }

  requestFor(part: WebPart, isWhole: boolean): ReturnType<LaneOwner['requestFor']> {
    return this.#files.requestFor(part, isWhole);
  }

  open(request: WebRequest, handler: WebHandler): WebExchange {
    return this.#means.transport.open(request, handler);
  }

  streamOf({ from }: WebPart): readonly WebPart[] {
    this.#hasRanges = false;
    if (from === undefined || !('file' in from)) return [];
    const parts = planStream(this.geometry, this.#wishes, from.file);
    const first = parts[0]?.from;
    if (first === undefined || !('file' in first) || first.file !== from.file) return [];
    this.#files.streams(parts);
    return parts;
  }

  answered(part: WebPart, answer: WebAnswer): void {
    this.#files.found(part, answer);
    if (answer.status === 206) this.#hasRanges ??= true;
    if (this.identity.kind === 'httpseeds') this.#hasRanges = true;
  }

  received(bytes: number, now: number): void {
    this.downloadedBytes += bytes;
    this.rate.add(bytes, now);
  }

  ended(lane: WebLane, end: LaneEnd): void {
    this.#release();
    if (end.kind === 'fault') this.#failed(end.fault, end.part, lane.runBytes > 0);
    else if (end.kind === 'no ranges') this.#hasRanges = false;
    else this.#succeeded(lane);
    this.#means.freed();
    this.fill();
    this.#means.changed(this);
  }

  /** Requests that may be under way at once: one until it has shown that it works, and works still. */
  get #width(): number {
    return this.#hasRanges === true && this.#failures === 0 ? this.#means.maxRequests : 1;
  }

  /** Begins one request; false where there is nothing to ask for, or no room for it. */
  #begin(): boolean {
    const { slots } = this.#means;
    const lane = this.#idleLane();
    const { origin } = this.identity.url;
    if (!slots.take(origin, this, this.#retry)) return false;
    const hasBegun = this.#hasRanges === false ? this.#stream(lane) : this.#fetch(lane);
    if (!hasBegun) slots.release(origin);
    return hasBegun;
  }

  #fetch(lane: WebLane): boolean {
    const { swarm } = this;
    picked.length = 0;
    const taken = this.#means.cursors(this);
    const blocks = Math.ceil(this.#runBytes / BLOCK_LENGTH);
    if (swarm.picker.pickRun(lane, { blocks, next: this.#next, taken }, picked) === 0) {
      this.#idleSince ??= this.now();
      return false;
    }
    const last = picked.at(-1) ?? 0;
    this.#next = Math.floor(last / swarm.picker.blocksPerPiece) + 1;
    this.#run(lane);
    return true;
  }

  #stream(lane: WebLane): boolean {
    const parts = planStream(this.geometry, this.#wishes, this.#files.streamStart);
    if (parts.length === 0) {
      // Where nothing is free for the moment, something may be later.
      if (!this.#isAnyOpen()) return false;
      this.#isUseless = true;
      this.#reason = 'The server can send whole files only, of which too little is of use';
      this.#means.changed(this);
      return false;
    }
    this.#files.streams(parts);
    this.#idleSince = undefined;
    lane.stream(parts);
    return true;
  }

  #isOpen(piece: number): boolean {
    return this.have.get(piece) && this.swarm.picker.mayClaim(piece);
  }

  #isAnyOpen(): boolean {
    const { pieceCount } = this.geometry.info;
    for (let piece = 0; piece < pieceCount; piece++) if (this.#isOpen(piece)) return true;
    return false;
  }

  #run(lane: WebLane): void {
    this.#idleSince = undefined;
    const isByPiece = this.identity.kind === 'httpseeds';
    const partsOf = isByPiece ? piecePartsOf : filePartsOf;
    lane.fetch(picked, partsOf(picked, this.geometry));
  }

  #idleLane(): WebLane {
    for (const lane of this.#lanes) if (!lane.isBusy) return lane;
    const lane = new WebLane(this);
    this.#lanes.push(lane);
    this.swarm.picker.peerJoined(lane);
    return lane;
  }

  #release(): void {
    this.#means.slots.release(this.identity.url.origin);
  }

  #succeeded(lane: WebLane): void {
    this.#failures = 0;
    this.#files.missingInARow = 0;
    const { minRunBytes, maxRunBytes, runTime } = webSeedDefaults;
    const time = Math.max(1, this.now() - lane.runSince);
    const fitting = (lane.runBytes * runTime) / time;
    // What little was left says nothing of the rate.
    if (lane.runBytes < this.#runBytes / 2) return;
    const next = Math.min(fitting, 2 * this.#runBytes);
    this.#runBytes = Math.max(minRunBytes, Math.min(next, maxRunBytes));
  }

  #failed(fault: Fault, part: WebPart, hasSent: boolean): void {
    // A place that a redirect has led to may be gone: the way there is taken anew.
    if (this.#files.forgetRedirect(part)) return;
    if (fault.scope === 'file' && fault.isFinal) {
      this.#files.lose(part, this.have);
      if (this.have.isEmpty) this.#refuse(fault.reason);
      this.#files.missingInARow += 1;
      if (this.#files.missingInARow < webSeedDefaults.maxMissingInARow) return;
    } else if (fault.isFinal) {
      this.#refuse(fault.reason);
      return;
    }
    const now = this.now();
    // Requests that were under way together fail together.
    if (now >= this.#pausedUntil) this.#failures = hasSent ? 1 : this.#failures + 1;
    this.#reason = fault.reason;
    const until = now + (fault.retryAfter ?? this.#pause());
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
  }

  /** Milliseconds, up to a quarter more, so that not all who failed together come back together. */
  #pause(): number {
    const { firstPause, maxPause } = webSeedDefaults;
    const pause = Math.min(firstPause * 2 ** Math.min(this.#failures - 1, 20), maxPause);
    return pause * (1 + this.#means.random.next() / 4);
  }

  #refuse(reason: string): void {
    this.#isRefused = true;
    this.#reason = reason;
    this.stop();
    this.#means.changed(this);
  }

  /** A seed with nothing to do is asked for what others are late with. */
  #askForOwed(now: number): void {
    const { swarm, slots } = this.#means;
    if (this.activeRequests > 0 || this.#hasRanges !== true || !swarm.downloading) return;
    if (this.#isRefused || now < this.#pausedUntil) return;
    if (now - (this.#idleSince ?? now) < webSeedDefaults.idleTime) return;
    const { origin } = this.identity.url;
    if (!slots.take(origin, this, this.#retry)) return;
    picked.length = 0;
    const lane = this.#idleLane();
    const blocks = webSeedDefaults.owedRunBytes / BLOCK_LENGTH;
    if (swarm.picker.pickOwedRun(lane, blocks, picked) > 0) this.#run(lane);
    else slots.release(origin);
  }

  /** What would come too late in the end-game is left to others, where there are any. */
  #leaveLateOnes(now: number): void {
    // Each time more: among sources that are all slow, one must get to the end of a block.
    const time = webSeedDefaults.endGameTime * 2 ** Math.min(this.#failures, MAX_PATIENCE);
    for (const lane of this.#lanes) lane.leaveLate(now, time);
    const busy = this.activeRequests;
    const isAlone = this.swarm.peers.size === 0 && busy >= this.#width;
    if (isAlone && !this.#means.hasOthers(this)) return;
    for (const lane of this.#lanes) {
      if (!lane.isBusy || lane.isStreaming || now - lane.runSince < 1_000) continue;
      const rate = lane.runBytes / (now - lane.runSince);
      const keep = Math.floor((rate * webSeedDefaults.endGameTime) / BLOCK_LENGTH);
      lane.truncate(Math.max(1, keep));
    }
  }
}
