import { ExitCode } from './exit-codes.ts';

/** Stable codes of the command's own errors. */
export type CliErrorCode =
  | 'ERR_CLI_USAGE'
  | 'ERR_CLI_SOURCE'
  | 'ERR_CLI_FILE'
  | 'ERR_CLI_NETWORK'
  | 'ERR_CLI_TIMEOUT'
  | 'ERR_CLI_SIGNAL';

/** An error with the exit code it ends the command with. The message is one sentence for a person. */
export class CliError extends Error {
  readonly code: CliErrorCode;
  readonly exitCode: number;

  constructor(code: CliErrorCode, exitCode: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'CliError';
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** The command line is wrong. */
export class UsageError extends CliError {
  constructor(message: string) {
    super('ERR_CLI_USAGE', ExitCode.usage, message);
    this.name = 'UsageError';
  }
}

/** The user, or the system, asked the command to end. */
export class SignalError extends CliError {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super('ERR_CLI_SIGNAL', signalExitCode(signal), `ended by ${signal}`);
    this.name = 'SignalError';
    this.signal = signal;
  }
}

function signalExitCode(signal: NodeJS.Signals): number {
  if (signal === 'SIGINT') return ExitCode.interrupted;
  return signal === 'SIGHUP' ? ExitCode.hungUp : ExitCode.terminated;
}

/** Codes of the system that are about a network rather than a file. */
const NETWORK_CODES = new Set([
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'EAI_FAIL',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'ETIMEDOUT',
]);

/** Codes of `createTorrent` that say that a file could not be read, rather than that it cannot be put into a torrent. */
const CREATE_DISK_CODES = new Set([
  'ERR_METAINFO_CREATE_FILE_MISSING',
  'ERR_METAINFO_CREATE_FILE_CHANGED',
  'ERR_METAINFO_CREATE_IO',
]);

/** Codes of the DHT that say that what was asked makes no sense; others are about the network. */
const DHT_USAGE_CODES = new Set(['ERR_DHT_OPTION', 'ERR_DHT_ARGUMENT', 'ERR_DHT_ITEM']);

/** The exit code for any error, by its `code`: every package's errors carry one. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode;
  const code = codeOf(error);
  if (code === undefined) return ExitCode.defect;
  if (CREATE_DISK_CODES.has(code)) return ExitCode.disk;
  if (/^ERR_METAINFO_(?:CREATE|EDIT)_/.test(code)) return ExitCode.usage;
  if (code.startsWith('ERR_METAINFO') || code.startsWith('ERR_MAGNET')) return ExitCode.badTorrent;
  if (code.startsWith('ERR_BENCODE')) return ExitCode.badTorrent;
  if (code.startsWith('ERR_DISK')) return ExitCode.disk;
  if (code.startsWith('ERR_NET') || code.startsWith('ERR_TRACKER')) return ExitCode.network;
  if (code.startsWith('ERR_DHT'))
    return DHT_USAGE_CODES.has(code) ? ExitCode.usage : ExitCode.network;
  if (code.startsWith('ERR_CLIENT')) return exitCodeOfClient(error, code);
  if (NETWORK_CODES.has(code)) return ExitCode.network;
  return /^E[A-Z0-9]+$/.test(code) ? ExitCode.disk : ExitCode.defect;
}

/** Engine errors that are not a defect. */
const ENGINE_CODES: Readonly<Record<string, number>> = {
  // The same torrent was named twice.
  ERR_CLIENT_DUPLICATE: ExitCode.usage,
  ERR_CLIENT_NO_SUCH_FILE: ExitCode.usage,
  ERR_CLIENT_CONTRADICTORY_MAGNET: ExitCode.badTorrent,
  ERR_CLIENT_INCONSISTENT_HASHES: ExitCode.badTorrent,
  // It was ended while it was at work.
  ERR_CLIENT_CLOSED: ExitCode.terminated,
  ERR_CLIENT_TORRENT_CLOSED: ExitCode.terminated,
};

/** An engine error without a more precise meaning of its own says by its cause what kind it is. */
function exitCodeOfClient(error: unknown, code: string): number {
  const { cause } = error as Error;
  if (cause !== undefined) return exitCodeOf(cause);
  return ENGINE_CODES[code] ?? ExitCode.defect;
}

/** The stable code an error carries, if any. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What to tell a person about any thrown value. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  if (typeof error === 'object' && error !== null && 'message' in error) {
    return String(error.message);
  }
  return String(error);
}

/** A system error in words. */
export function reasonOf(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return 'not permitted';
    case 'EISDIR':
      return 'it is a folder';
    case 'ENOTDIR':
      return 'a part of the path is no folder';
    case 'ENOSPC':
      return 'no space left';
    case 'EEXIST':
      return 'it exists already';
    default:
      return messageOf(error);
  }
}
