import { isDeviceName, rulesFor, safeComponent } from './safe-path.ts';

/** What an address in a torrent is for. */
export type UrlKind = 'tracker' | 'web seed' | 'HTTP seed';

const PROTOCOLS: Readonly<Record<UrlKind, readonly string[]>> = {
  tracker: ['http:', 'https:', 'udp:', 'ws:', 'wss:'],
  'web seed': ['http:', 'https:', 'ftp:'],
  'HTTP seed': ['http:', 'https:'],
};

/** What is refused here is so by the readers of all platforms. */
const EVERYWHERE = rulesFor('linux');

/** What is wrong with an address that is to be written into a torrent, if anything. */
export function urlFault(url: string, kind: UrlKind): string | undefined {
  const protocols = PROTOCOLS[kind];
  if (URL.canParse(url) && protocols.includes(new URL(url).protocol)) return undefined;
  return `${url} is no ${kind} URL (${protocols.join(', ')})`;
}

/** What is wrong with a DHT node (BEP 5), if anything. */
export function nodeFault({ host, port }: { host: string; port: number }): string | undefined {
  if (host !== '' && Number.isInteger(port) && port >= 1 && port <= 0xffff) return undefined;
  return `${host}:${port} is no DHT node: a host name or address, and a port from 1 to 65535`;
}

/** What is wrong with a creation date, if anything. */
export function dateFault(date: number): string | undefined {
  if (Number.isSafeInteger(date) && date >= 0) return undefined;
  return 'The creation date must be whole seconds since 1970';
}

/** What is wrong with the name of a file or folder as that of a torrent, if anything. */
export function nameFault(name: string): string | undefined {
  if (name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)) return undefined;
  return `"${name}" cannot be a torrent's name: give another one`;
}

/** What is wrong with a name that somebody chose for a torrent, if anything: readers everywhere shall keep it. */
export function chosenNameFault(name: string): string | undefined {
  const fault = nameFault(name);
  if (fault !== undefined) return fault;
  if (isDeviceName(name)) return `"${name}" is a device's name on Windows: give another one`;
  if (safeComponent(name, EVERYWHERE) === name) return undefined;
  return `"${name}" is a name that readers would change: give another one`;
}
