import type { Metainfo } from '../src/index.ts';
import { foldName, MetainfoError, parseMetainfo, rulesFor } from '../src/index.ts';
import type { TargetPlatform } from '../src/index.ts';
import { readVectors } from './fixtures.ts';

interface Vector {
  readonly id: string;
  readonly expect: 'accept' | 'accept_sanitised' | 'reject' | 'either';
  readonly torrent_hex?: string;
  readonly torrent_base64?: string;
}

const vectors = readVectors('hostile') as readonly Vector[];

/** Valid torrents that are version 2 only, which are refused as a whole until version 2 is built. */
const VERSION_2_ONLY = new Set(['v2-ok-control', 'v2-path-proto', 'v2-tree-depth-40']);

function parse(vector: Vector, platform: TargetPlatform): Metainfo | undefined {
  const bytes =
    vector.torrent_base64 === undefined
      ? Buffer.from(vector.torrent_hex ?? '', 'hex')
      : Buffer.from(vector.torrent_base64, 'base64');
  try {
    return parseMetainfo(bytes, { platform });
  } catch (error) {
    if (!(error instanceof MetainfoError)) throw error;
    return undefined;
  }
}

const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;

/** What holds for every torrent that is accepted at all. */
function checkSafe({ info }: Metainfo, platform: TargetPlatform): void {
  const rules = rulesFor(platform);
  const paths = info.files
    .filter(({ attributes }) => !attributes.padding)
    .flatMap(({ path, attributes }) =>
      attributes.symlink === undefined ? [path] : [path, attributes.symlink],
    );
  for (const path of [info.name, ...paths]) {
    expect(path.startsWith('/')).toBe(false);
    for (const component of path.split('/')) {
      expect(['', '.', '..']).not.toContain(component);
      expect(component.trim()).not.toMatch(/^\.{0,2}$/);
      expect(component).not.toMatch(/[\p{Cc}/\\\u202A-\u202E\u2066-\u2069]/u);
      expect(component).not.toMatch(/^[a-z]:$/i);
      expect(Buffer.byteLength(component)).toBeLessThanOrEqual(255);
      if (rules.windows) {
        expect(component).not.toMatch(/[<>:"|?*]|[. ]$/);
        expect(component).not.toMatch(DEVICE);
      }
    }
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(4096);
  }
  const files = info.files.filter(({ attributes }) => !attributes.padding);
  const folded = files.map(({ path }) => foldName(path, rules));
  expect(new Set(folded).size).toBe(folded.length);
  const taken = new Set(folded);
  for (const path of folded) {
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
      expect(taken.has(path.slice(0, at))).toBe(false);
    }
  }
  for (const { path } of info.files) {
    expect(path === info.name || path.startsWith(`${info.name}/`)).toBe(true);
  }
  for (const { attributes } of files) {
    const { symlink } = attributes;
    if (symlink === undefined) continue;
    expect(symlink.startsWith(`${info.name}/`)).toBe(true);
    const target = files.find(({ path }) => path === symlink);
    expect(target?.attributes.symlink).toBeUndefined();
  }
}

describe.each(['linux', 'any'] as const)(
  'hostile torrents on %s',
  (platform) => {
    it.each(vectors.map((vector) => [vector.id, vector] as const))('%s', (id, vector) => {
      const metainfo = parse(vector, platform);
      if (VERSION_2_ONLY.has(id)) {
        expect(metainfo).toBeUndefined();
        return;
      }
      if (vector.expect === 'reject') expect(metainfo).toBeUndefined();
      if (vector.expect === 'accept') expect(metainfo).toBeDefined();
      if (metainfo !== undefined) checkSafe(metainfo, platform);
    });
  },
);
