import { BencodeError, encode, parse, type BencodeNode } from '@shoal/bencode';
import { decodeNodes, encodeNodes, ID_BYTES, type Family, type NodeInfo } from './krpc/index.ts';
import { MAX_STATE_BYTES, MAX_STATE_CONTACTS } from './limits.ts';

/** The format of {@link encodeState}. */
const VERSION = 1;

/** What is kept of one family. */
export interface FamilyState {
  /** Our own id there, 20 bytes. */
  readonly id: Uint8Array;
  readonly nodes: readonly NodeInfo[];
}

/** What is kept from one run to the next. */
export type DhtState = ReadonlyMap<Family, FamilyState>;

/** Writes a state: bencode, at most 400 nodes of each family, about 25 KB. */
export function encodeState(state: DhtState): Uint8Array {
  const families: Record<string, { id: Uint8Array; nodes: Uint8Array }> = {};
  for (const [family, { id, nodes }] of state) {
    const kept = encodeNodes(nodes.slice(0, MAX_STATE_CONTACTS), family);
    families[family === 4 ? 'ipv4' : 'ipv6'] = { id, nodes: kept };
  }
  return encode({ ...families, version: VERSION });
}

/** Reads a state. Total: what is no state, or one of another version, is an empty one. All bytes are copied. */
export function decodeState(bytes: Uint8Array): DhtState {
  const state = new Map<Family, FamilyState>();
  let root: BencodeNode;
  try {
    root = parse(bytes, { maxLength: MAX_STATE_BYTES, maxTokens: 64, maxDepth: 4 }).root;
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    return state;
  }
  const version = root.get('version');
  if (version?.type !== 'integer' || version.asInteger() !== VERSION) return state;
  for (const [key, family] of [
    ['ipv4', 4],
    ['ipv6', 6],
  ] as const) {
    const id = root.get(key)?.get('id');
    const nodes = root.get(key)?.get('nodes');
    if (id?.type !== 'bytes' || id.size !== ID_BYTES || nodes?.type !== 'bytes') continue;
    const kept = decodeNodes(nodes.asBytes(), family, MAX_STATE_CONTACTS);
    const usable = kept.filter(({ endpoint }) => endpoint.port !== 0);
    state.set(family, { id: new Uint8Array(id.asBytes()), nodes: usable });
  }
  return state;
}
