import { encode } from '@shoal/bencode';
import type { BencodeNode } from '@shoal/bencode';
import { addressFromBytes, addressToBytes, isIPv6Address } from '@shoal/net';
import { checkInteger, checkUint32 } from '../bytes.ts';
import { WireError } from '../errors.ts';
import {
  MAX_EXTENSION_COUNT,
  MAX_EXTENSION_HANDSHAKE_LENGTH,
  MAX_METADATA_LENGTH,
  MAX_NAME_LENGTH,
} from '../limits.ts';
import { bytesIn, integerIn, integerOf, parseDictionary } from './fields.ts';

/** What a peer says of itself in an extended handshake (BEP 10). Everything is optional. */
export interface ExtensionHandshake {
  /**
   * `m`: the extended ids under which the sender takes the messages of each extension, 1 to 255; 0 disables one. Each handshake
   * tells only what changes.
   */
  readonly extensions: ReadonlyMap<string, number>;
  /** `v`: client and version, at most 64 characters. */
  readonly client?: string | undefined;
  /** `p`: the TCP port the sender listens on, 1 to 65,535. */
  readonly port?: number | undefined;
  /** `reqq`: how many requests the sender keeps queued, 1 to 2^32 - 1. */
  readonly requestQueueLength?: number | undefined;
  /** `yourip`: the address the sender sees us at, IPv4 or IPv6. */
  readonly yourAddress?: string | undefined;
  /** `ipv4`: the sender's own IPv4 address. */
  readonly ipv4?: string | undefined;
  /** `ipv6`: the sender's own IPv6 address. */
  readonly ipv6?: string | undefined;
  /** `metadata_size`: bytes of the info dictionary (BEP 9), 1 to 30 MiB. */
  readonly metadataLength?: number | undefined;
  /** `upload_only`: whether the sender wants nothing more (BEP 21). */
  readonly uploadOnly?: boolean | undefined;
}

/** Never shown of a client's name: control, format and bidirectional marks, line separators, unassigned. */
const UNSHOWABLE = /[\p{C}\u2028\u2029]/gu;

/**
 * Reads the payload of an extended handshake. What is unknown, of the wrong type or out of range is as if it were not there.
 * `client` is text a terminal can show; a page must escape it like any other. Throws `ERR_WIRE_EXTENSION_PAYLOAD` when
 * the payload is no bencoded dictionary within the limits. A peer may send a handshake more than once.
 */
export function decodeExtensionHandshake(payload: Uint8Array): ExtensionHandshake {
  const what = 'an extended handshake';
  const { root } = parseDictionary(what, payload, MAX_EXTENSION_HANDSHAKE_LENGTH);
  const ipv6 = addressIn(root, 'ipv6', 16);
  const uploadOnly = integerIn(root, 'upload_only', 0, Number.MAX_SAFE_INTEGER);
  return {
    extensions: extensionsOf(root.get('m')),
    client: clientOf(root.get('v')),
    port: integerIn(root, 'p', 1, 0xffff),
    requestQueueLength: integerIn(root, 'reqq', 1, 0xffff_ffff),
    yourAddress: addressIn(root, 'yourip', 4, 16),
    ipv4: addressIn(root, 'ipv4', 4),
    // An IPv4 address in the guise of an IPv6 one says nothing new.
    ipv6: ipv6 !== undefined && isIPv6Address(ipv6) ? ipv6 : undefined,
    metadataLength: integerIn(root, 'metadata_size', 1, MAX_METADATA_LENGTH),
    uploadOnly: uploadOnly === undefined ? undefined : uploadOnly > 0,
  };
}

/** The payload of an extended handshake. Throws `ERR_WIRE_INVALID_ARGUMENT` for a value out of range. */
export function encodeExtensionHandshake(handshake: Partial<ExtensionHandshake>): Uint8Array {
  const { client, port, requestQueueLength, metadataLength, uploadOnly } = handshake;
  const extensions = handshake.extensions ?? new Map<string, number>();
  checkInteger('the number of extensions', extensions.size, MAX_EXTENSION_COUNT);
  for (const [name, id] of extensions) {
    if (!isExtensionName(name)) throw invalid('an extension has a name of 1 to 64 bytes');
    checkInteger(`the id of ${name}`, id, 0xff);
  }
  if (client !== undefined && clientName(client) !== client) {
    throw invalid('a client has a name of 1 to 64 printable characters');
  }
  if (port !== undefined) checkFromOne('port', port, 0xffff);
  if (requestQueueLength !== undefined) {
    checkUint32('the request queue length', requestQueueLength);
    checkFromOne('the request queue length', requestQueueLength, 0xffff_ffff);
  }
  if (metadataLength !== undefined) {
    checkFromOne('the metadata length', metadataLength, MAX_METADATA_LENGTH);
  }
  return encode({
    m: extensions,
    v: client,
    p: port,
    reqq: requestQueueLength,
    yourip: addressBytes('yourAddress', handshake.yourAddress),
    ipv4: addressBytes('ipv4', handshake.ipv4, 4),
    ipv6: addressBytes('ipv6', handshake.ipv6, 16),
    metadata_size: metadataLength,
    upload_only: uploadOnly === undefined ? undefined : Number(uploadOnly),
  });
}

function extensionsOf(m: BencodeNode | undefined): Map<string, number> {
  const extensions = new Map<string, number>();
  if (m?.type !== 'dictionary') return extensions;
  for (const [name, node] of m.entries()) {
    const id = integerOf(node, 0, 0xff);
    if (id === undefined || extensions.has(name) || !isExtensionName(name)) continue;
    extensions.set(name, id);
    if (extensions.size === MAX_EXTENSION_COUNT) break;
  }
  return extensions;
}

function isExtensionName(name: string): boolean {
  return name.length >= 1 && name.length <= MAX_NAME_LENGTH;
}

function clientOf(v: BencodeNode | undefined): string | undefined {
  return v?.type === 'bytes' ? clientName(v.asText() ?? '') : undefined;
}

/** What is fit to show of a client's name, or undefined where nothing is. */
function clientName(text: string): string | undefined {
  // Cut first: what a peer sends may be long. A cut pair of surrogates is dropped by the expression.
  const name = text.slice(0, MAX_NAME_LENGTH).replace(UNSHOWABLE, '').trim();
  return name === '' ? undefined : name;
}

function addressIn(root: BencodeNode, key: string, ...lengths: number[]): string | undefined {
  const bytes = bytesIn(root, key);
  return bytes !== undefined && lengths.includes(bytes.length)
    ? addressFromBytes(bytes)
    : undefined;
}

function addressBytes(
  name: string,
  address: string | undefined,
  length?: 4 | 16,
): Uint8Array | undefined {
  if (address === undefined) return undefined;
  let bytes;
  try {
    bytes = addressToBytes(address);
  } catch (error) {
    throw invalid(`${name} is no IP address`, error);
  }
  if (length !== undefined && bytes.length !== length) {
    throw invalid(`${name} must be an address of ${length} bytes, not ${bytes.length}`);
  }
  return bytes;
}

function checkFromOne(name: string, value: number, max: number): void {
  checkInteger(name, value, max);
  if (value === 0) throw invalid(`${name} must not be 0`);
}

function invalid(message: string, cause?: unknown): WireError {
  return new WireError('ERR_WIRE_INVALID_ARGUMENT', message, { cause });
}
