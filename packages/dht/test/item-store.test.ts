import { seededRandom } from '@shoal/net';
import fc from 'fast-check';
import { ITEM_LIFETIME_MS, ItemStore } from '../src/items/item-store.ts';
import type { ItemStoreOptions } from '../src/items/item-store.ts';
import type { MutableItem } from '../src/items/item.ts';
import { ItemKeyPair } from '../src/items/signature.ts';
import { immutableTarget, itemTarget } from '../src/items/target.ts';
import type { PutQuery } from '../src/krpc/index.ts';
import { text } from './support/hex.ts';
import { StillClock } from './support/still-clock.ts';

const keys = ItemKeyPair.fromSeed(new Uint8Array(32).fill(1));

function signed(seq: bigint, value = '5:hello', salt = ''): MutableItem {
  return keys.sign({ salt: text(salt), seq, value: text(value) });
}

function putOf(item: MutableItem | string, cas?: bigint): PutQuery {
  const put = { method: 'put', token: text('token'), cas } as const;
  if (typeof item === 'string') return { ...put, value: text(item) };
  const { kind: _kind, ...fields } = item;
  return { ...put, ...fields };
}

function make(options: Partial<ItemStoreOptions> = {}): { clock: StillClock; store: ItemStore } {
  const clock = new StillClock();
  const random = seededRandom(1);
  const nodeId = new Uint8Array(20);
  return { clock, store: new ItemStore({ clock, random, nodeId, ...options }) };
}

const address = (index: number) => `10.0.${index >>> 8}.${index & 255}`;
const numberItem = (index: number) => `i${index}e`;

describe('ItemStore (BEP 44)', () => {
  it('stores immutable items, in bytes of its own', () => {
    const { store } = make();
    const put = putOf('5:hello');
    const target = immutableTarget(text('5:hello'));
    expect(store.get(target)).toBeUndefined();
    expect(store.put(put, '1.2.3.4')).toBeUndefined();
    put.value.fill(0);
    expect(store.get(target)).toEqual({ kind: 'immutable', value: text('5:hello') });
    expect(store.size).toBe(1);
  });

  it('replaces mutable items by newer ones, and only by those', () => {
    const { store } = make();
    const target = itemTarget(signed(1n));
    expect(store.put(putOf(signed(1n)), '1.2.3.4')).toBeUndefined();
    expect(store.put(putOf(signed(3n, '3:new')), '5.6.7.8')).toBeUndefined();
    expect(store.get(target)).toEqual(signed(3n, '3:new'));
    expect(store.put(putOf(signed(2n)), '1.2.3.4')?.code).toBe(302);
    expect(store.put(putOf(signed(4n), 2n), '1.2.3.4')?.code).toBe(301);
    expect(store.get(target)).toEqual(signed(3n, '3:new'));
    expect(store.put(putOf(signed(4n), 3n), '1.2.3.4')).toBeUndefined();
    expect(store.get(target)).toEqual(signed(4n));
    expect(store.size).toBe(1);
  });

  it('keeps items of one key and several salts apart', () => {
    const { store } = make();
    store.put(putOf(signed(1n, '1:a', 'a')), '1.2.3.4');
    store.put(putOf(signed(1n, '1:b', 'b')), '1.2.3.4');
    expect(store.get(itemTarget(signed(1n, '1:a', 'a')))).toMatchObject({ value: text('1:a') });
    expect(store.get(itemTarget(signed(1n, '1:b', 'b')))).toMatchObject({ value: text('1:b') });
  });

  it('refuses wrong signatures, also for what is stored already', () => {
    const { store } = make();
    const wrong = { ...signed(1n), signature: new Uint8Array(64) };
    expect(store.put(putOf(wrong), '1.2.3.4')?.code).toBe(206);
    expect(store.size).toBe(0);
    store.put(putOf(signed(1n)), '1.2.3.4');
    expect(store.put(putOf(wrong), '1.2.3.4')?.code).toBe(206);
    expect(store.get(itemTarget(signed(1n)))).toEqual(signed(1n));
  });

  it('forgets items after two hours, unless they are put again', () => {
    const { clock, store } = make();
    store.put(putOf('1:a'), '1.2.3.4');
    store.put(putOf(signed(1n)), '1.2.3.4');
    clock.advance(ITEM_LIFETIME_MS - 1);
    expect(store.put(putOf(signed(1n)), '9.9.9.9')).toBeUndefined();
    clock.advance(1);
    expect(store.get(immutableTarget(text('1:a')))).toBeUndefined();
    expect(store.get(itemTarget(signed(1n)))).toEqual(signed(1n));
    expect(store.size).toBe(2);
    store.sweep();
    expect(store.size).toBe(1);
    clock.advance(ITEM_LIFETIME_MS);
    // What has expired is no reason to refuse an older one.
    expect(store.put(putOf(signed(0n)), '1.2.3.4')).toBeUndefined();
    store.sweep();
    expect(store.get(itemTarget(signed(0n)))).toEqual(signed(0n));
  });

  it('has a budget for signatures, which items that are put again do not touch', () => {
    const { clock, store } = make({ verificationLimit: { rate: 1, burst: 2 } });
    expect(store.put(putOf(signed(1n)), '1.2.3.4')).toBeUndefined();
    expect(
      store.put(putOf({ ...signed(2n), signature: new Uint8Array(64) }), '6.6.6.6')?.code,
    ).toBe(206);
    expect(store.put(putOf(signed(2n)), '1.2.3.4')?.code).toBe(202);
    expect(store.put(putOf(signed(1n)), '1.2.3.4')).toBeUndefined();
    expect(store.put(putOf('1:a'), '1.2.3.4')).toBeUndefined();
    clock.advance(1_000);
    expect(store.put(putOf(signed(2n)), '1.2.3.4')).toBeUndefined();
  });

  it('keeps those closest to the node where there are too many', () => {
    const { store } = make({ maxItems: 20 });
    const targets = Array.from({ length: 300 }, (_, index) => {
      const fault = store.put(putOf(numberItem(index)), address(index));
      expect([undefined, 202]).toContain(fault?.code);
      expect(store.size).toBeLessThanOrEqual(20);
      return immutableTarget(text(numberItem(index)));
    });
    const closest = [...targets].sort((a, b) => Buffer.compare(a, b)).slice(0, 20);
    expect(store.size).toBe(20);
    for (const target of closest) expect(store.get(target)).toBeDefined();
  });

  it('lets go of what has expired before what is far away', () => {
    const { clock, store } = make({ maxItems: 20 });
    for (let index = 0; index < 20; index++) store.put(putOf(numberItem(index)), address(index));
    clock.advance(ITEM_LIFETIME_MS);
    for (let index = 20; index < 40; index++) {
      expect(store.put(putOf(numberItem(index)), address(index))).toBeUndefined();
    }
    expect(store.size).toBe(20);
  });

  it('looks at so many items of one network only', () => {
    const { clock, store } = make({ putsPerNetwork: { rate: 2, burst: 5 } });
    const put = (index: number, from: string) => store.put(putOf(numberItem(index)), from)?.code;
    for (let index = 0; index < 5; index++) expect(put(index, '80.1.2.3')).toBeUndefined();
    expect(put(5, '80.1.2.3')).toBe(202);
    expect(put(5, '80.1.2.4')).toBeUndefined();
    clock.advance(1_000);
    expect([6, 7, 8].map((index) => put(index, '80.1.2.3'))).toEqual([undefined, undefined, 202]);
    // One address of a local network may be that of many nodes.
    for (let index = 0; index < 50; index++) expect(put(index, '127.0.0.1')).toBeUndefined();
  });

  it('lets a network crowd out itself only', () => {
    const { store } = make({
      maxItemsPerNetwork: 3,
      maxItems: 10,
      putsPerNetwork: { rate: 1, burst: 1_000 },
    });
    store.put(putOf('1:a'), '9.9.9.9');
    for (let index = 0; index < 100; index++) {
      const host = `2001:db8::${index.toString(16)}`;
      expect(store.put(putOf(numberItem(index)), host)).toBeUndefined();
    }
    expect(store.size).toBe(4);
    expect(store.get(immutableTarget(text('1:a')))).toBeDefined();
    for (const index of [97, 98, 99]) {
      expect(store.get(immutableTarget(text(numberItem(index))))).toBeDefined();
    }
  });

  it('never holds more than its limits allow, whatever happens', () => {
    const step = fc.record({
      item: fc.nat(30),
      from: fc.nat(5),
      pause: fc.constantFrom(0, 0, 0, 1_000, ITEM_LIFETIME_MS / 2),
      sweep: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const { clock, store } = make({ maxItems: 6, maxItemsPerNetwork: 2 });
        for (const { item, from, pause, sweep } of steps) {
          clock.advance(pause);
          if (sweep) store.sweep();
          const put = putOf(numberItem(item));
          const fault = store.put(put, address(from));
          const stored = store.get(immutableTarget(put.value));
          expect(stored !== undefined).toBe(fault === undefined);
          expect(store.size).toBeLessThanOrEqual(6);
        }
        clock.advance(ITEM_LIFETIME_MS);
        store.sweep();
        expect(store.size).toBe(0);
        // Nothing is left on anybody's account either.
        expect(store.put(putOf('1:x'), address(0))).toBeUndefined();
        expect(store.put(putOf('1:y'), address(0))).toBeUndefined();
        expect(store.size).toBe(2);
      }),
    );
  });
});
