import { encode } from '@shoal/bencode';
import { ID_BYTES, KEY_BYTES } from '../krpc/messages.ts';
import { MAX_SALT_BYTES } from './item.ts';
import { mutableTarget } from './target.ts';
import { parseValue } from './value.ts';

/** A torrent that its publisher may replace by another: where its info-hash is looked up (BEP 46). */
export interface PublicKeyMagnet {
  /** Ed25519 public key, 32 bytes. */
  readonly key: Uint8Array;
  /** At most 64 bytes; empty where there is none. */
  readonly salt: Uint8Array;
  /** Target of the mutable item, 20 bytes. */
  readonly target: Uint8Array;
}

/** Characters of a link that are looked at; others' parameters (`dn`, `tr` …) have room in it. */
const MAX_LINK_LENGTH = 16_384;
const EXACT_SOURCE = /^urn:btpk:([0-9a-f]{64})$/i;
const HEX = /^(?:[0-9a-f]{2})*$/i;

/**
 * Reads `magnet:?xs=urn:btpk:<public key>&s=<salt>`, both in hexadecimal (BEP 46). Total: undefined for any text that is none,
 * and where key or salt have a wrong length or there are several of them that differ.
 */
export function parsePublicKeyMagnet(link: string): PublicKeyMagnet | undefined {
  if (link.length > MAX_LINK_LENGTH || !/^magnet:\?/i.test(link)) return undefined;
  const parameters = new URLSearchParams(link.slice(link.indexOf('?') + 1));
  const keys = new Set<string>();
  for (const source of parameters.getAll('xs')) {
    const hex = EXACT_SOURCE.exec(source)?.[1];
    if (hex !== undefined) keys.add(hex.toLowerCase());
  }
  const salts = new Set(parameters.getAll('s').map((hex) => hex.toLowerCase()));
  const [key] = keys;
  const [salt = ''] = salts;
  if (key === undefined || keys.size > 1 || salts.size > 1) return undefined;
  if (!HEX.test(salt) || salt.length > 2 * MAX_SALT_BYTES) return undefined;
  const keyBytes = bytesOf(key);
  const saltBytes = bytesOf(salt);
  return { key: keyBytes, salt: saltBytes, target: mutableTarget(keyBytes, saltBytes) };
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/**
 * Writes the link of a public key and a salt.
 * @throws RangeError when either has a wrong length.
 */
export function formatPublicKeyMagnet(key: Uint8Array, salt?: Uint8Array): string {
  if (key.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`);
  if ((salt?.length ?? 0) > MAX_SALT_BYTES) {
    throw new RangeError(`a salt has at most ${MAX_SALT_BYTES} bytes`);
  }
  const link = `magnet:?xs=urn:btpk:${Buffer.from(key).toString('hex')}`;
  return salt === undefined || salt.length === 0
    ? link
    : `${link}&s=${Buffer.from(salt).toString('hex')}`;
}

/**
 * The value of the item that names a torrent: `{ih: <info-hash>}` as bencode (BEP 46).
 * @param infoHash 20 bytes.
 * @throws RangeError when it has another length.
 */
export function torrentValue(infoHash: Uint8Array): Uint8Array {
  if (infoHash.length !== ID_BYTES) throw new RangeError(`an info-hash has ${ID_BYTES} bytes`);
  return encode({ ih: infoHash });
}

/** The info-hash, 20 bytes, that the value of an item names (BEP 46), copied; undefined where it names none. Total. */
export function infoHashOfValue(value: Uint8Array): Uint8Array | undefined {
  const infoHash = parseValue(value)?.get('ih');
  if (infoHash?.type !== 'bytes' || infoHash.size !== ID_BYTES) return undefined;
  return infoHash.asBytes().slice();
}
