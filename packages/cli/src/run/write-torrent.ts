import { randomBytes } from 'node:crypto';
import {
  access,
  constants,
  copyFile,
  link,
  open,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { CliError, codeOf, reasonOf, UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';

/** Bytes of chance in the name of a file that is not complete yet. */
const NAME_BYTES = 6;
/** What file systems say that know no second name for a file. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK']);

/**
 * Throws where a .torrent file could not be written, which is better known before hours of hashing. `content` is what is
 * hashed: a file in it must not be written over.
 */
export async function mustBeWritable(
  file: string,
  force: boolean,
  content?: string,
): Promise<void> {
  let exists = true;
  try {
    if ((await stat(file)).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw cannotWrite(file, error);
    exists = false;
  }
  if (exists && !force) throw cannotWrite(file, { code: 'EEXIST' });
  if (exists && content !== undefined && (await isInside(file, content))) {
    throw new UsageError(
      `${file} is itself a part of ${content}, and writing it would change what is hashed: give another --output, or remove it`,
    );
  }
  await mayWrite(file, exists ? file : dirname(resolve(file)));
}

/** Throws where no file could be put into a folder. */
export async function folderMustBeWritable(folder: string): Promise<void> {
  const path = resolve(folder);
  await mayWrite(`into ${path}`, path);
}

/** `target` is what `what` is written to: the file, or the folder that it is put into. */
async function mayWrite(what: string, target: string): Promise<void> {
  try {
    await access(target, constants.W_OK);
  } catch (error) {
    const missing = codeOf(error) === 'ENOENT';
    throw cannotWrite(what, missing ? new Error('there is no such folder') : error);
  }
}

/**
 * Writes a .torrent file whole or not at all: under another name, then it takes the place of what is there. Without `force` it
 * takes no place that is taken. What is no plain file, a pipe say, is written into.
 */
export async function writeTorrent(file: string, bytes: Uint8Array, force: boolean): Promise<void> {
  try {
    const old = await stat(file).catch(() => undefined);
    if (old !== undefined && force && !old.isFile()) {
      await writeFile(file, bytes);
      return;
    }
    // A link stays one, and what it leads to is replaced.
    const target = old === undefined || !force ? file : await realpath(file);
    // Its own name might become too long with more of it.
    const temporary = join(dirname(target), `.${randomBytes(NAME_BYTES).toString('hex')}.part`);
    try {
      await writeWhole(temporary, bytes, old?.mode);
      if (force) await rename(temporary, target);
      else await takeFreePlace(temporary, target);
    } finally {
      await rm(temporary, { force: true });
    }
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

/** Writes a new file that is on the disk before it gets its name. */
async function writeWhole(file: string, bytes: Uint8Array, mode?: number): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(bytes);
    if (mode !== undefined) await handle.chmod(mode);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** Gives a file a name that no file has. */
async function takeFreePlace(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!NO_LINKS.has(codeOf(error) ?? '')) throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
}

/** Whether a file is, or is below, the content. */
async function isInside(file: string, content: string): Promise<boolean> {
  const top = await realpath(content).catch(() => resolve(content));
  const [first] = relative(top, await realpath(file)).split(sep);
  return first !== '..';
}

function cannotWrite(file: string, error: unknown): CliError {
  const hint = codeOf(error) === 'EEXIST' ? ' (--force writes over it)' : '';
  return new CliError(
    'ERR_CLI_FILE',
    ExitCode.disk,
    `cannot write ${file}: ${reasonOf(error)}${hint}`,
    error,
  );
}
