import { stat, writeFile } from 'node:fs/promises';
import { isUtf8 } from 'node:buffer';
import type { DhtNode, Item, ItemKeyPair, ItemPlace } from '@shoal/dht';
import { fromHex, toHex } from '@shoal/metainfo';
import { CliError, reasonOf, UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { readBytes } from '../read-bytes.ts';
import { jsonLine, plainText } from '../terminal/plain-text.ts';
import type { DhtCall } from './dht.ts';

/** Bytes of a file with a value: what BEP 44 allows, and some more, so that it is told what is too long. */
const MAX_VALUE_FILE = 4_096;
/** Bytes of a key file: 64 hex digits, and blanks. */
const MAX_KEY_FILE = 256;
/** Permissions of a key file: its owner may read and write it. */
const KEY_MODE = 0o600;
/** Those of others. */
const OTHERS_MODE = 0o077;

/** `shoal dht get` */
export async function getItem(call: DhtCall): Promise<number> {
  const { signal, world } = call;
  const place = await placeOf(call);
  const node = await call.open();
  const { item, ...figures } = await node.get(place, { signal });
  if (item === undefined) {
    world.stderr.write('shoal: no node has such an item\n');
    return ExitCode.network;
  }
  const { itemTarget } = await import('@shoal/dht');
  const text = await textOf(item.value);
  const { args } = call;
  if (args.json) {
    world.stdout.write(
      jsonLine({ ...describe(item, itemTarget(item)), text: text ?? null, ...figures }),
    );
  } else if (!args.quiet) {
    const bencode = Buffer.from(item.value).toString('latin1');
    world.stdout.write(`${plainText(args.bencoded ? bencode : (text ?? bencode))}\n`);
  }
  return ExitCode.done;
}

/** `shoal dht put` */
export async function putItem(call: DhtCall): Promise<number> {
  const { args, signal, world } = call;
  if (args.key === undefined) {
    const option = (['new-key', 'salt', 'seq', 'cas'] as const).find((name) => {
      return args[name] !== undefined && args[name] !== false;
    });
    if (option !== undefined)
      throw new UsageError(`--${option} is for mutable items: name a --key`);
  }
  const value = await valueOf(call);
  const { itemFault } = await import('@shoal/dht');
  const fault = itemFault({ kind: 'immutable', value });
  if (fault !== undefined) throw new UsageError(`no node takes such a value: ${fault.message}`);
  const salt = saltOf(call);
  const keys = args.key === undefined ? undefined : await keysOf(call, args.key);
  const node = await call.open();
  const item: Item =
    keys === undefined
      ? { kind: 'immutable', value }
      : keys.sign({ salt, value, seq: args.seq ?? (await nextSeq(node, keys, salt, signal)) });
  const { target, stored, ...figures } = await node.put(item, {
    signal,
    ...(args.cas !== undefined && { cas: args.cas }),
  });
  if (args.json) world.stdout.write(jsonLine({ ...describe(item, target), stored, ...figures }));
  else if (!args.quiet) {
    world.stdout.write(`Target: ${toHex(target)}\n`);
    if (item.kind === 'mutable') {
      world.stdout.write(`Public key: ${toHex(item.key)}\nSequence number: ${item.seq}\n`);
    }
    world.stdout.write(`Taken by ${stored} nodes, which forget it after two hours\n`);
  }
  return ExitCode.done;
}

/** One more than the present item has. */
async function nextSeq(
  node: DhtNode,
  { publicKey }: ItemKeyPair,
  salt: Uint8Array,
  signal: AbortSignal,
): Promise<bigint> {
  const { item } = await node.get({ publicKey, salt }, { signal });
  return item?.kind === 'mutable' ? item.seq + 1n : 1n;
}

/** Where the item is that is asked for. */
async function placeOf(call: DhtCall): Promise<ItemPlace> {
  const { args } = call;
  const { what } = args;
  const salt = saltOf(call);
  if (args.key !== undefined) {
    if (what !== undefined) throw new UsageError('name a --key or a target, not both');
    const { publicKey } = await keysOf(call, args.key);
    return { publicKey, salt };
  }
  if (what === undefined) throw new UsageError('get what? It needs a target or a public key');
  if (/^[0-9a-f]{64}$/i.test(what)) return { publicKey: fromHex(what), salt };
  if (/^[0-9a-f]{40}$/i.test(what)) {
    if (salt.length > 0) throw new UsageError('a salt goes with a public key, not with a target');
    return fromHex(what);
  }
  throw new UsageError(
    `"${what}" is neither a target (40 hex digits) nor a public key (64 hex digits)`,
  );
}

function saltOf({ args }: DhtCall): Uint8Array {
  const salt = new Uint8Array(Buffer.from(args.salt ?? '', 'utf8'));
  if (salt.length > 64) throw new UsageError(`a salt has at most 64 bytes, not ${salt.length}`);
  return salt;
}

/** The value to be put, as bencode. */
async function valueOf({ args, signal }: DhtCall): Promise<Uint8Array> {
  const { what, file } = args;
  if ((what === undefined) === (file === undefined)) {
    throw new UsageError('put what? It needs a text, or --file');
  }
  const bytes =
    file === undefined
      ? new Uint8Array(Buffer.from(what ?? '', 'utf8'))
      : await read(file, MAX_VALUE_FILE, signal);
  if (args.bencoded) return bytes;
  const { encode } = await import('@shoal/bencode');
  return encode(bytes);
}

async function read(path: string, most: number, signal: AbortSignal): Promise<Uint8Array> {
  let bytes: Uint8Array | undefined;
  try {
    bytes = await readBytes(path, most, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new CliError(
      'ERR_CLI_FILE',
      ExitCode.disk,
      `cannot read ${path}: ${reasonOf(error)}`,
      error,
    );
  }
  if (bytes !== undefined) return bytes;
  throw new CliError('ERR_CLI_FILE', ExitCode.disk, `${path} has more than ${most} bytes`);
}

/** The key pair of a file, which is made where that is asked for. */
async function keysOf({ args, world, signal }: DhtCall, path: string): Promise<ItemKeyPair> {
  const { ItemKeyPair } = await import('@shoal/dht');
  if (args['new-key']) {
    const { systemRandom } = await import('@shoal/net');
    const { keys, seed } = ItemKeyPair.generate(systemRandom);
    try {
      // Never over a file that is there: it may be the only copy of a key.
      await writeFile(path, `${toHex(seed)}\n`, { flag: 'wx', mode: KEY_MODE });
    } catch (error) {
      const message = `cannot write the key to ${path}: ${reasonOf(error)}`;
      throw new CliError('ERR_CLI_FILE', ExitCode.disk, message, error);
    }
    return keys;
  }
  const text = Buffer.from(await read(path, MAX_KEY_FILE, signal))
    .toString('latin1')
    .trim();
  if (!/^[0-9a-f]{64}$/i.test(text)) {
    throw new CliError(
      'ERR_CLI_FILE',
      ExitCode.disk,
      `${path} holds no key: 64 hex digits, as --new-key writes them`,
    );
  }
  if (world.platform !== 'win32' && ((await stat(path)).mode & OTHERS_MODE) !== 0) {
    world.stderr.write(`shoal: others than you may use the key: chmod 600 ${plainText(path)}\n`);
  }
  return ItemKeyPair.fromSeed(fromHex(text));
}

/** The text that a value is; undefined where it is something else. */
async function textOf(value: Uint8Array): Promise<string | undefined> {
  const { parse } = await import('@shoal/bencode');
  const { root } = parse(value, { maxDepth: value.length });
  if (root.type !== 'bytes') return undefined;
  const bytes = root.asBytes();
  return isUtf8(bytes) ? Buffer.from(bytes).toString('utf8') : undefined;
}

/** An item for programs; integers of 64 bits as text. */
function describe(item: Item, target: Uint8Array): object {
  const common = { kind: item.kind, target: toHex(target), value: toHex(item.value) };
  if (item.kind === 'immutable') return common;
  const { key, salt, seq, signature } = item;
  return {
    ...common,
    publicKey: toHex(key),
    salt: toHex(salt),
    seq: String(seq),
    signature: toHex(signature),
  };
}
