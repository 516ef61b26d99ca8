import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder that is gone after the test file. */
export class TemporaryFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TemporaryFolder> {
    return new TemporaryFolder(await mkdtemp(join(tmpdir(), 'shoal-create-')));
  }

  /** Writes a file, with its folders, and returns its path. */
  async write(path: string, bytes: Uint8Array | string): Promise<string> {
    const absolute = join(this.path, path);
    await mkdir(dirname(absolute), { recursive: true });
    await writeFile(absolute, bytes);
    return absolute;
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** The vectors' recipe `sha256-counter`. */
export function recipeBytes(seed: string, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(length / 32) * 32);
  for (let i = 0; i * 32 < length; i++) {
    bytes.set(createHash('sha256').update(`${seed}:${i}`).digest(), i * 32);
  }
  return bytes.subarray(0, length);
}

/** SHA-1 of every piece, computed the plain way. */
export function plainPieces(content: Uint8Array, pieceLength: number): Uint8Array {
  const digests: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += pieceLength) {
    digests.push(
      createHash('sha1')
        .update(content.subarray(at, at + pieceLength))
        .digest(),
    );
  }
  return Uint8Array.from(Buffer.concat(digests));
}
