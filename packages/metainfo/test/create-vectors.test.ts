import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from '@shoal/bencode';
import { createTorrent } from '../src/index.ts';
import type { TorrentFormat } from '../src/index.ts';
import { recipeBytes, TemporaryFolder } from './create-support.ts';

interface Vector {
  readonly id: string;
  readonly create: {
    readonly format: TorrentFormat;
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
  readonly info_hash: string | null;
  readonly info_hash_v2: string | null;
  readonly info_base64: string;
  readonly piece_layers_base64?: string;
}

const { vectors } = JSON.parse(
  readFileSync(new URL('./create-fixtures/vectors.json', import.meta.url), 'utf8'),
) as { vectors: Vector[] };

const base64 = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString('base64');

describe('createTorrent makes the info dictionaries of other tools, byte for byte', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await TemporaryFolder.make();
  });
  afterEach(() => folder.remove());

  it('of all three formats', () => {
    const formats = vectors.map(({ create }) => create.format);
    expect(new Set(formats)).toEqual(new Set(['v1', 'hybrid', 'v2']));
  });

  it.each(vectors.map((vector) => [vector.id, vector] as const))('%s', async (_id, vector) => {
    const { create, files } = vector;
    for (const { path, length, seed } of files) {
      await folder.write(join('top', ...path), recipeBytes(seed, length));
    }
    const single = files[0]!.path[0]!;
    const path = create.single ? join(folder.path, 'top', single) : join(folder.path, 'top');
    const { bytes } = await createTorrent(path, {
      ...(basename(path) === create.name ? {} : { name: create.name }),
      ...(create.single ? {} : { files: files.map((file) => file.path.join('/')) }),
      ...(create.source === null ? {} : { source: create.source }),
      format: create.format,
      pieceLength: create.piece_length,
      private: create.private,
      workers: 2,
    });
    const { root } = parse(bytes);
    const info = root.get('info')!.source();
    expect(base64(info)).toBe(vector.info_base64);
    expect(base64(root.get('piece layers')?.source())).toBe(vector.piece_layers_base64);
    const hashOf = (algorithm: string): string => createHash(algorithm).update(info).digest('hex');
    if (vector.info_hash !== null) expect(hashOf('sha1')).toBe(vector.info_hash);
    if (vector.info_hash_v2 !== null) expect(hashOf('sha256')).toBe(vector.info_hash_v2);
  });
});
