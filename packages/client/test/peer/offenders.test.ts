import { WireError } from '@shoal/peer-wire';
import { PeerError } from '../../src/errors.ts';
import { networkOf } from '../../src/peer/network-of.ts';
import { Offenders, POINT_TIME, SHUNNED_FROM } from '../../src/peer/offenders.ts';

const ADDRESS = '20.0.0.1';
const misbehaved = new PeerError('ERR_PEER_MISBEHAVED', 'It goes on');

function failing(times: number, address = ADDRESS, now = 1_000): Offenders {
  const offenders = new Offenders();
  for (let index = 0; index < times; index += 1) offenders.failed(address, undefined, now);
  return offenders;
}

describe('Offenders', () => {
  it('lets an address wait after some failures, longer each time, eight seconds at most', () => {
    expect(failing(SHUNNED_FROM - 1).notBefore(ADDRESS)).toBe(-Infinity);
    const waits = [0, 1, 2, 3, 4, 5, 100].map(
      (more) => failing(SHUNNED_FROM + more).notBefore(ADDRESS) - 1_000,
    );
    expect(waits).toEqual([2_000, 4_000, 8_000, 8_000, 8_000, 8_000, 8_000]);
  });

  it('forgets bit by bit, so that who looks in now and then never waits', () => {
    const offenders = failing(SHUNNED_FROM - 1);
    offenders.failed(ADDRESS, undefined, 1_000 + POINT_TIME);
    expect(offenders.notBefore(ADDRESS)).toBe(-Infinity);
    for (let minute = 2; minute < 100; minute += 1) {
      offenders.failed(ADDRESS, undefined, 1_000 + minute * POINT_TIME);
    }
    expect(offenders.notBefore(ADDRESS)).toBe(-Infinity);
    offenders.failed(ADDRESS, undefined, 1_000 + 99 * POINT_TIME);
    expect(offenders.notBefore(ADDRESS)).toBeGreaterThan(0);
  });

  it('forgives an address whose others are honest, however much was done before', () => {
    const offenders = failing(10_000);
    for (let index = 0; index < 8; index += 1) offenders.greeted(ADDRESS);
    offenders.failed(ADDRESS, undefined, 100_000);
    expect(offenders.notBefore(ADDRESS)).toBe(-Infinity);
  });

  it('does not mind those who try to encrypt first, several behind one address', () => {
    const offenders = new Offenders();
    for (let index = 0; index < 50; index += 1) {
      offenders.failed(ADDRESS, undefined, index);
      offenders.greeted(ADDRESS);
      offenders.parted(ADDRESS, undefined, index);
    }
    expect(offenders.notBefore(ADDRESS)).toBe(-Infinity);
    expect(offenders.size).toBe(0);
  });

  it('does not mind a host that does so for a dozen torrents at once, whether they take peers or not', () => {
    const offenders = new Offenders();
    const full = new PeerError('ERR_PEER_UNWANTED', 'no');
    for (let round = 0; round < 20; round += 1) {
      for (let torrent = 0; torrent < 12; torrent += 1) offenders.failed(ADDRESS, undefined, round);
      expect(offenders.notBefore(ADDRESS)).toBe(-Infinity);
      for (let torrent = 0; torrent < 6; torrent += 1) {
        offenders.greeted(ADDRESS);
        offenders.failed(ADDRESS, full, round);
      }
    }
    expect(offenders.size).toBe(0);
  });

  it('minds those who break the protocol after each good handshake', () => {
    const offenders = new Offenders();
    for (let index = 0; index < 4; index += 1) {
      offenders.greeted(ADDRESS);
      offenders.parted(ADDRESS, misbehaved, 1_000);
    }
    expect(offenders.notBefore(ADDRESS)).toBeGreaterThan(1_000);
  });

  it('does not mind that a torrent took nobody, nor anything of this machine', () => {
    const offenders = failing(50, '127.0.0.1');
    for (let index = 0; index < 50; index += 1) {
      offenders.failed(ADDRESS, new PeerError('ERR_PEER_UNWANTED', 'no'), 1);
      offenders.parted(ADDRESS, new PeerError('ERR_PEER_IDLE', 'silent'), 1);
    }
    expect(offenders.size).toBe(0);
  });

  it('knows an IPv6 host by its network, whichever of its addresses it takes; on a local network by its own', () => {
    const offenders = new Offenders();
    for (let index = 0; index < SHUNNED_FROM; index += 1) {
      offenders.failed(`2a01:4f8:1:2::${index.toString(16)}`, undefined, 1_000);
      offenders.failed(`fd00:1:2:3::${index.toString(16)}`, undefined, 1_000);
    }
    expect(offenders.notBefore('2a01:4f8:1:2:ffff::1')).toBeGreaterThan(1_000);
    expect(offenders.notBefore('2a01:4f8:1:3::1')).toBe(-Infinity);
    expect(offenders.notBefore('fd00:1:2:3::1')).toBe(-Infinity);
  });

  it('knows a host of IPv4 behind an address of IPv6 by its own, so that NAT64 is not one network', () => {
    expect(networkOf('64:ff9b::102:304')).toBe('1.2.3.4');
    expect(networkOf('2002:102:304::1')).toBe('1.2.3.4');
    expect(networkOf('2001:0:4136:e378:8000:63bf:3fff:fdd2')).toBe('192.0.2.45');
  });

  it('counts those who bring another protocol for a quarter, and says when they come back with a handshake', () => {
    const offenders = new Offenders();
    const other = new WireError('ERR_WIRE_NOT_BITTORRENT', 'It starts otherwise');
    for (let index = 1; index < 4 * SHUNNED_FROM; index += 1) {
      offenders.failed(ADDRESS, other, 1_000);
      expect(offenders.notBefore(ADDRESS)).toBe(-Infinity);
    }
    offenders.failed(ADDRESS, other, 1_000);
    expect(offenders.notBefore(ADDRESS)).toBeGreaterThan(1_000);
    const cameBack = Array.from({ length: 100 }, () => offenders.greeted(ADDRESS));
    expect(cameBack.lastIndexOf(true)).toBe(SHUNNED_FROM + 3);
    expect(offenders.size).toBe(0);
  });

  it('remembers a bounded number, the latest', () => {
    const offenders = new Offenders();
    for (let index = 0; index < 5_000; index += 1) {
      offenders.failed(`20.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, undefined, 1);
    }
    expect(offenders.size).toBe(2_048);
  });
});
