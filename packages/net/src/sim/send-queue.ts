interface QueuedWrite {
  readonly bytes: Uint8Array;
  readonly written: ((error?: Error) => void) | undefined;
}

/** The bytes a connection has accepted and the network has not taken yet. */
export class SendQueue {
  #writes: QueuedWrite[] = [];
  #first = 0;
  /** Bytes of the first write that are taken already. */
  #offset = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get hasBytes(): boolean {
    return this.#bytes > 0;
  }

  /** Writes not yet answered: there may be some without bytes. */
  get length(): number {
    return this.#writes.length - this.#first;
  }

  add(bytes: Uint8Array, written: ((error?: Error) => void) | undefined): void {
    this.#writes.push({ bytes, written });
    this.#bytes += bytes.length;
  }

  /** Fills `target`, which is no longer than what is queued, and answers the callbacks of the writes that are done. */
  take(target: Uint8Array): (() => void)[] {
    const done: (() => void)[] = [];
    let filled = 0;
    for (;;) {
      const write = this.#writes[this.#first];
      if (write === undefined) break;
      const part = Math.min(target.length - filled, write.bytes.length - this.#offset);
      if (part > 0) target.set(write.bytes.subarray(this.#offset, this.#offset + part), filled);
      filled += part;
      this.#offset += part;
      if (this.#offset < write.bytes.length) break;
      const { written } = write;
      if (written !== undefined) done.push(() => written());
      this.#first++;
      this.#offset = 0;
    }
    this.#bytes -= filled;
    if (this.#first >= 64 && this.#first * 2 >= this.#writes.length) {
      this.#writes = this.#writes.slice(this.#first);
      this.#first = 0;
    }
    return done;
  }

  /** Empties the queue and answers the callbacks of what is lost. */
  clear(): ((error?: Error) => void)[] {
    const lost: ((error?: Error) => void)[] = [];
    for (const { written } of this.#writes.slice(this.#first))
      if (written !== undefined) lost.push(written);
    this.#writes = [];
    this.#first = 0;
    this.#offset = 0;
    this.#bytes = 0;
    return lost;
  }
}
