import type { ClientOptions, LocalServers } from '@shoal/client';
import type { PortRange } from '../parse/port.ts';
import { defined } from '../defined.ts';
import { UsageError } from '../errors.ts';
import { defaultResumeDirectory } from '../resume-directory.ts';
import type { World } from '../world.ts';

/** The parsed network options of `download` and `seed`. */
export interface NetworkArgs {
  readonly port?: number | PortRange | undefined;
  readonly bind?: string | undefined;
  readonly pex?: boolean | undefined;
  readonly lsd?: boolean | undefined;
  readonly dht?: boolean | undefined;
  readonly 'dht-bootstrap'?:
    readonly { readonly host: string; readonly port: number }[] | undefined;
  readonly 'max-download'?: number | undefined;
  readonly 'max-upload'?: number | undefined;
  readonly 'max-peers'?: number | undefined;
  readonly 'web-seeds'?: boolean | undefined;
  readonly 'local-servers'?: LocalServers | undefined;
  readonly 'resume-dir'?: string | undefined;
  readonly resume: boolean;
  readonly reuse?: boolean | undefined;
}

/** What the command line says about the client as a whole. */
export async function clientOptions(args: NetworkArgs, world: World): Promise<ClientOptions> {
  if (args['resume-dir'] === '') throw new UsageError('the name of the resume folder is empty');
  return defined({
    port: args.port,
    bind: args.bind === undefined ? undefined : await localAddress(args.bind),
    maxDownloadRate: args['max-download'],
    maxUploadRate: args['max-upload'],
    maxPeers: args['max-peers'],
    maxPeersPerTorrent: args['max-peers'],
    reuseLocalData: args.reuse === false ? false : undefined,
    webSeeds: args['web-seeds'] === false ? false : undefined,
    localServers: args['local-servers'],
    pex: args.pex === false ? false : undefined,
    localDiscovery: args.lsd,
    dht: dhtOptions(args),
    diskThreads: await world.early?.diskThreads,
    resumeDirectory: args.resume
      ? (args['resume-dir'] ?? defaultResumeDirectory(world))
      : undefined,
  });
}

/** How the DHT is taken part in; undefined: as usual. */
function dhtOptions(args: NetworkArgs): ClientOptions['dht'] | undefined {
  const { dht, 'dht-bootstrap': bootstrap } = args;
  if (dht === false || bootstrap === undefined) return dht;
  return { bootstrap: bootstrap.map(({ host, port }) => formatHost(host, port)) };
}

/** As `host:port`, an IPv6 address in brackets. */
function formatHost(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether peers are found without a tracker or anybody's help: what the client does, too, when nothing is said. */
export async function looksAround(args: NetworkArgs): Promise<boolean> {
  const { lsd, dht, bind, 'dht-bootstrap': bootstrap } = args;
  if (lsd === true || dht === true || (bootstrap !== undefined && dht !== false)) return true;
  if (lsd === false && dht === false) return false;
  if (bind === undefined) return true;
  const { addressKind } = await import('@shoal/net');
  return addressKind(await localAddress(bind)) !== 'loopback';
}

/** `--bind` as the literal it must be. */
export async function localAddress(text: string): Promise<string> {
  const { parseAddress } = await import('@shoal/net');
  const address = parseAddress(text);
  if (address === undefined) {
    throw new UsageError(`--bind "${text}" is no IP address of this machine, such as 192.0.2.7`);
  }
  return address;
}

/** Each URL of `--tracker` as a tier of its own. */
export function trackerTiers(urls: readonly string[]): string[][] {
  return urls.map((url) => [url]);
}
