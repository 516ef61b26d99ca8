import type { Endpoint, Random } from '@shoal/net';
import { SimWorld, type SimHost } from '@shoal/net/sim';
import { DhtNode, ID_BYTES } from '../../src/index.ts';
import { makeNodeId } from '../../src/security-id.ts';
import { randomIdNear } from '../../src/node-id.ts';
import { HostileNode, MISDEEDS, randomPublicAddress } from './hostile-node.ts';

/** What a simulated DHT is made of. */
export interface DhtWorldOptions {
  readonly seed: number;
  /** Nodes in all. */
  readonly nodes: number;
  /** Share of them that goes away without a word, before anything is looked up. */
  readonly dead: number;
  /** Share of them that is hostile. */
  readonly hostile: number;
  /** Share of datagrams that is lost. */
  readonly loss?: number;
}

const PORT = 6881;
/** Nodes everybody bootstraps from. */
const FIRST_NODES = 5;
/** Milliseconds between two nodes that join. */
const JOIN_EVERY = 40;
/** One-way latency to the middle of the network, milliseconds. */
const MAX_LATENCY = 80;

/** An honest node of the world. */
export interface Member {
  readonly host: SimHost;
  readonly node: DhtNode;
}

/** A DHT in a simulated network. */
export class DhtWorld {
  readonly world: SimWorld;
  readonly random: Random;
  /** Honest nodes that are there. */
  members: Member[] = [];
  readonly hostile: HostileNode[] = [];
  readonly #options: DhtWorldOptions;
  readonly #addresses = new Set<string>();
  readonly #bootstrap: Endpoint[] = [];
  readonly #honest: Endpoint[] = [];
  #sentByTheGone = 0;

  constructor(options: DhtWorldOptions) {
    this.#options = options;
    this.world = new SimWorld({ seed: options.seed });
    this.random = this.world.random;
  }

  /** Lets all nodes join, one after the other, and the dead ones go. */
  async build(): Promise<void> {
    const { nodes, dead, hostile } = this.#options;
    const hostileCount = Math.round(nodes * hostile);
    const conspiracy = { friends: this.hostile, honest: this.#honest, random: this.random };
    const order: boolean[] = [];
    for (let index = 0; index < nodes; index++) order.push(index >= nodes - hostileCount);
    shuffleFrom(order, FIRST_NODES, this.random);
    for (const isHostile of order) {
      if (isHostile) {
        const host = this.#host();
        const misdeed = MISDEEDS[this.hostile.length % MISDEEDS.length]!;
        const id = this.random.bytes(ID_BYTES);
        const node = new HostileNode(host, misdeed, id, conspiracy);
        await node.open();
        this.hostile.push(node);
      } else await this.join();
      this.#greet();
      await this.world.run({ limit: JOIN_EVERY });
    }
    await this.settle(60_000);
    const leaving = shuffled(this.members.slice(FIRST_NODES), this.random);
    for (const member of leaving.slice(0, Math.round(nodes * dead))) this.kill(member);
  }

  /** Datagrams that honest nodes have sent. */
  get sentDatagrams(): number {
    const sent = this.members.map(({ node }) => node.stats.sentDatagrams);
    return sent.reduce((sum, each) => sum + each, this.#sentByTheGone);
  }

  /** One more honest node. */
  async join(): Promise<Member> {
    const host = this.#host();
    const node = await DhtNode.open({
      host,
      port: PORT,
      bootstrap: this.#bootstrap.slice(),
      // What is held in advance for many peers would be most of a node's memory here.
      limits: { maxNetworks: 64, maxPeers: 10_000 },
      ...(this.#bootstrap.length < FIRST_NODES && {
        nodeId: makeNodeId(host.address, this.random),
      }),
    });
    const member = { host, node };
    const endpoint = { address: host.address, port: PORT };
    if (this.#bootstrap.length < FIRST_NODES) this.#bootstrap.push(endpoint);
    this.members.push(member);
    this.#honest.push(endpoint);
    return member;
  }

  /** So many nodes surround a target, and let everybody know. */
  async surround(target: Uint8Array, count: number): Promise<void> {
    const friends: HostileNode[] = [];
    const conspiracy = { friends, honest: this.#honest, random: this.random };
    for (let added = 0; added < count; added++) {
      const id = randomIdNear(target, 60 + added, this.random);
      const node = new HostileNode(this.#host(), 'eclipse', id, conspiracy);
      await node.open();
      friends.push(node);
    }
    for (const to of this.#honest) for (const node of friends) node.greet(to);
    await this.settle(60_000);
  }

  /** A node goes away without a word. */
  kill(member: Member): void {
    this.#sentByTheGone += member.node.stats.sentDatagrams;
    member.host.down();
    void member.node.close();
    this.members.splice(this.members.indexOf(member), 1);
  }

  /** Any honest node but the first ones. */
  any(): Member {
    const from = Math.min(FIRST_NODES, this.members.length - 1);
    return this.members[from + this.random.integer(this.members.length - from)]!;
  }

  /** Lets so much virtual time pass. */
  async settle(milliseconds: number): Promise<void> {
    const step = 5_000;
    for (let passed = 0; passed < milliseconds; passed += step) {
      this.#greet();
      await this.world.run({ limit: Math.min(step, milliseconds - passed) });
    }
  }

  /** Runs the world until a promise of it has settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    promise.then(done, done);
    const end = await this.world.run({ until: () => settled, limit: 600_000 });
    if (end !== 'until') throw new Error('it takes for ever');
    return promise;
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map(({ node }) => node.close()));
  }

  /** Hostile nodes push themselves into the tables of others. */
  #greet(): void {
    if (this.#honest.length === 0) return;
    for (let count = 0; count < Math.min(5, this.hostile.length); count++) {
      const node = this.hostile[this.random.integer(this.hostile.length)];
      const to = this.#honest[this.random.integer(this.#honest.length)];
      if (to !== undefined) node?.greet(to);
    }
  }

  #host(): SimHost {
    let address = randomPublicAddress(this.random);
    while (this.#addresses.has(address)) address = randomPublicAddress(this.random);
    this.#addresses.add(address);
    const latency = 5 + this.random.next() * MAX_LATENCY;
    return this.world.host({ address, latency, loss: this.#options.loss ?? 0 });
  }
}

/** A copy in random order. */
export function shuffled<T>(list: readonly T[], random: Random): T[] {
  const copy = [...list];
  shuffleFrom(copy, 0, random);
  return copy;
}

function shuffleFrom(list: unknown[], from: number, random: Random): void {
  for (let at = list.length - 1; at > from; at--) {
    const other = from + random.integer(at - from + 1);
    [list[at], list[other]] = [list[other], list[at]];
  }
}
