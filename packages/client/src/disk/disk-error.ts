import { DiskError, type DiskErrorCode } from '../errors.ts';

const CODES: Readonly<Partial<Record<string, DiskErrorCode>>> = {
  ENOSPC: 'ERR_DISK_FULL',
  EDQUOT: 'ERR_DISK_FULL',
  EFBIG: 'ERR_DISK_FULL',
  EACCES: 'ERR_DISK_PERMISSION',
  EPERM: 'ERR_DISK_PERMISSION',
  EROFS: 'ERR_DISK_PERMISSION',
  ENOENT: 'ERR_DISK_MISSING',
  ENXIO: 'ERR_DISK_MISSING',
  ENODEV: 'ERR_DISK_MISSING',
  ESTALE: 'ERR_DISK_MISSING',
  EISDIR: 'ERR_DISK_WRONG_TYPE',
  ENOTDIR: 'ERR_DISK_WRONG_TYPE',
  EEXIST: 'ERR_DISK_WRONG_TYPE',
  ELOOP: 'ERR_DISK_UNSAFE_PATH',
  EMFILE: 'ERR_DISK_TOO_MANY_FILES',
  ENFILE: 'ERR_DISK_TOO_MANY_FILES',
};

const REASONS: Readonly<Record<DiskErrorCode, string>> = {
  ERR_DISK_FULL: 'no space is left on the device, or the quota is used up',
  ERR_DISK_PERMISSION: 'permission denied, or the file system is read-only',
  ERR_DISK_MISSING: 'it does not exist (has the disk been unmounted?)',
  ERR_DISK_WRONG_TYPE: 'a folder stands where a file is needed, or the other way round',
  ERR_DISK_UNSAFE_PATH: 'a symbolic link on the way leads out of the download folder',
  ERR_DISK_TOO_MANY_FILES: 'the process may not open more files',
  ERR_DISK_IO: 'the device or file system failed',
  ERR_DISK_WORKER: 'a disk worker ended unexpectedly',
  ERR_DISK_LOCKED: 'another process works on the same download',
  ERR_DISK_UNSUPPORTED: 'this kind of torrent is not supported',
  ERR_DISK_STORAGE: 'the storage does not keep to its contract',
  ERR_DISK_CLOSED: 'the storage is closed',
};

/** The system's name of an error (`ENOENT`), or undefined. Works across realms, where `instanceof Error` does not. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : String(error);
}

/** Says what an error of `node:fs` means for the caller. A {@link DiskError} is passed through. */
export function toDiskError(error: unknown, action: string, path: string | undefined): DiskError {
  if (error instanceof DiskError) return error;
  const errno = errnoOf(error);
  const code = (errno === undefined ? undefined : CODES[errno]) ?? 'ERR_DISK_IO';
  const reason = code === 'ERR_DISK_IO' ? `${REASONS[code]}: ${messageOf(error)}` : REASONS[code];
  const where = path === undefined ? '' : ` "${path}"`;
  return new DiskError(code, `Cannot ${action}${where}: ${reason}`, { cause: error, path });
}

/** A {@link DiskError} in the form in which it travels between threads. */
export interface PackedDiskError {
  readonly code: DiskErrorCode;
  readonly message: string;
  readonly path: string | undefined;
  /** Name and message of what the system said. */
  readonly errno: string | undefined;
  readonly cause: string;
}

export function packDiskError(error: DiskError): PackedDiskError {
  const { code, message, path, cause } = error;
  return { code, message, path, errno: errnoOf(cause), cause: messageOf(cause ?? message) };
}

export function unpackDiskError(packed: PackedDiskError): DiskError {
  const { code, message, path, errno } = packed;
  const cause = Object.assign(
    new Error(packed.cause),
    errno === undefined ? undefined : { code: errno },
  );
  return new DiskError(code, message, { path, cause });
}
