import fc from 'fast-check';
import { LSD_GROUPS } from '../../src/discovery/local-discovery.ts';
import {
  decodeLsdAnnounce,
  encodeLsdAnnounce,
  MAX_LSD_HASHES,
  MAX_LSD_LENGTH,
} from '../../src/discovery/lsd-message.ts';

const HASH = '0123456789abcdef0123456789abcdef01234567';
const [IPV4, IPV6] = LSD_GROUPS;
const text = (...lines: string[]) => Buffer.from(`${lines.join('\r\n')}\r\n\r\n\r\n`);
const FIRST = 'BT-SEARCH * HTTP/1.1';

describe('an announce in the local network (BEP 14)', () => {
  it('is written as the BEP has it', () => {
    const announce = { port: 6881, infoHashes: [HASH], cookie: 'c00kie' };
    expect(Buffer.from(encodeLsdAnnounce(IPV4!, announce)).toString()).toBe(
      `${FIRST}\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\nInfohash: ${HASH}\r\ncookie: c00kie\r\n\r\n\r\n`,
    );
    expect(Buffer.from(encodeLsdAnnounce(IPV6!, announce)).toString()).toContain(
      'Host: [ff15::efc0:988f]:6771\r\n',
    );
  });

  it('comes back as it was, and fits a packet', () => {
    const hash = fc.stringMatching(/^[0-9a-f]{40}$/);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 65_535 }),
        fc.uniqueArray(hash, { minLength: 1, maxLength: MAX_LSD_HASHES }),
        fc.option(fc.stringMatching(/^[0-9a-f]{16}$/), { nil: undefined }),
        (port, infoHashes, cookie) => {
          const announce = { port, infoHashes, cookie };
          const datagram = encodeLsdAnnounce(IPV6!, announce);
          expect(datagram.length).toBeLessThanOrEqual(MAX_LSD_LENGTH);
          expect(decodeLsdAnnounce(datagram)).toEqual(announce);
        },
      ),
    );
  });

  it('may have capitals, other headers, and no cookie', () => {
    const datagram = text(FIRST, 'HOST: x', 'X-New: 1', 'PORT:1', `INFOHASH:${HASH.toUpperCase()}`);
    expect(decodeLsdAnnounce(datagram)).toEqual({ port: 1, infoHashes: [HASH], cookie: undefined });
  });

  it.each<[string, Uint8Array]>([
    ['no first line', text(`Port: 1`, `Infohash: ${HASH}`)],
    ['another first line', text('GET / HTTP/1.1', 'Port: 1', `Infohash: ${HASH}`)],
    ['no port', text(FIRST, `Infohash: ${HASH}`)],
    ['port 0', text(FIRST, 'Port: 0', `Infohash: ${HASH}`)],
    ['port 65536', text(FIRST, 'Port: 65536', `Infohash: ${HASH}`)],
    ['a negative port', text(FIRST, 'Port: -1', `Infohash: ${HASH}`)],
    ['no hash', text(FIRST, 'Port: 1')],
    ['a short hash', text(FIRST, 'Port: 1', 'Infohash: 0123')],
    ['a hash that is none', text(FIRST, 'Port: 1', `Infohash: ${'g'.repeat(40)}`)],
    ['too long', text(FIRST, 'Port: 1', `Infohash: ${HASH}`, `X: ${'y'.repeat(MAX_LSD_LENGTH)}`)],
    ['nothing', new Uint8Array(0)],
  ])('is none with %s', (_what, datagram) => {
    expect(decodeLsdAnnounce(datagram)).toBeUndefined();
  });

  it('is read from anything without harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        expect(decodeLsdAnnounce(bytes)).toBeUndefined();
      }),
    );
    const hashes = Array.from({ length: 22 }, (_, index) => index.toString(16).padStart(40, '0'));
    const many = text(FIRST, 'Port: 1', ...hashes.map((hash) => `Infohash: ${hash}`));
    expect(decodeLsdAnnounce(many)?.infoHashes ?? []).toHaveLength(MAX_LSD_HASHES);
  });
});
