import type { Reach } from '@shoal/net';
import type { LaneContext } from './announce-lane.ts';
import { AnnounceLane } from './announce-lane.ts';
import { DEFAULT_NUMWANT, DEFAULT_STOP_WAIT, UNCONFIRMED_STOP_WAIT } from './announce-options.ts';
import type { AnnouncerOptions, TrackerStatus } from './announce-options.ts';
import { AnnounceScheduler } from './announce-scheduler.ts';
import { TrackerError } from './errors.ts';
import { URGENCY } from './schedule/announce-turns.ts';
import type { Urgency } from './schedule/announce-turns.ts';
import { StopCall } from './stop-call.ts';
import { TrackerTiers } from './tiers.ts';
import { TrackerSession } from './tracker-session.ts';
import type { AnnounceEvent, AnnounceRequest, AnnounceResponse } from './types.ts';

/** Errors that no later try can change. */
const HOPELESS: ReadonlySet<string> = new Set([
  'ERR_TRACKER_URL',
  'ERR_TRACKER_SCHEME_UNSUPPORTED',
]);

/** Runs a caller's callback; what it throws is the caller's, and surfaces without upsetting the schedule. */
function callOut(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/**
 * Keeps one torrent announced: says `started`, comes back at the interval the tracker asks for, says `completed` once and
 * `stopped` at the end, moves through the tiers when trackers fail, and hands over the peers. It does no I/O of its own and
 * reads no clock but the one it is given.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #tiers: TrackerTiers;
  readonly #sessions = new Map<string, TrackerSession>();
  readonly #lanes: AnnounceLane[] = [];
  readonly #context: LaneContext;
  readonly #key: number;
  #running = false;
  #startedAsSeed = false;
  #completed = false;
  #stopping: Promise<void> | undefined;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#tiers = new TrackerTiers(options.trackers, options.random);
    this.#key = options.random.integer(2 ** 32);
    this.#context = {
      clock: options.clock,
      scheduler: options.scheduler ?? new AnnounceScheduler({ clock: options.clock }),
      tiers: this.#tiers,
      inOrder: () => options.inOrder?.() === true,
      sessionOf: (url) => this.#sessionOf(url),
      urgencyOf: (event) => this.#urgencyOf(event),
      notAsked: (session, error) => this.#failed(session, error),
      ask: (session, event, signal) => this.#ask(session, event, signal),
      completedDelivered: (session) => this.#completedDelivered(session),
      changed: (session) => this.#changed(session),
    };
    if (options.announceToAll === true) {
      for (const { url } of this.#tiers.trackers) {
        this.#lanes.push(new AnnounceLane(this.#context, url));
      }
    } else {
      this.#lanes.push(new AnnounceLane(this.#context));
    }
  }

  /** How each tracker is doing, in the order in which they are tried. */
  get trackers(): readonly TrackerStatus[] {
    return this.#tiers.trackers.map(({ url }) => this.#statusOf(this.#sessionOf(url)));
  }

  /**
   * Begins to announce, with `started`. After a `stop` it begins anew. A torrent that has nothing left to download at this
   * moment is a seed, and {@link completed} will do nothing.
   */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#completed = false;
    this.#startedAsSeed = Number(this.#options.stats().left) === 0;
    for (const session of this.#sessions.values()) session.reset();
    if (this.#stopping === undefined) {
      this.#wakeAll();
    } else {
      // `started` must not overtake the `stopped` still on its way.
      void this.#stopping.then(() => {
        if (this.#running) this.#wakeAll();
      });
    }
  }

  /** The download has just ended: says so once. Does nothing for a torrent that was a seed when it was started. */
  completed(): void {
    if (!this.#running || this.#startedAsSeed || this.#completed) return;
    this.#completed = true;
    for (const { url } of this.#tiers.trackers) this.#sessionOf(url).owesCompleted = true;
    this.#wakeAll();
  }

  /** More peers are wanted: announces as soon as the tracker's minimum interval permits it. */
  update(): void {
    if (!this.#running || this.#stopping !== undefined) return;
    for (const lane of this.#lanes) lane.update();
  }

  /** Adds a tracker as a tier of its own, after all others. Returns false when it is known already, or too many are. */
  addTracker(url: string): boolean {
    const known = new Set(this.#sessions.keys());
    if (!this.#tiers.add(url)) return false;
    const added = this.#tiers.trackers.at(-1)?.url ?? url;
    if (!known.has(added)) this.#changed(this.#sessionOf(added));
    if (this.#options.announceToAll === true) {
      const lane = new AnnounceLane(this.#context, added);
      this.#lanes.push(lane);
      if (this.#canAnnounce()) lane.wake();
    } else if (this.#canAnnounce() && !this.#works()) {
      this.#wakeAll();
    }
    return true;
  }

  /**
   * Ends announcing: says `stopped` to every tracker that was told `started`, and waits for their answers, at most
   * `timeout` milliseconds (default {@link DEFAULT_STOP_WAIT}; less for trackers that never answered). Never rejects.
   */
  stop(options: { readonly timeout?: number } = {}): Promise<void> {
    if (!this.#running) return this.#stopping ?? Promise.resolve();
    const waiting = this.#stopping;
    this.#running = false;
    for (const lane of this.#lanes) lane.stop();
    const timeout = options.timeout ?? DEFAULT_STOP_WAIT;
    const told = [...this.#sessions.values()].filter(
      ({ started, starting }) => started || starting,
    );
    const stopping = Promise.all([
      waiting,
      ...told.map((session) => this.#sayStopped(session, timeout)),
    ])
      .then(() => undefined)
      .finally(() => {
        if (this.#stopping === stopping) this.#stopping = undefined;
      });
    this.#stopping = stopping;
    return stopping;
  }

  #reachOf(url: string): Reach | undefined {
    return this.#options.reach?.(url);
  }

  #canAnnounce(): boolean {
    return this.#running && this.#stopping === undefined;
  }

  #works(): boolean {
    return [...this.#sessions.values()].some(
      ({ started, error }) => started && error === undefined,
    );
  }

  #wakeAll(): void {
    if (this.#canAnnounce()) for (const lane of this.#lanes) lane.wake();
  }

  #sessionOf(url: string): TrackerSession {
    let session = this.#sessions.get(url);
    if (session === undefined) {
      session = new TrackerSession(url);
      this.#sessions.set(url, session);
    }
    return session;
  }

  #statusOf(session: TrackerSession): TrackerStatus {
    const { clock } = this.#options;
    const place = this.#tiers.get(session.url) ?? {
      url: session.url,
      tier: 0,
      failures: 0,
      retryAt: 0,
    };
    return session.status(place, (time) => Math.round(clock.wallTime() + time - clock.now()));
  }

  #changed(session: TrackerSession): void {
    const { onStatus } = this.#options;
    if (onStatus !== undefined) callOut(() => onStatus(this.#statusOf(session)));
  }

  #completedDelivered(session: TrackerSession): void {
    if (this.#options.announceToAll === true) {
      session.owesCompleted = false;
    } else {
      // The trackers of a torrent stand in for each other: one of them has counted it.
      for (const each of this.#sessions.values()) each.owesCompleted = false;
    }
  }

  #request(session: TrackerSession, event: AnnounceEvent | undefined): AnnounceRequest {
    const { stats, port, numwant = DEFAULT_NUMWANT, infoHash, peerId } = this.#options;
    const wanted = typeof numwant === 'function' ? numwant() : numwant;
    const { uploaded, downloaded, left } = stats();
    return {
      infoHash,
      peerId,
      port: typeof port === 'function' ? port() : port,
      uploaded,
      downloaded,
      left,
      event,
      numwant: event === 'stopped' ? 0 : wanted,
      key: this.#key,
      trackerId: session.trackerId,
      ip: this.#options.ip,
      ipv4: this.#options.ipv4,
      ipv6: this.#options.ipv6,
    };
  }

  async #ask(
    session: TrackerSession,
    event: AnnounceEvent | undefined,
    signal: AbortSignal,
  ): Promise<AnnounceResponse | Error> {
    const { client, clock, onPeers, onExternalIp } = this.#options;
    const { url } = session;
    try {
      const answer = await client.announce(url, this.#request(session, event), {
        signal,
        reach: this.#reachOf(url),
      });
      if (signal.aborted) return answer;
      session.answered(answer, clock.wallTime());
      this.#tiers.succeeded(url);
      callOut(() => onPeers(answer.peers, url, answer.namedPeers));
      const { externalIp } = answer;
      if (externalIp !== undefined) callOut(() => onExternalIp?.(externalIp, url));
      return answer;
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      if (!signal.aborted) this.#failed(session, error);
      return error;
    }
  }

  #failed(session: TrackerSession, error: Error): void {
    session.error = error;
    const known = error instanceof TrackerError ? error : undefined;
    const hopeless = known !== undefined && HOPELESS.has(known.code);
    const retryIn = hopeless ? 'never' : known?.retryIn;
    this.#tiers.failed(session.url, this.#options.clock.now(), retryIn);
  }

  #urgencyOf(event: AnnounceEvent | undefined): Urgency {
    if (event === 'completed') return URGENCY.completed;
    if (event !== 'started') return URGENCY.regular;
    return Number(this.#options.stats().left) === 0 ? URGENCY.started : URGENCY.leeching;
  }

  /**
   * Says `stopped`, and `completed` before it where that is still owed: a download that ends when it is complete would
   * otherwise never be counted. Settles when the tracker has answered, or the time is over, whatever the client does.
   */
  #sayStopped(session: TrackerSession, timeout: number): Promise<void> {
    const { client, clock } = this.#options;
    const owed = session.started && session.owesCompleted;
    const requests = owed ? [this.#request(session, 'completed')] : [];
    if (owed) this.#completedDelivered(session);
    requests.push(this.#request(session, 'stopped'));
    const wait = session.started ? timeout : Math.min(timeout, UNCONFIRMED_STOP_WAIT);
    session.reset();
    return new Promise((resolve) => {
      new StopCall({
        client,
        clock,
        scheduler: this.#context.scheduler,
        url: session.url,
        reach: this.#reachOf(session.url),
        requests,
        timeout: wait,
        ended: () => {
          this.#changed(session);
          resolve();
        },
      }).start();
    });
  }
}
