/** Requests to web seeds that are under way over all torrents: so many in all, and so many to one server. */
export class RequestSlots {
  readonly #limit: number;
  readonly #limitPerServer: number;
  readonly #servers = new Map<string, number>();
  #used = 0;
  /** Who asked in vain, in that order, and how to tell them to ask again. */
  readonly #waiting = new Map<object, () => void>();
  #isServing = false;

  constructor(limit: number, limitPerServer: number) {
    this.#limit = limit;
    this.#limitPerServer = limitPerServer;
  }

  /** Slots in use. */
  get used(): number {
    return this.#used;
  }

  /** Takes a slot for a request to a server (its origin). Where there is none, `retry` is called once, in turn, when there may be. */
  take(server: string, who: object, retry: () => void): boolean {
    const count = this.#servers.get(server) ?? 0;
    if (this.#used >= this.#limit || count >= this.#limitPerServer) {
      this.#waiting.set(who, retry);
      return false;
    }
    this.#used++;
    this.#servers.set(server, count + 1);
    return true;
  }

  /** Gives one back. */
  release(server: string): void {
    const count = (this.#servers.get(server) ?? 1) - 1;
    if (count > 0) this.#servers.set(server, count);
    else this.#servers.delete(server);
    this.#used--;
  }

  /** Lets those who asked in vain try again, in turn. */
  serveWaiting(): void {
    if (this.#waiting.size === 0 || this.#isServing) return;
    this.#isServing = true;
    const line = [...this.#waiting];
    for (const [who, retry] of line) if (this.#waiting.delete(who)) retry();
    this.#isServing = false;
  }

  /** Gives up a place in the line. */
  forget(who: object): void {
    this.#waiting.delete(who);
  }
}
