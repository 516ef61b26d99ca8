import { addressToBytes, readUint32 } from '@shoal/net';

const DOT = 0x2e;
const ZERO = 0x30;
/** The third word of an IPv4-mapped IPv6 address. */
const MAPPED = 0xffff;

/**
 * Reads a canonical IP literal into four 32-bit words, as an IPv6 address; IPv4 ones are IPv4-mapped. Returns the family. IPv4
 * allocates nothing.
 */
export function readAddressWords(address: string, words: Uint32Array): 4 | 6 {
  if (!address.includes(':')) {
    let value = 0;
    let octet = 0;
    for (let at = 0; at < address.length; at += 1) {
      const char = address.charCodeAt(at);
      if (char === DOT) {
        value = (value << 8) | octet;
        octet = 0;
      } else {
        octet = octet * 10 + char - ZERO;
      }
    }
    words[0] = 0;
    words[1] = 0;
    words[2] = MAPPED;
    words[3] = (value << 8) | octet;
    return 4;
  }
  const bytes = addressToBytes(address);
  for (let word = 0; word < 4; word += 1) words[word] = readUint32(bytes, word * 4);
  return 6;
}
