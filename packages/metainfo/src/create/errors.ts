import { MetainfoError } from '../errors.ts';

/** Stable codes of the errors of `createTorrent`. */
export type CreateErrorCode =
  | 'ERR_METAINFO_CREATE_OPTION'
  | 'ERR_METAINFO_CREATE_EMPTY'
  | 'ERR_METAINFO_CREATE_LIMIT'
  | 'ERR_METAINFO_CREATE_NAME'
  | 'ERR_METAINFO_CREATE_SYMLINK'
  | 'ERR_METAINFO_CREATE_FILE_TYPE'
  | 'ERR_METAINFO_CREATE_FILE_CHANGED'
  | 'ERR_METAINFO_CREATE_FILE_MISSING'
  | 'ERR_METAINFO_CREATE_IO'
  | 'ERR_METAINFO_CREATE_WORKER';

/** `createTorrent` cannot make a torrent of what it was given. */
export class CreateError extends MetainfoError {
  /** What went wrong, to switch on. */
  declare readonly code: CreateErrorCode;
  /** The file or folder it is about, where there is one. */
  readonly path: string | undefined;

  constructor(
    code: CreateErrorCode,
    message: string,
    options: { readonly path?: string; readonly cause?: unknown } = {},
  ) {
    super(code, message, { cause: options.cause });
    this.name = 'CreateError';
    this.path = options.path;
  }
}

/** The typed error for a failed file operation. */
export function fileError(error: unknown, path: string): CreateError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new CreateError(
      'ERR_METAINFO_CREATE_FILE_MISSING',
      `There is no file or folder ${path}`,
      {
        path,
        cause: error,
      },
    );
  }
  const reason = code ?? message;
  return new CreateError('ERR_METAINFO_CREATE_IO', `${path} cannot be read (${reason})`, {
    path,
    cause: error,
  });
}

/** A file changed between being found and being hashed. */
export function changedError(path: string): CreateError {
  return new CreateError(
    'ERR_METAINFO_CREATE_FILE_CHANGED',
    `${path} changed while it was hashed: create the torrent when nothing writes to it any more`,
    { path },
  );
}
