import { randomUUID } from 'node:crypto';
import { link, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CliError, codeOf, reasonOf } from './errors.ts';
import { ExitCode } from './exit-codes.ts';

/** What a file system says that has no hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * Writes a file as a whole or not at all: whoever looks sees what was there before or all of what is there now. A file that
 * exists is written over only with `force`.
 */
export async function writeWhole(file: string, bytes: Uint8Array, force: boolean): Promise<void> {
  const temporary = join(dirname(file), `.${randomUUID()}.part`);
  try {
    await writeFile(temporary, bytes, { flag: 'wx' });
    if (force) await rename(temporary, file);
    else await linkNew(temporary, file, bytes);
  } catch (error) {
    throw cannotWrite(file, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** Throws where {@link writeWhole} would find a file, or a folder. */
writeWhole.check = async (file: string, force: boolean): Promise<void> => {
  try {
    const stats = await stat(file);
    if (stats.isDirectory()) throw cannotWrite(file, { code: 'EISDIR' });
    if (!force) throw cannotWrite(file, { code: 'EEXIST' });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') {
      throw error instanceof CliError ? error : cannotWrite(file, error);
    }
  }
};

/** Gives the file its name unless that is taken, in one step; renaming would write over it. */
async function linkNew(temporary: string, file: string, bytes: Uint8Array): Promise<void> {
  try {
    await link(temporary, file);
  } catch (error) {
    if (!NO_LINKS.has(codeOf(error) ?? '')) throw error;
    await writeFile(file, bytes, { flag: 'wx' });
  }
}

function cannotWrite(file: string, error: unknown): CliError {
  const hint = codeOf(error) === 'EEXIST' ? ' (--force writes over it)' : '';
  const message = `cannot write ${file}: ${reasonOf(error)}${hint}`;
  return new CliError('ERR_CLI_FILE', ExitCode.disk, message, error);
}
