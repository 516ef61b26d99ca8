import type { ClientOptions } from '@shoal/client';
import type { PortRange } from '../parse/port.ts';
import { defined } from '../defined.ts';
import { UsageError } from '../errors.ts';
import { defaultResumeDirectory } from '../resume-directory.ts';
import type { World } from '../world.ts';

/** The parsed network options of `download` and `seed`. */
export interface NetworkArgs {
  readonly port?: number | PortRange | undefined;
  readonly bind?: string | undefined;
  readonly 'max-download'?: number | undefined;
  readonly 'max-upload'?: number | undefined;
  readonly 'max-peers'?: number | undefined;
  readonly 'web-seeds'?: boolean | undefined;
  readonly 'local-web-seeds'?: boolean | undefined;
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
    webSeeds: webSeeds(args),
    diskThreads: await world.early?.diskThreads,
    resumeDirectory: args.resume
      ? (args['resume-dir'] ?? defaultResumeDirectory(world))
      : undefined,
  });
}

/** Whether web seeds are asked, and which; undefined: as usual. */
function webSeeds(args: NetworkArgs): ClientOptions['webSeeds'] | undefined {
  if (args['web-seeds'] === false) return false;
  return args['local-web-seeds'] === true ? { addresses: 'any' } : undefined;
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
