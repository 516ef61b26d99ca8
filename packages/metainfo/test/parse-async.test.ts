import { encode, parse } from '@shoal/bencode';
import { readdirSync, readFileSync } from 'node:fs';
import { parseInfoAsync, parseMetainfo, parseMetainfoAsync } from '../src/index.ts';
import type { BuiltFile } from './v2-builder.ts';
import { buildV2 } from './v2-builder.ts';

describe('parsing in slices', () => {
  it('gives way, and ends when it is told to', async () => {
    const many = Array.from({ length: 30_000 }, (_, at): BuiltFile => ({
      path: [String(1e6 + at)],
      data: new Uint8Array(),
    }));
    const bytes = buildV2(many);
    let turns = 0;
    const state = { isDone: false };
    const parsing = parseMetainfoAsync(bytes).finally(() => (state.isDone = true));
    while (!state.isDone) {
      turns++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await parsing).info.files).toHaveLength(many.length);
    expect(turns).toBeGreaterThan(1);
    const reason = new Error('enough');
    await expect(parseMetainfoAsync(bytes, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    const controller = new AbortController();
    const aborted = parseInfoAsync(parse(bytes).root.get('info')!.source(), {
      signal: controller.signal,
    });
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
  });

  it('rejects with the errors of the parsers', async () => {
    const error = expect.objectContaining({ code: 'ERR_METAINFO_NOT_A_TORRENT' }) as Error;
    await expect(parseMetainfoAsync(encode({}))).rejects.toEqual(error);
    await expect(parseInfoAsync(encode([]))).rejects.toEqual(error);
  });

  it('reads all torrents alike', async () => {
    const folder = new URL('fixtures/torrents/', import.meta.url);
    for (const name of readdirSync(folder)) {
      const bytes = readFileSync(new URL(name, folder));
      const { info, ...rest } = parseMetainfo(bytes);
      const later = await parseMetainfoAsync(bytes);
      expect(later.info).toEqual(info);
      expect({ ...later, info: undefined, pieceLayers: undefined }).toEqual({
        ...rest,
        info: undefined,
        pieceLayers: undefined,
      });
    }
  });
});
