import type { Endpoint } from '../endpoint.ts';
import type { Path, PathMap } from './path.ts';
import type { SimHost } from './host.ts';

function pairKey(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}

/** A socket in a multicast group. */
export interface GroupMember {
  readonly host: SimHost;
  arrive(datagram: Uint8Array, from: Endpoint): void;
}

/** Who is where, and how far from whom. Hosts are known by the first of their addresses. */
export class Topology implements PathMap {
  readonly #hosts = new Map<string, SimHost>();
  readonly #down = new Set<string>();
  readonly #cuts = new Set<string>();
  readonly #latencies = new Map<string, number>();
  readonly #held = new Set<Path>();
  /** Members of each multicast group, by its endpoint. */
  readonly #groups = new Map<string, Set<GroupMember>>();

  add(host: SimHost): void {
    for (const address of host.addresses) {
      if (this.#hosts.has(address)) throw new Error(`two hosts with the address ${address}`);
    }
    for (const address of host.addresses) this.#hosts.set(address, host);
  }

  find(address: string): SimHost | undefined {
    return this.#hosts.get(address);
  }

  /** The members of a multicast group; whoever joins or leaves it changes the set. */
  group(key: string): Set<GroupMember> {
    let members = this.#groups.get(key);
    if (members === undefined) {
      members = new Set();
      this.#groups.set(key, members);
    }
    return members;
  }

  latency(from: string, to: string): number {
    if (from === to) return 0;
    const own = this.#latencies.get(pairKey(from, to));
    if (own !== undefined) return own;
    return (this.#hosts.get(from)?.latency ?? 0) + (this.#hosts.get(to)?.latency ?? 0);
  }

  reachable(from: string, to: string): boolean {
    if (from === to) return true;
    if (this.#down.has(from) || this.#down.has(to)) return false;
    return !this.#cuts.has(pairKey(from, to));
  }

  hold(path: Path): void {
    this.#held.add(path);
  }

  setLatency(one: string, other: string, latency: number): void {
    this.#latencies.set(pairKey(one, other), latency);
  }

  setCut(one: string, other: string, cut: boolean): void {
    if (cut) this.#cuts.add(pairKey(one, other));
    else this.#cuts.delete(pairKey(one, other));
  }

  setDown(address: string, down: boolean): void {
    if (down) this.#down.add(address);
    else this.#down.delete(address);
  }

  /** Lets the traffic go on that has become possible again. */
  release(): void {
    for (const path of [...this.#held]) if (path.release()) this.#held.delete(path);
  }
}
