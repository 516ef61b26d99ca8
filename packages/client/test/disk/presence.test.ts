import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { layoutOf } from '../../src/disk/layout-of.ts';
import { mayHoldAnything } from '../../src/disk/presence.ts';
import { makeTorrent, temporaryFolder } from './fixture.ts';

const single = makeTorrent([{ path: 'one.bin', length: 20_000 }], 16_384).info;

describe('mayHoldAnything', () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ path: folder, remove } = await temporaryFolder());
  });
  afterEach(() => remove());

  it('says no where neither folder nor file is there', async () => {
    expect(await mayHoldAnything(layoutOf(single, folder, undefined))).toBe(false);
    expect(await mayHoldAnything(layoutOf(single, join(folder, 'not/there'), undefined))).toBe(
      false,
    );
  });

  it('says yes where something stands in the place of the torrent, whatever it is', async () => {
    await writeFile(join(folder, 'one.bin'), '');
    expect(await mayHoldAnything(layoutOf(single, folder, undefined))).toBe(true);
    const below = join(folder, 'below');
    await mkdir(join(below, 'one.bin'), { recursive: true });
    expect(await mayHoldAnything(layoutOf(single, below, undefined))).toBe(true);
  });

  it('says yes where it cannot tell', async () => {
    await symlink('one.bin', join(folder, 'one.bin'));
    expect(await mayHoldAnything(layoutOf(single, folder, undefined))).toBe(true);
    const layout = layoutOf(single, folder, undefined);
    expect(await mayHoldAnything({ ...layout, paths: 'a/1\nb/2' })).toBe(true);
  });

  it('is not asked about padding, which stands nowhere', async () => {
    const { info } = makeTorrent(
      [
        { path: 'set/a', length: 10 },
        { path: '.pad/90', length: 90, padding: true },
      ],
      16_384,
    );
    const layout = layoutOf(info, folder, undefined);
    expect(await mayHoldAnything(layout)).toBe(false);
    await mkdir(join(folder, 'set'));
    expect(await mayHoldAnything(layout)).toBe(true);
  });
});
