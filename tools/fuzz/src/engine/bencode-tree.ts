import type { SeededRandom } from './random.ts';

/**
 * A piece of bencode that mutation can take apart. Read and written by code of its own: what is tested must not decide what it is
 * tested with. Integers are kept as they are spelled.
 */
export type Tree =
  | { kind: 'integer'; text: string }
  | { kind: 'bytes'; bytes: Uint8Array }
  | { kind: 'list'; items: Tree[] }
  | { kind: 'dictionary'; entries: [Uint8Array, Tree][] };

/** Containers inside one another that are taken apart. */
const MAX_DEPTH = 40;

/** Reads bencode, or what looks like it; undefined where that is not to be. Gives also where it ends. */
export function readTree(bytes: Uint8Array): { tree: Tree; end: number } | undefined {
  let at = 0;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

  function string(): Uint8Array | undefined {
    const colon = text.indexOf(0x3a, at);
    if (colon < 0 || colon - at > 10) return undefined;
    const digits = text.toString('latin1', at, colon);
    if (!/^\d+$/.test(digits) || Number(digits) > bytes.length - colon - 1) return undefined;
    at = colon + 1 + Number(digits);
    return bytes.slice(colon + 1, at);
  }

  function value(depth: number): Tree | undefined {
    const byte = bytes[at];
    if (byte === 0x69) {
      const end = text.indexOf(0x65, at);
      if (end < 0) return undefined;
      const digits = text.toString('latin1', at + 1, end);
      at = end + 1;
      return { kind: 'integer', text: digits };
    }
    if (byte === 0x6c || byte === 0x64) {
      if (depth >= MAX_DEPTH) return undefined;
      at++;
      return byte === 0x6c ? list(depth) : dictionary(depth);
    }
    const found = string();
    return found && { kind: 'bytes', bytes: found };
  }

  function list(depth: number): Tree | undefined {
    const items: Tree[] = [];
    while (bytes[at] !== 0x65) {
      const item = value(depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
    }
    at++;
    return { kind: 'list', items };
  }

  function dictionary(depth: number): Tree | undefined {
    const entries: [Uint8Array, Tree][] = [];
    while (bytes[at] !== 0x65) {
      const key = string();
      const entry = key && value(depth + 1);
      if (key === undefined || entry === undefined) return undefined;
      entries.push([key, entry]);
    }
    at++;
    return { kind: 'dictionary', entries };
  }

  const tree = value(0);
  return tree && { tree, end: at };
}

/** Writes it, with lengths that are right. */
export function writeTree(tree: Tree): Uint8Array {
  const parts: Uint8Array[] = [];
  const ascii = (text: string): number => parts.push(Buffer.from(text, 'latin1'));
  const string = (bytes: Uint8Array): void => {
    ascii(`${bytes.length}:`);
    parts.push(bytes);
  };
  const write = (node: Tree): void => {
    switch (node.kind) {
      case 'integer':
        ascii(`i${node.text}e`);
        break;
      case 'bytes':
        string(node.bytes);
        break;
      case 'list':
        ascii('l');
        node.items.forEach(write);
        ascii('e');
        break;
      case 'dictionary':
        ascii('d');
        for (const [key, entry] of node.entries) {
          string(key);
          write(entry);
        }
        ascii('e');
    }
  };
  write(tree);
  return new Uint8Array(Buffer.concat(parts));
}

/** Puts the keys of all dictionaries in order: a strict reader stops at the first that is not. */
export function sortKeys(tree: Tree): void {
  if (tree.kind === 'list') tree.items.forEach(sortKeys);
  if (tree.kind !== 'dictionary') return;
  tree.entries.sort(([left], [right]) => Buffer.compare(left, right));
  for (const [, entry] of tree.entries) sortKeys(entry);
}

/** A place in a tree: a value, and how to put another one there. */
interface Place {
  readonly value: Tree;
  readonly key: Uint8Array | undefined;
  put(value: Tree): void;
  remove(): void;
  double(): void;
}

/** Places looked at; one of them is chosen. */
const MAX_PLACES = 2_000;

function placesOf(root: { tree: Tree }): Place[] {
  const places: Place[] = [
    {
      value: root.tree,
      key: undefined,
      put: (value) => (root.tree = value),
      remove: () => (root.tree = { kind: 'list', items: [] }),
      double: () => (root.tree = { kind: 'list', items: [root.tree, root.tree] }),
    },
  ];
  for (let at = 0; at < places.length && places.length < MAX_PLACES; at++) {
    const value = places[at]?.value;
    if (value?.kind === 'list') {
      value.items.forEach((item, index) =>
        places.push({
          value: item,
          key: undefined,
          put: (other) => (value.items[index] = other),
          remove: () => value.items.splice(index, 1),
          double: () => value.items.splice(index, 0, item),
        }),
      );
    } else if (value?.kind === 'dictionary') {
      value.entries.forEach((entry, index) =>
        places.push({
          value: entry[1],
          key: entry[0],
          put: (other) => (entry[1] = other),
          remove: () => value.entries.splice(index, 1),
          double: () => value.entries.splice(index, 0, [entry[0], entry[1]]),
        }),
      );
    }
  }
  return places;
}

const INTEGERS = [
  '0',
  '1',
  '-1',
  '2',
  '16384',
  '65535',
  '65536',
  '2147483647',
  '2147483648',
  '4294967295',
  '4294967296',
  '9007199254740991',
  '9007199254740992',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775808',
  '18446744073709551616',
  '340282366920938463463374607431768211456',
  '-0',
  '01',
  '',
] as const;

function otherValue(random: SeededRandom, tokens: readonly string[]): Tree {
  switch (random.below(6)) {
    case 0:
      return { kind: 'integer', text: random.pick(INTEGERS) };
    case 1:
      return { kind: 'bytes', bytes: random.bytes(random.pick([0, 1, 6, 18, 20, 26, 32, 64])) };
    case 2:
      return { kind: 'bytes', bytes: Buffer.from(random.pick(tokens) ?? '..', 'latin1') };
    case 3:
      return { kind: 'list', items: [] };
    case 4:
      return { kind: 'dictionary', entries: [] };
    default:
      return { kind: 'integer', text: `${random.uint32() % (1 << (1 + random.below(30)))}` };
  }
}

/** Changes one thing of a piece of bencode; undefined where the bytes are none. */
export function mutateTree(
  bytes: Uint8Array,
  other: Uint8Array,
  random: SeededRandom,
  tokens: readonly string[],
): Uint8Array | undefined {
  const read = readTree(bytes);
  if (read === undefined) return undefined;
  const root = { tree: read.tree };
  const place = random.pick(placesOf(root));
  if (place === undefined) return undefined;
  const { value } = place;
  switch (random.below(9)) {
    case 0:
      place.remove();
      break;
    case 1:
      place.double();
      break;
    case 2:
    case 3:
      place.put(otherValue(random, tokens));
      break;
    case 4: {
      const from = random.bool() ? readTree(other)?.tree : root.tree;
      const taken = from && random.pick(placesOf({ tree: from }))?.value;
      if (taken !== undefined) place.put(structuredClone(taken));
      break;
    }
    case 5:
      place.put({ kind: 'list', items: [value] });
      break;
    case 6:
      if (value.kind === 'dictionary') {
        const key = Buffer.from(random.pick(tokens) ?? `${random.below(100)}`, 'latin1');
        value.entries.push([key, otherValue(random, tokens)]);
      } else if (value.kind === 'list') value.items.push(otherValue(random, tokens));
      else place.put(otherValue(random, tokens));
      break;
    case 7:
      if (value.kind === 'bytes') {
        const changed = Uint8Array.from(value.bytes);
        if (changed.length > 0) changed[random.below(changed.length)] = random.below(256);
        place.put({ kind: 'bytes', bytes: changed });
      } else if (value.kind === 'integer')
        place.put({ kind: 'integer', text: random.pick(INTEGERS) });
      break;
    default:
      if (value.kind === 'bytes') {
        const length = random.bool()
          ? Math.max(0, value.bytes.length + random.below(9) - 4)
          : random.below(2 * value.bytes.length + 2);
        const resized = new Uint8Array(length);
        resized.set(value.bytes.subarray(0, length));
        place.put({ kind: 'bytes', bytes: resized });
      }
  }
  // Mostly in order, so that what lies deeper is reached.
  if (random.below(8) > 0) sortKeys(root.tree);
  const written = writeTree(root.tree);
  const behind = bytes.subarray(read.end);
  return behind.length === 0 ? written : new Uint8Array(Buffer.concat([written, behind]));
}
