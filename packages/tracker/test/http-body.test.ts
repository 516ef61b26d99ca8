import { Readable } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { readBody } from '../src/http-body.ts';

/** An answer whose body comes in chunks of a byte. */
function dripping(length: number): IncomingMessage {
  function* bytes(): Generator<Uint8Array> {
    for (let at = 0; at < length; at++) yield Uint8Array.of(at & 0xff);
  }
  return Object.assign(Readable.from(bytes(), { objectMode: false }), {
    headers: {},
    complete: true,
  }) as unknown as IncomingMessage;
}

/** Bytes copied by `set` while the body is read. */
async function copiesOf(length: number): Promise<number> {
  const prototype = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
  const set = Object.getOwnPropertyDescriptor(prototype, 'set')!;
  const original = set.value as (this: Uint8Array, source: ArrayLike<number>, at?: number) => void;
  let copied = 0;
  Object.defineProperty(prototype, 'set', {
    ...set,
    value(this: Uint8Array, source: ArrayLike<number>, at?: number) {
      copied += source.length;
      original.call(this, source, at);
    },
  });
  try {
    const body = await readBody(dripping(length), { maxLength: 1_000_000, beyond: 'fail' });
    expect(body).toHaveLength(length);
    expect(body[length - 1]).toBe((length - 1) & 0xff);
  } finally {
    Object.defineProperty(prototype, 'set', set);
  }
  return copied;
}

it('a body in chunks of a byte takes work in proportion to its length', async () => {
  expect(await copiesOf(10_000)).toBeLessThan(4 * 10_000);
  expect(await copiesOf(40_000)).toBeLessThan(4 * 40_000);
});
