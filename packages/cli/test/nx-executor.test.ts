import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { useFolder } from './support/test-world.ts';

const folder = useFolder();
type Executor = (options: object, context: object) => Promise<{ readonly success: boolean }>;
const nodeBin = createRequire(import.meta.url)('../../../tools/nx/node-bin.js') as Executor;

describe('`nx run cli:start`', () => {
  it('hands on every argument byte for byte, also those named like its own options', async () => {
    await folder.write(
      'bin.mjs',
      `import { writeFileSync } from 'node:fs';
       writeFileSync(new URL('out.json', import.meta.url), JSON.stringify([process.argv.slice(2), process.env.MARK]));
       process.exitCode = process.argv.length > 2 ? 0 : 3;`,
    );
    const args = [
      'magnet:?xt=a&dn=$HOME `x` \\ "\'',
      '',
      '--script=x',
      '--env',
      'y',
      '--help',
      'ü😀',
    ];
    const target = { options: { script: 'bin.mjs', env: { MARK: '1' } } };
    const context = { root: folder.path, target };
    // As Nx merges them: the command's own arguments over the target's options.
    const merged = { ...target.options, script: 'x', env: 'y' };
    expect(await nodeBin({ ...merged, __unparsed__: args }, context)).toEqual({ success: true });
    expect(JSON.parse(await readFile(`${folder.path}/out.json`, 'utf8'))).toEqual([args, '1']);
    expect(await nodeBin({ ...merged, __unparsed__: [] }, context)).toEqual({ success: false });
  });
});
