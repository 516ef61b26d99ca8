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

function isSafeComponent(component: string, windows: boolean): boolean {
  return (
    !['', '.', '..'].includes(component.trim()) &&
    !/[\p{Cc}/\\\u202A-\u202E\u2066-\u2069]/u.test(component) &&
    !/^[a-z]:$/i.test(component) &&
    Buffer.byteLength(component) <= 255 &&
    !(windows && (/[<>:"|?*]|[. ]$/.test(component) || DEVICE.test(component)))
  );
}

/** What should hold for every torrent that is accepted at all, and does not. */
function problemsOf({ info }: Metainfo, platform: TargetPlatform): string[] {
  const rules = rulesFor(platform);
  const problems: string[] = [];
  const check = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem);
  };
  const files = info.files.filter(({ attributes }) => !attributes.padding);
  const folded = files.map(({ path }) => foldName(path, rules));
  const taken = new Set(folded);
  check(taken.size === files.length, 'two files share a path');
  for (const path of folded) {
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
      check(!taken.has(path.slice(0, at)), `a file stands where ${path} needs a folder`);
    }
  }
  const links = files.flatMap(({ attributes }) => attributes.symlink ?? []);
  for (const path of [info.name, ...files.map((file) => file.path), ...links]) {
    const safe = path.split('/').every((component) => isSafeComponent(component, rules.windows));
    check(safe, `${JSON.stringify(path)} is not safe`);
    check(Buffer.byteLength(path) <= 4096, `${path} is too long`);
  }
  for (const { path } of info.files) {
    check(path === info.name || path.startsWith(`${info.name}/`), `${path} is outside`);
  }
  for (const link of links) {
    check(link.startsWith(`${info.name}/`), `a link leads to ${link}`);
    const target = files.find(({ path }) => path === link);
    check(target?.attributes.symlink === undefined, `a link leads to the link ${link}`);
  }
  return problems;
}

describe.each(['linux', 'any'] as const)('hostile torrents on %s', (platform) => {
  it.each(vectors.map((vector) => [vector.id, vector] as const))('%s', (_, vector) => {
    const metainfo = parse(vector, platform);
    if (vector.expect === 'reject') expect(metainfo).toBeUndefined();
    if (vector.expect === 'accept') expect(metainfo).toBeDefined();
    if (metainfo !== undefined) expect(problemsOf(metainfo, platform)).toEqual([]);
  });
});
