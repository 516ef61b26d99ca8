import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createTorrent } from '../src/index.ts';
import { recipeBytes, TemporaryFolder } from './create-support.ts';

interface Vector {
  readonly id: string;
  readonly create: {
    readonly name: string;
    readonly piece_length: number;
    readonly single: boolean;
    readonly private: boolean;
    readonly source: string | null;
  };
  readonly files: readonly {
    readonly path: readonly string[];
    readonly length: number;
    readonly seed: string;
  }[];
  readonly info_hash: string;
  readonly info_base64: string;
}

const { vectors } = JSON.parse(
  readFileSync(new URL('./create-fixtures/vectors.json', import.meta.url), 'utf8'),
) as { vectors: Vector[] };

describe('createTorrent makes the info dictionaries of other tools, byte for byte', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await TemporaryFolder.make();
  });
  afterEach(() => folder.remove());

  it.each(vectors.map((vector) => [vector.id, vector] as const))('%s', async (_id, vector) => {
    const { create, files } = vector;
    for (const { path, length, seed } of files) {
      await folder.write(join('top', ...path), recipeBytes(seed, length));
    }
    const single = files[0]!.path[0]!;
    const path = create.single ? join(folder.path, 'top', single) : join(folder.path, 'top');
    const { metainfo } = await createTorrent(path, {
      ...(basename(path) === create.name ? {} : { name: create.name }),
      ...(create.single ? {} : { files: files.map((file) => file.path.join('/')) }),
      ...(create.source === null ? {} : { source: create.source }),
      pieceLength: create.piece_length,
      private: create.private,
      workers: 2,
    });
    expect(Buffer.from(metainfo.info.bytes).toString('base64')).toBe(vector.info_base64);
    expect(Buffer.from(metainfo.info.infoHash!).toString('hex')).toBe(vector.info_hash);
  });
});
