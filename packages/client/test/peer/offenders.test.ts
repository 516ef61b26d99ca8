import { PeerError } from '../../src/errors.ts';
import { OFFENCE_TIME, Offenders, SHUNNED_FROM } from '../../src/peer/offenders.ts';

const ADDRESS = '20.0.0.1';
const misbehaved = new PeerError('ERR_PEER_MISBEHAVED', 'It goes on');

function failing(times: number, address = ADDRESS, now = 1_000): Offenders {
  const offenders = new Offenders();
  for (let index = 0; index < times; index += 1) offenders.failed(address, undefined, now);
  return offenders;
}

describe('Offenders', () => {
  it('lets an address wait from the fourth failure on, longer each time, a minute at most', () => {
    expect(failing(SHUNNED_FROM - 1).notBefore(ADDRESS)).toBe(-Infinity);
    const waits = [4, 5, 6, 7, 8, 9, 100].map((times) => failing(times).notBefore(ADDRESS) - 1_000);
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  it('forgets after some minutes', () => {
    const offenders = failing(SHUNNED_FROM - 1);
    offenders.failed(ADDRESS, undefined, 1_000 + OFFENCE_TIME);
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

  it('remembers a bounded number, the latest', () => {
    const offenders = new Offenders();
    for (let index = 0; index < 5_000; index += 1) {
      offenders.failed(`20.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, undefined, 1);
    }
    expect(offenders.size).toBe(2_048);
  });
});
