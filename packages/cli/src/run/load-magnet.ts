import { type MagnetLink, type Metainfo, parseMagnet } from '@shoal/metainfo';
import type { Endpoint } from '@shoal/net';
import { CliError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { defined } from '../defined.ts';
import { type IpFilterArgs, ipFilterOf } from './ip-filter.ts';
import { resolvePeers } from '../resolve-peers.ts';
import type { World } from '../world.ts';
import { clientOptions, looksAround, type NetworkArgs, trackerTiers } from './client-options.ts';

/** Where metadata may be got from besides what a link says. */
export interface MagnetSources {
  readonly peers: readonly Endpoint[];
  readonly trackers: readonly string[];
  /** Peers are looked for in the local network, or the DHT. */
  readonly localDiscovery: boolean;
  /** What the link says of the web is used. */
  readonly webSeeds: boolean;
}

/**
 * Reads a magnet link. The names of its peers are looked up, and those that lead nowhere left out. Throws where there is nobody to
 * ask for the metadata.
 */
export async function loadMagnet(
  source: string,
  { peers, trackers, localDiscovery, webSeeds }: MagnetSources,
  signal?: AbortSignal,
): Promise<MagnetLink> {
  const link = parseMagnet(source);
  const sources = webSeeds ? link.exactSources : [];
  const named = [link.trackers, link.peers, peers, trackers, sources];
  if (named.every(({ length }) => length === 0) && !localDiscovery) {
    const web =
      link.webSeeds.length > 0 ? ' (its web seeds have the files, not what they are called)' : '';
    throw new CliError(
      'ERR_CLI_SOURCE',
      ExitCode.badTorrent,
      `the magnet link names no tracker and no peer${web}, and without DHT and local discovery there is no other way to find any: give --tracker, --peer, --dht or --lsd`,
    );
  }
  const found: Endpoint[] = [];
  for (const peer of link.peers) {
    try {
      found.push(...(await resolvePeers([peer], signal)));
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof CliError)) throw error;
    }
  }
  return { ...link, peers: found.map(({ address, port }) => ({ host: address, port })) };
}

/** What the command line says of the network, for the metadata alone. */
export interface MetadataArgs extends NetworkArgs, IpFilterArgs {
  readonly peer?: readonly { readonly host: string; readonly port: number }[] | undefined;
  readonly tracker?: readonly string[] | undefined;
  readonly timeout?: number | undefined;
}

/** Milliseconds that trackers get to hear `stopped`. */
const STOP_TIMEOUT = 2_000;

/**
 * Gets the metadata of a magnet link, and downloads nothing else. With `layers` the piece layers of a version 2 torrent (BEP 52) are
 * among it, which are asked of peers, too.
 */
export async function fetchMetadata(
  source: string,
  args: MetadataArgs,
  world: World,
  signal: AbortSignal,
  layers = false,
): Promise<Metainfo> {
  const limit = args.timeout === undefined ? undefined : AbortSignal.timeout(args.timeout);
  const ended = limit === undefined ? signal : AbortSignal.any([signal, limit]);
  const peers = await resolvePeers(args.peer ?? [], signal);
  const trackers = args.tracker ?? [];
  const localDiscovery = await looksAround(args);
  const webSeeds = args['web-seeds'] !== false;
  const link = await loadMagnet(source, { peers, trackers, localDiscovery, webSeeds }, signal);
  const ipFilter = (await ipFilterOf(args)?.(signal))?.filter;
  const client = await world.startClient({
    ...(await clientOptions(args, world)),
    ...defined({ ipFilter }),
  });
  let missing = 'metadata';
  try {
    // Nothing is ever put there.
    const options = {
      directory: '.',
      metadataOnly: true,
      peers,
      trackers: trackerTiers(trackers),
    };
    const torrent = await client.add(link, options);
    torrent.on('error', () => undefined);
    if (!layers) torrent.on('metadata', () => void torrent.close());
    const known = await torrent.metadata({ signal: ended });
    missing = 'piece layers';
    return layers ? await known.completeMetainfo({ signal: ended }) : known.metainfo;
  } catch (error) {
    if (limit?.aborted !== true || signal.aborted) throw error;
    const message = `no ${missing} within --timeout`;
    throw new CliError('ERR_CLI_TIMEOUT', ExitCode.network, message, error);
  } finally {
    await client.close({ timeout: STOP_TIMEOUT });
  }
}
