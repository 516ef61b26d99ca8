import type { Endpoint, Resolve } from '@shoal/net';

/** A node of the DHT as a .torrent names it. */
export interface NamedNode {
  /** Name or IP literal. */
  readonly host: string;
  readonly port: number;
}

/** Nodes of one torrent: whoever makes one names few. */
const MAX_OF_ONE = 16;
/** Nodes that wait; further ones are left out. */
const MAX_WAITING = 256;
/** Nodes that are remembered, so that torrents that name the same cost one look-up. */
const MAX_KNOWN = 4_096;
/** Names that are looked up at the same time. */
const MAX_RESOLVING = 4;
/** Addresses taken of one name. */
const MAX_ADDRESSES = 4;

export interface NamedNodesOptions {
  /** Finds the addresses of names. */
  readonly resolve: Resolve;
  /** Takes a node whose address is known. */
  readonly found: (endpoint: Endpoint) => void;
}

/** The nodes that torrents name (`nodes`, BEP 5): a bounded number of them, looked up a few at a time once the DHT is there. */
export class NamedNodes {
  readonly #options: NamedNodesOptions;
  readonly #closing = new AbortController();
  readonly #known = new Set<string>();
  #waiting: NamedNode[] = [];
  #resolving = 0;
  #isOpen = false;

  constructor(options: NamedNodesOptions) {
    this.#options = options;
  }

  /** A torrent names these. */
  add(nodes: readonly NamedNode[]): void {
    for (const node of nodes.slice(0, MAX_OF_ONE)) {
      const key = `${node.host} ${node.port}`;
      if (this.#waiting.length >= MAX_WAITING || this.#known.has(key)) continue;
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.add(key);
      this.#waiting.push(node);
    }
    this.#next();
  }

  /** There is a DHT to give them to from now on. */
  open(): void {
    this.#isOpen = true;
    this.#next();
  }

  /** Nobody is to be found any more. */
  close(): void {
    this.#isOpen = false;
    this.#waiting = [];
    this.#closing.abort();
  }

  #next(): void {
    while (this.#isOpen && this.#resolving < MAX_RESOLVING) {
      const node = this.#waiting.shift();
      if (node === undefined) return;
      this.#resolving += 1;
      void this.#lookUp(node).finally(() => {
        this.#resolving -= 1;
        this.#next();
      });
    }
  }

  /** Never rejects: where a name has no address now, the torrent's peers will know other nodes. */
  async #lookUp({ host, port }: NamedNode): Promise<void> {
    const { resolve, found } = this.#options;
    const addresses = await resolve(host, { signal: this.#closing.signal }).catch(() => []);
    if (!this.#isOpen) return;
    for (const address of addresses.slice(0, MAX_ADDRESSES)) found({ address, port });
  }
}
