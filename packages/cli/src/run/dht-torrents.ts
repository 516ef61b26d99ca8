import { randomBytes } from 'node:crypto';
import type { CallFigures } from '@shoal/dht';
import { fromHex, parseMagnet, toHex } from '@shoal/metainfo';
import type { Endpoint } from '@shoal/net';
import { CliError, UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { isMagnet, loadTorrent } from '../load-torrent.ts';
import { jsonLine } from '../terminal/plain-text.ts';
import type { DhtCall } from './dht.ts';
import { swarmsOf } from './scrape.ts';

/** `shoal dht lookup` */
export async function lookup(call: DhtCall): Promise<number> {
  const { signal } = call;
  const infoHashes = await infoHashesOf(call);
  const node = await call.open();
  let count = 0;
  for (const infoHash of infoHashes) {
    const onPeers = (peers: readonly Endpoint[]): void => printPeers(call, infoHash, peers);
    const { peers, ...figures } = await node.lookup(infoHash, { signal, onPeers });
    count += peers.length;
    printEnd(call, { infoHash: toHex(infoHash), peers: peers.length }, figures);
  }
  return count > 0 ? ExitCode.done : ExitCode.network;
}

/** `shoal dht announce` */
export async function announce(call: DhtCall): Promise<number> {
  const { args, world, signal } = call;
  const infoHashes = await infoHashesOf(call);
  const node = await call.open();
  const port = args['peer-port'] ?? node.endpoints[0]?.port ?? 0;
  let taken = 0;
  for (const infoHash of infoHashes) {
    const { peers, stored, ...figures } = await node.announce(infoHash, {
      port,
      seed: args.seed,
      signal,
      onPeers: (found) => printPeers(call, infoHash, found),
    });
    taken += stored;
    if (!args.json && !args.quiet) {
      world.stdout.write(`${toHex(infoHash)}: port ${port}, taken by ${stored} nodes\n`);
    }
    printEnd(call, { infoHash: toHex(infoHash), peers: peers.length, port, stored }, figures);
  }
  return taken > 0 ? ExitCode.done : ExitCode.network;
}

/** `shoal dht scrape` */
export async function scrape(call: DhtCall): Promise<number> {
  const { args, world, signal } = call;
  const infoHashes = await infoHashesOf(call);
  const node = await call.open();
  let answers = 0;
  for (const infoHash of infoHashes) {
    const { seeds, peers, nodes, ...figures } = await node.scrape(infoHash, { signal });
    answers += nodes;
    const sizes = { seeds: Math.round(seeds), peers: Math.round(peers), nodes };
    if (!args.json && !args.quiet) {
      const text = `about ${sizes.seeds} seeds, ${sizes.peers} other peers, as ${nodes} nodes say`;
      world.stdout.write(`${toHex(infoHash)}: ${text}\n`);
    }
    printEnd(call, { infoHash: toHex(infoHash), ...sizes }, figures);
  }
  return answers > 0 ? ExitCode.done : ExitCode.network;
}

/** `shoal dht sample` */
export async function sample(call: DhtCall): Promise<number> {
  const { args, world, signal } = call;
  const target = args.what === undefined ? randomBytes(20) : idOf(args.what);
  const node = await call.open();
  const { infoHashes, nodes, ...figures } = await node.sample(target, { signal });
  for (const infoHash of infoHashes) {
    if (args.json) world.stdout.write(jsonLine({ event: 'sample', infoHash: toHex(infoHash) }));
    else if (!args.quiet) world.stdout.write(`${toHex(infoHash)}\n`);
  }
  printEnd(call, { target: toHex(target), infoHashes: infoHashes.length, nodes }, figures);
  return nodes > 0 ? ExitCode.done : ExitCode.network;
}

/** What a torrent is known by in the DHT; of a hybrid one both. */
async function infoHashesOf({ args, signal }: DhtCall): Promise<Uint8Array[]> {
  const { action, what } = args;
  if (what === undefined)
    throw new UsageError(`${action} what? It needs an info-hash or a magnet link`);
  if (/^[0-9a-f]{40}$/i.test(what)) return [fromHex(what)];
  if (isMagnet(what)) return swarmsOf(parseMagnet(what));
  if (/^[0-9a-f]+$/i.test(what)) throw new UsageError(`"${what}" is no info-hash: 40 hex digits`);
  const { info } = await loadTorrent(what, signal);
  if (info.private) {
    const reason = 'a private torrent has no peers in the DHT (BEP 27)';
    throw new CliError('ERR_CLI_SOURCE', ExitCode.badTorrent, reason);
  }
  return swarmsOf(info);
}

function idOf(text: string): Uint8Array {
  if (/^[0-9a-f]{40}$/i.test(text)) return fromHex(text);
  throw new UsageError(`"${text}" is no target: 40 hex digits`);
}

function printPeers({ args, world }: DhtCall, hash: Uint8Array, peers: readonly Endpoint[]): void {
  const infoHash = toHex(hash);
  for (const { address, port } of peers) {
    if (args.json) world.stdout.write(jsonLine({ event: 'peer', infoHash, address, port }));
    else if (!args.quiet && args.action === 'lookup') {
      world.stdout.write(`${address.includes(':') ? `[${address}]` : address}:${port}\n`);
    }
  }
}

/** The last line of an answer: what was found, and what it took. */
function printEnd({ args, world }: DhtCall, found: object, figures: CallFigures): void {
  const { queries, answers, hops } = figures;
  if (args.json) world.stdout.write(jsonLine({ event: 'end', ...found, queries, answers, hops }));
}
