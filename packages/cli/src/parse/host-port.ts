import { UsageError } from '../errors.ts';

/** A host, name or literal, and a port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const HOST_PORT = /^(?:\[([0-9a-f:.%]{2,64})\]|([^\s:[\]/@]{1,253})):(\d{1,5})$/i;

/** `host:port`, `1.2.3.4:6881` or `[::1]:6881`. */
export function parseHostPort(text: string, what = 'peer'): HostPort {
  const match = HOST_PORT.exec(text.trim());
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? Number.NaN);
  if (host === undefined || !(port >= 1 && port <= 65_535)) {
    throw new UsageError(
      `"${text}" is no ${what}: write host:port, for example 192.0.2.7:6881 or [2001:db8::7]:6881`,
    );
  }
  return { host, port };
}

/** What {@link parseHostPort} reads. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
