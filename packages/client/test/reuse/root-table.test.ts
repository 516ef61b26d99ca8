import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { RootTable } from '../../src/reuse/root-table.ts';

const rootOf = (number: number): Uint8Array => createHash('sha256').update(String(number)).digest();

describe('the table of pieces roots', () => {
  it('finds all torrents that name a root, and none that are gone', () => {
    const commands = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('add' as const), owner: fc.nat(9), root: fc.nat(300) }),
        fc.record({ kind: fc.constant('delete' as const), owner: fc.nat(9), root: fc.nat(0) }),
      ),
      { maxLength: 600 },
    );
    fc.assert(
      fc.property(commands, (steps) => {
        const table = new RootTable<{ readonly id: number }>();
        const owners = Array.from({ length: 10 }, (_, id) => ({ id }));
        const model = owners.map(() => new Set<number>());
        for (const { kind, owner, root } of steps) {
          const who = owners[owner] ?? { id: -1 };
          if (kind === 'add') {
            table.add(who, rootOf(root), 0);
            model[owner]?.add(root);
          } else {
            table.delete(who);
            model[owner]?.clear();
          }
        }
        for (let root = 0; root <= 300; root++) {
          const expected = owners.filter(({ id }) => model[id]?.has(root) === true);
          const found = table.find(rootOf(root), 0);
          expect(new Set(found)).toEqual(new Set(expected));
          expect(found).toHaveLength(expected.length);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('does not grow with torrents that come and go', () => {
    const table = new RootTable<object>();
    for (let round = 0; round < 500; round++) {
      const owner = {};
      for (let root = 0; root < 100; root++) table.add(owner, rootOf(root), 0);
      table.delete(owner);
    }
    expect(table.slots).toBeLessThanOrEqual(512);
  });

  it('takes no more than 22 bytes for each root', () => {
    const table = new RootTable<object>();
    const bytes = new Uint8Array(32);
    const view = new DataView(bytes.buffer);
    for (let root = 1; root <= 50_000; root++) {
      view.setUint32(0, root);
      table.add(table, bytes, 0);
      if (root > 100) expect((table.slots * 8) / root).toBeLessThan(22);
    }
  });

  it('remembers few of the torrents that name one root, and few times one that names it often', () => {
    const table = new RootTable<object>();
    for (let round = 0; round < 5_000; round++) table.add({}, rootOf(1), 0);
    expect(table.find(rootOf(1), 0)).toHaveLength(16);
    const same = {};
    for (let round = 0; round < 5_000; round++) table.add(same, rootOf(2), 0);
    expect(table.find(rootOf(2), 0)).toEqual([same]);
    expect(table.slots).toBeLessThanOrEqual(64);
  });
});
