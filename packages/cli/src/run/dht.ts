import type { DhtNode } from '@shoal/dht';
import type { DhtArgs } from '../commands/dht.ts';
import { CliError, UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { formatHostPort } from '../parse/host-port.ts';
import { SignalGate } from '../signal-gate.ts';
import type { World } from '../world.ts';
import { localAddress } from './client-options.ts';
import { getItem, putItem } from './dht-items.ts';
import { showNode } from './dht-node.ts';
import { announce, lookup, sample, scrape } from './dht-torrents.ts';

/** Milliseconds that a question may take: a look-up takes ten seconds at worst, and names have to be found before. */
const DEFAULT_TIMEOUT = 60_000;

/** What the actions need. */
export interface DhtCall {
  readonly args: DhtArgs;
  readonly world: World;
  /** Aborted by Ctrl-C and by the time limit, with the error to end with. */
  readonly signal: AbortSignal;
  /** Opens the node, once what was asked is known to make sense. */
  readonly open: () => Promise<DhtNode>;
}

const ACTIONS: Record<DhtArgs['action'], (call: DhtCall) => Promise<number>> = {
  lookup,
  announce,
  scrape,
  sample,
  get: getItem,
  put: putItem,
  node: showNode,
};

/** `shoal dht` */
export async function runDht(args: DhtArgs, world: World): Promise<number> {
  checkOptions(args);
  using gate = new SignalGate(world.signals, world.exitNow);
  const limit = args.timeout ?? (args.action === 'node' ? undefined : DEFAULT_TIMEOUT);
  const late = new AbortController();
  const timer = limit === undefined ? undefined : setTimeout(() => late.abort(tooLate()), limit);
  const signal = AbortSignal.any([gate.signal, late.signal]);
  let node: DhtNode | undefined;
  try {
    const open = async (): Promise<DhtNode> => (node = await openNode(args));
    return await ACTIONS[args.action]({ args, world, signal, open });
  } finally {
    clearTimeout(timer);
    await node?.close();
  }
}

function tooLate(): CliError {
  return new CliError('ERR_CLI_TIMEOUT', ExitCode.network, 'the DHT did not answer in time');
}

/** Options that belong to other actions are mistakes. */
function checkOptions(args: DhtArgs): void {
  const only: readonly [option: keyof DhtArgs, actions: readonly string[]][] = [
    ['peer-port', ['announce']],
    ['seed', ['announce']],
    ['file', ['put']],
    ['bencoded', ['get', 'put']],
    ['key', ['get', 'put']],
    ['new-key', ['put']],
    ['salt', ['get', 'put']],
    ['seq', ['put']],
    ['cas', ['put']],
  ];
  for (const [option, actions] of only) {
    const value = args[option];
    if (value === undefined || value === false || actions.includes(args.action)) continue;
    throw new UsageError(`--${option} is for ${actions.join(' and ')}, not for ${args.action}`);
  }
  if (args.action === 'node' && args.what !== undefined) {
    throw new UsageError(`node takes no argument, but "${args.what}" is given`);
  }
}

/** The node that asks, which enters the DHT by itself. */
async function openNode(args: DhtArgs): Promise<DhtNode> {
  const { DhtNode, MAINLINE_BOOTSTRAP } = await import('@shoal/dht');
  const { addressKind, systemResolve } = await import('@shoal/net');
  const address = args.bind === undefined ? undefined : await localAddress(args.bind);
  const isAlone = address !== undefined && addressKind(address) === 'loopback';
  const named = (args.bootstrap ?? []).map(formatHostPort);
  const options = {
    port: args.port ?? 0,
    // From loopback the usual nodes cannot be reached.
    bootstrap: named.length > 0 ? named : isAlone ? [] : MAINLINE_BOOTSTRAP,
    resolve: systemResolve,
    readOnly: args['read-only'] ?? args.action !== 'node',
  };
  if (address !== undefined) return DhtNode.open({ ...options, addresses: [address] });
  try {
    return await DhtNode.open({ ...options, addresses: ['::'] });
  } catch {
    // A machine without IPv6; where the port is another's, that is said of this one, too.
    return DhtNode.open(options);
  }
}
