import { formatEndpoint } from '../endpoint-text.ts';
import type { Endpoint } from '../endpoint.ts';
import { NetError, type NetErrorCode } from '../errors.ts';

const CODES: Readonly<Record<string, NetErrorCode>> = {
  ECONNREFUSED: 'ERR_NET_REFUSED',
  ECONNRESET: 'ERR_NET_RESET',
  ECONNABORTED: 'ERR_NET_RESET',
  EPIPE: 'ERR_NET_RESET',
  ETIMEDOUT: 'ERR_NET_TIMEOUT',
  ENETUNREACH: 'ERR_NET_UNREACHABLE',
  EHOSTUNREACH: 'ERR_NET_UNREACHABLE',
  ENETDOWN: 'ERR_NET_UNREACHABLE',
  EHOSTDOWN: 'ERR_NET_UNREACHABLE',
  EADDRINUSE: 'ERR_NET_ADDRESS_IN_USE',
  EADDRNOTAVAIL: 'ERR_NET_ADDRESS_NOT_AVAILABLE',
  EACCES: 'ERR_NET_PERMISSION',
  EPERM: 'ERR_NET_PERMISSION',
  EMFILE: 'ERR_NET_TOO_MANY_FILES',
  ENFILE: 'ERR_NET_TOO_MANY_FILES',
  ENOBUFS: 'ERR_NET_NO_MEMORY',
  ENOMEM: 'ERR_NET_NO_MEMORY',
  EMSGSIZE: 'ERR_NET_DATAGRAM_TOO_LARGE',
  EAFNOSUPPORT: 'ERR_NET_UNSUPPORTED',
  EINVAL: 'ERR_NET_INVALID_ENDPOINT',
  ERR_SOCKET_BAD_PORT: 'ERR_NET_INVALID_ENDPOINT',
  ERR_STREAM_DESTROYED: 'ERR_NET_CLOSED',
  ERR_SOCKET_CLOSED: 'ERR_NET_CLOSED',
  ERR_STREAM_WRITE_AFTER_END: 'ERR_NET_CLOSED',
  ECANCELED: 'ERR_NET_CLOSED',
};

const REASONS: Readonly<Partial<Record<NetErrorCode, string>>> = {
  ERR_NET_REFUSED: 'nobody listens there',
  ERR_NET_RESET: 'the other side broke the connection',
  ERR_NET_TIMEOUT: 'no answer in time',
  ERR_NET_UNREACHABLE: 'there is no way to that address',
  ERR_NET_ADDRESS_IN_USE: 'the port is taken; choose another or end the program that has it',
  ERR_NET_ADDRESS_NOT_AVAILABLE: 'this machine does not have that address',
  ERR_NET_PERMISSION: 'the system does not allow it',
  ERR_NET_TOO_MANY_FILES:
    'too many open files; raise the limit (ulimit -n) or allow fewer connections',
  ERR_NET_NO_MEMORY: 'the system is out of memory for sockets',
  ERR_NET_DATAGRAM_TOO_LARGE: 'the datagram is too large',
  ERR_NET_UNSUPPORTED: 'this machine does not have that kind of address',
  ERR_NET_INVALID_ENDPOINT: 'that is no valid endpoint',
};

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Turns a system's error into a {@link NetError}; a `NetError` is passed on as it is. `doing` reads like "connecting to". */
export function toNetError(error: unknown, doing: string, endpoint?: Endpoint): NetError {
  if (error instanceof NetError) return error;
  const systemCode = codeOf(error) ?? '';
  const code = CODES[systemCode] ?? 'ERR_NET_IO';
  const where = endpoint === undefined ? doing : `${doing} ${formatEndpoint(endpoint)}`;
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  const detail = systemCode === '' ? reason : `${reason} (${systemCode})`;
  return new NetError(code, `${where}: ${detail}`, { cause: error });
}

/**
 * Tells of an error that has nobody to go to: thrown by `onClose`, by `onError` or by an `accept` callback, or met while
 * accepting. It must not end the process, and must not vanish either: it becomes a process warning of the type
 * `NetWarning`.
 */
export function reportStrayError(error: unknown): void {
  const stack = error instanceof Error ? error.stack : undefined;
  process.emitWarning(String(error), {
    type: 'NetWarning',
    ...(stack === undefined ? {} : { detail: stack }),
  });
}
