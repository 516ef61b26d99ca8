import { pexFlags, type PexPeer, type UtPexMessage } from '@shoal/peer-wire';
import { MAX_EXCESS, MAX_NAMED, PEX_PERIOD, PeerExchange } from '../../src/pex/peer-exchange.ts';
import { PexRoster } from '../../src/pex/pex-roster.ts';

const REMOTE = { address: '8.8.8.8', port: 6881 };
const at = (index: number, flags = 0): PexPeer => ({
  address: `20.0.${index >> 8}.${index & 255}`,
  port: 6881,
  flags,
});
const rosterOf = (...peers: PexPeer[]) => {
  const roster = new PexRoster();
  const entries = peers.map(({ address, port, flags }) => roster.add({ address, port }, flags));
  return { roster, entries };
};
const addedOf = (message: UtPexMessage | undefined) => message?.added.map(({ address }) => address);
const names = (...peers: PexPeer[]): UtPexMessage => ({ added: peers, dropped: [] });

describe('what a peer is told', () => {
  it('is who we are connected to, but not itself, and later who came and left', () => {
    const exchange = new PeerExchange(REMOTE, 0);
    const { roster, entries } = rosterOf(at(1, pexFlags.seed), { ...REMOTE, flags: 0 }, at(2));
    expect(exchange.next(roster, entries[1], 0)).toEqual({
      added: [at(1, pexFlags.seed), at(2)],
      dropped: [],
    });
    roster.remove(entries[0]!);
    roster.add(at(3), 0);
    expect(exchange.next(roster, entries[1], PEX_PERIOD)).toEqual({
      added: [at(3)],
      dropped: [{ address: '20.0.0.1', port: 6881 }],
    });
    expect(exchange.next(roster, entries[1], 2 * PEX_PERIOD)).toBeUndefined();
  });

  it('waits a minute after each message, but not for the first one', () => {
    const exchange = new PeerExchange(REMOTE, 0);
    const { roster } = rosterOf();
    expect(exchange.next(roster, undefined, 0)).toBeUndefined();
    roster.add(at(1), 0);
    expect(addedOf(exchange.next(roster, undefined, 1_000))).toEqual(['20.0.0.1']);
    roster.add(at(2), 0);
    expect(exchange.next(roster, undefined, 1_000 + PEX_PERIOD - 1)).toBeUndefined();
    expect(addedOf(exchange.next(roster, undefined, 1_000 + PEX_PERIOD))).toEqual(['20.0.0.2']);
  });

  it('is fifty at a time and a hundred in all, until some of them leave', () => {
    const exchange = new PeerExchange(REMOTE, 0);
    const { roster, entries } = rosterOf(...Array.from({ length: 130 }, (_, i) => at(i)));
    const counts = [0, 1, 2].map(
      (minute) => exchange.next(roster, undefined, minute * PEX_PERIOD)?.added.length,
    );
    expect(counts).toEqual([50, 50, undefined]);
    for (const entry of entries.slice(0, 60)) roster.remove(entry);
    const next = exchange.next(roster, undefined, 3 * PEX_PERIOD);
    expect([next?.dropped.length, next?.added.length]).toEqual([50, 30]);
    const last = exchange.next(roster, undefined, 4 * PEX_PERIOD);
    expect([last?.dropped.length, last?.added.length]).toEqual([10, 0]);
  });

  it('has nobody added who is dropped in the same message', () => {
    const exchange = new PeerExchange(REMOTE, 0);
    const { roster, entries } = rosterOf(at(1));
    exchange.next(roster, undefined, 0);
    roster.remove(entries[0]!);
    roster.add(at(2), 0);
    const message = exchange.next(roster, undefined, PEX_PERIOD);
    expect(addedOf(message)).toEqual(['20.0.0.2']);
    expect(message?.dropped.map(({ address }) => address)).toEqual(['20.0.0.1']);
  });

  it('keeps addresses that are not public among those who have such', () => {
    const home = { address: '192.168.1.2', port: 1, flags: 0 };
    const { roster } = rosterOf(home, at(1));
    expect(addedOf(new PeerExchange(REMOTE, 0).next(roster, undefined, 0))).toEqual(['20.0.0.1']);
    const near = new PeerExchange({ address: '10.0.0.7', port: 1 }, 0);
    expect(addedOf(near.next(roster, undefined, 0))).toEqual(['192.168.1.2', '20.0.0.1']);
    const linkLocal = new PeerExchange({ address: 'fe80::1%eth0', port: 1 }, 0);
    expect(addedOf(linkLocal.next(roster, undefined, 0))).toEqual(['20.0.0.1']);
  });
});

describe('what a peer tells', () => {
  it('is taken once', () => {
    const exchange = new PeerExchange(REMOTE, 0);
    expect(exchange.take(names(at(1), at(2), at(1)), 0)).toEqual([at(1), at(2)]);
    expect(exchange.take(names(at(2), at(3)), 60_000)).toEqual([at(3)]);
  });

  it('is not taken of strangers where it leads into our own network', () => {
    const exchange = new PeerExchange(REMOTE, 0);
    const bad = ['127.0.0.1', '10.0.0.1', '169.254.0.1', '224.0.0.1', '0.0.0.0', '::1', 'fe80::1'];
    const peers = bad.map((address) => ({ address, port: 80, flags: 0 }));
    expect(exchange.take(names(...peers), 0)).toEqual([]);
  });

  it('has one port of each address in a message', () => {
    const exchange = new PeerExchange(REMOTE, 0);
    const ports = Array.from({ length: 50 }, (_, port) => ({ ...at(1), port: port + 1 }));
    expect(exchange.take(names(...ports), 0)).toHaveLength(1);
  });

  it('is bounded, and has room again for those it drops', () => {
    const exchange = new PeerExchange(REMOTE, 0);
    const many = Array.from({ length: MAX_NAMED + 50 }, (_, index) => at(index));
    expect(exchange.take(names(...many), 0)).toHaveLength(MAX_NAMED);
    expect(exchange.take(names(at(1_000)), 60_000)).toEqual([]);
    exchange.take({ added: [], dropped: many.slice(0, 5) }, 120_000);
    expect(exchange.take(names(at(1_000)), 180_000)).toEqual([at(1_000)]);
  });

  it('is ignored where it comes too often, and counted', () => {
    const exchange = new PeerExchange(REMOTE, 0);
    let taken = 0;
    for (let index = 0; index <= MAX_EXCESS + 4; index++) {
      taken += exchange.take(names(at(index)), index).length;
    }
    expect(taken).toBe(4);
    expect(exchange.excess).toBe(MAX_EXCESS + 1);
  });

  it('is not held against who comes once a minute, late or early', () => {
    const exchange = new PeerExchange(REMOTE, 0);
    for (let minute = 0; minute < 200; minute++) {
      const late = minute % 3 === 0 ? 25_000 : 0;
      expect(exchange.take(names(at(minute)), minute * 60_000 + late)).toHaveLength(1);
      exchange.take({ added: [], dropped: [at(minute)] }, minute * 60_000 + late);
      if (minute % 2 === 0) continue;
    }
  });
});
