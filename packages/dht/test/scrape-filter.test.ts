import { addressToBytes } from '@shoal/net';
import fc from 'fast-check';
import { ScrapePurpose } from '../src/lookup/purposes.ts';
import { Candidate } from '../src/lookup/shortlist.ts';
import { scrapeBits, ScrapeFilter } from '../src/scrape-filter.ts';
import { fixture } from './support/fixture.ts';
import { fromHex, toHex } from './support/hex.ts';

interface FilterVector {
  ips?: string[];
  addresses?: string;
  filter: string;
  estimate: number;
}
const { bloom_filters: vectors } = fixture('bep33-bep42') as { bloom_filters: FilterVector[] };

/** The addresses of the BEP's own vector. */
function publishedAddresses(): string[] {
  const ipv4 = Array.from({ length: 256 }, (_, at) => `192.0.2.${at}`);
  const ipv6 = Array.from({ length: 0x3e8 }, (_, at) => `2001:db8::${at.toString(16)}`);
  return [...ipv4, ...ipv6];
}

function filterOf(addresses: Iterable<string>): ScrapeFilter {
  const filter = ScrapeFilter.empty();
  for (const address of addresses) filter.insert(addressToBytes(address));
  return filter;
}

const addresses = fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 60 });

describe('ScrapeFilter (BEP 33)', () => {
  it.each(vectors.map((vector, at) => [at, vector] as const))('vector %i', (_at, vector) => {
    const filter = filterOf(vector.ips ?? publishedAddresses());
    expect(toHex(filter.bytes)).toBe(vector.filter);
    expect(filter.estimate()).toBeCloseTo(vector.estimate, 3);
  });

  it('has whatever was inserted, in any order', () => {
    fc.assert(
      fc.property(addresses, (list) => {
        const filter = filterOf(list);
        for (const address of list) expect(filter.has(addressToBytes(address))).toBe(true);
        expect(filter.isEmpty).toBe(list.length === 0);
        expect(filterOf([...list].reverse()).bytes).toEqual(filter.bytes);
        expect(filterOf([...list, ...list]).bytes).toEqual(filter.bytes);
      }),
    );
  });

  it('merges to the filter of the union', () => {
    fc.assert(
      fc.property(addresses, addresses, (left, right) => {
        const merged = filterOf(left);
        const other = filterOf(right);
        merged.merge(other);
        expect(merged.bytes).toEqual(filterOf([...left, ...right]).bytes);
        expect(other.bytes).toEqual(filterOf(right).bytes);
      }),
    );
  });

  it('takes places computed beforehand', () => {
    const filter = ScrapeFilter.empty();
    filter.insertBits(scrapeBits(addressToBytes('192.168.1.1')));
    expect(filter.bytes).toEqual(filterOf(['192.168.1.1']).bytes);
    expect(filter.has(addressToBytes('192.168.1.2'))).toBe(false);
  });

  it('is not spoilt by a node that says everybody is there', () => {
    const purpose = new ScrapePurpose(new Uint8Array(20), []);
    const endpoint = { address: '192.0.2.9', port: 1 };
    const candidate = new Candidate({ id: new Uint8Array(20), endpoint }, true, 1);
    const { bytes } = filterOf(['192.0.2.1', '192.0.2.2']);
    const full = new Uint8Array(256).fill(0xff);
    const answer = (seedsFilter: Uint8Array, peersFilter: Uint8Array): void => {
      const body = { seedsFilter, peersFilter };
      const id = new Uint8Array(20);
      purpose.onResponse(candidate, { kind: 'response', transaction: id, id, body });
    };
    answer(bytes, bytes);
    answer(full, bytes);
    answer(bytes, full);
    expect(purpose.seeds.bytes).toEqual(bytes);
    expect(purpose.peers.bytes).toEqual(bytes);
    expect(purpose.tellers).toBe(1);
  });

  it('takes any 256 bytes from outside, and copies them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 256, maxLength: 256 }), (bytes) => {
        const filter = ScrapeFilter.from(bytes);
        expect(filter?.bytes).toEqual(bytes);
        expect(filter?.bytes).not.toBe(bytes);
        expect(Number.isFinite(filter?.estimate())).toBe(true);
      }),
    );
    expect(ScrapeFilter.from(new Uint8Array(255))).toBeUndefined();
    expect(ScrapeFilter.from(new Uint8Array(257))).toBeUndefined();
    const full = ScrapeFilter.from(fromHex('ff'.repeat(256)));
    expect(full?.estimate()).toBeCloseTo(7805.7, 1);
    expect([full?.isFull, ScrapeFilter.empty().isFull]).toEqual([true, false]);
  });
});
