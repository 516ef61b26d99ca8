import { addressKind } from '@shoal/net';
import { codeOf } from '../errors.ts';
import { networkOf } from './network-of.ts';

/** Networks remembered for what they did: 2,048 take well under 1 MiB. Who did it longest ago is forgotten first. */
const MAX_OFFENDERS = 2048;

/** Milliseconds in which a point is forgotten: addresses change hands, hosts share them, and some look in each minute whether we are up. */
export const POINT_TIME = 60_000;

/** Points for a connection that brought no handshake. */
const FAILED_HANDSHAKE = 1;
/**
 * Points where it brought something else. Honest ones do that where they first try to encrypt, as most clients do unless told
 * otherwise, and come back without; there may be many behind one gateway.
 */
const OTHER_PROTOCOL = 0.25;
/** Points for a peer that had to go for breaking the protocol. */
const MISBEHAVIOUR = 8;
/** Points that a complete handshake takes away, and one for a torrent that takes no peers now: somebody honest is there, too. */
const HANDSHAKE = 1;
/** Points from which on an address is let wait: a host that first tries to encrypt for each of some dozens of torrents stays below. */
export const SHUNNED_FROM = 16;
/** Points of an address at most, so that the handshakes of others there count before long: with these it waits for the longest. */
const MAX_POINTS = SHUNNED_FROM + 4;

/** Milliseconds that an address waits first; each further point doubles it. */
const MIN_WAIT = 2_000;
/** Milliseconds it waits at most: whoever is honest and behind the same address gives up after ten seconds. */
const MAX_WAIT = 8_000;

/** What an address did. */
interface Offender {
  points: number;
  /** Connections that brought something else, of those who have not come back with a handshake; at most {@link MAX_POINTS}. */
  others: number;
  /** Monotonic ms at which it did so last. */
  at: number;
  /** Monotonic ms before which its connections are let wait. */
  notBefore: number;
}

/**
 * The addresses from which connections came that were a waste: those that go on so have to wait, longer each time, until their next
 * connection is looked at. An IPv6 address is known by its network ({@link networkOf}). A loopback address is never among them, as
 * all clients of this machine share it.
 */
export class Offenders {
  readonly #offenders = new Map<string, Offender>();

  /** How many are remembered. */
  get size(): number {
    return this.#offenders.size;
  }

  /** Monotonic ms before which nothing is to be read of a connection from there; -Infinity: it may be read at once. */
  notBefore(address: string): number {
    return this.#offenders.get(networkOf(address))?.notBefore ?? -Infinity;
  }

  /**
   * A handshake was complete.
   *
   * @returns it comes from where something else came before, as from somebody who first tried to encrypt
   */
  greeted(address: string): boolean {
    const network = networkOf(address);
    const offender = this.#offenders.get(network);
    if (offender === undefined) return false;
    const cameBack = offender.others > 0;
    if (cameBack) offender.others -= 1;
    offender.points -= HANDSHAKE;
    if (offender.points <= 0 && offender.others === 0) this.#offenders.delete(network);
    return cameBack;
  }

  /**
   * A connection ended before its handshake was complete, in order or not. Whether we wanted no more peers is not its fault.
   *
   * @returns as {@link greeted}
   */
  failed(address: string, error: Error | undefined, now: number): boolean {
    const code = codeOf(error);
    if (code === 'ERR_PEER_UNWANTED') return this.greeted(address);
    if (code === 'ERR_WIRE_NOT_BITTORRENT') this.#note(address, OTHER_PROTOCOL, now, 1);
    else this.#note(address, FAILED_HANDSHAKE, now);
    return false;
  }

  /**
   * A connection whose handshake was complete has ended.
   *
   * @returns it broke the protocol
   */
  parted(address: string, error: Error | undefined, now: number): boolean {
    const code = codeOf(error);
    if (code !== 'ERR_PEER_MISBEHAVED' && code?.startsWith('ERR_WIRE_') !== true) return false;
    this.#note(address, MISBEHAVIOUR, now);
    return true;
  }

  #note(address: string, points: number, now: number, others = 0): void {
    if (addressKind(address) === 'loopback') return;
    const network = networkOf(address);
    const known = this.#offenders.get(network);
    const left = known === undefined ? 0 : known.points - (now - known.at) / POINT_TIME;
    const sum = Math.min(MAX_POINTS, Math.max(0, left) + points);
    const wait = Math.min(MAX_WAIT, MIN_WAIT * 2 ** (sum - SHUNNED_FROM));
    const notBefore = sum < SHUNNED_FROM ? -Infinity : now + wait;
    this.#offenders.delete(network);
    others = Math.min(MAX_POINTS, (known?.others ?? 0) + others);
    this.#offenders.set(network, { points: sum, others, at: now, notBefore });
    for (const oldest of this.#offenders.keys()) {
      if (this.#offenders.size <= MAX_OFFENDERS) return;
      this.#offenders.delete(oldest);
    }
  }
}
