import { isDeepStrictEqual } from 'node:util';
import { parse } from '../../../../packages/bencode/src/index.ts';
import {
  editTorrent,
  fileColumns,
  foldName,
  MetainfoError,
  parseMetainfo,
  rulesFor,
  safeComponent,
} from '../../../../packages/metainfo/src/index.ts';
import type { TargetPlatform, TorrentInfo } from '../../../../packages/metainfo/src/index.ts';
import type { FileList } from '../../../../packages/metainfo/src/file-table.ts';
import { DEFAULT_LIMITS } from '../../../../packages/metainfo/src/limits.ts';
import { readPlainFiles } from '../../../../packages/metainfo/src/plain-files.ts';
import { runNow } from '../../../../packages/metainfo/src/steps.ts';
import { readWithCare } from '../../../../packages/metainfo/src/v1-files.ts';
import { readPlainTree } from '../../../../packages/metainfo/src/v2/plain-tree.ts';
import { readTreeWithCare } from '../../../../packages/metainfo/src/v2/tree-files.ts';
import { Choices } from '../engine/choices.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { listTorrent, nameOf, ODD_NAMES, treeTorrent } from '../torrent-maker.ts';
import { typed } from '../typed.ts';
import { asText, texts } from '../vectors.ts';

const PLATFORMS: readonly TargetPlatform[] = ['linux', 'darwin', 'win32', 'any'];
const CONTROL = /\p{Cc}/u;
const TURNING = /[\u202a-\u202e\u2066-\u2069]/u;
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:[ ]*\..*|[ ]*)$/i;

/** A component that may be created below a folder, whatever the platform makes of names. */
function checkComponent(name: string, platform: TargetPlatform): void {
  must(name !== '' && name !== '.' && name !== '..', () => `a component ${JSON.stringify(name)}`);
  must(!/[/\\]/.test(name) && !CONTROL.test(name), 'a separator or control character in a name');
  must(!TURNING.test(name), 'a name that turns its letters around');
  must(Buffer.byteLength(name) <= 255, 'a name is too long');
  if (platform === 'win32' || platform === 'any') {
    must(!/[<>:"|?*]/.test(name), 'a character that is reserved on Windows');
    must(!/[. ]$/.test(name), 'a dot or space at the end');
    must(!DEVICE.test(name), 'the name of a device');
  }
}

/** All files of a torrent stand below its folder, each at a place of its own. */
function checkPaths(info: TorrentInfo, platform: TargetPlatform): void {
  const rules = rulesFor(platform);
  const taken = new Map<string, string>();
  const folders = new Set<string>();
  for (const { path, attributes } of info.files) {
    const components = path.split('/');
    if (attributes.symlink !== undefined) {
      must(
        attributes.symlink === info.name || attributes.symlink.startsWith(`${info.name}/`),
        'a link leads out of the torrent',
      );
      for (const part of attributes.symlink.split('/')) checkComponent(part, platform);
    }
    if (attributes.padding) continue;
    must(components[0] === info.name, 'a file is not in the folder of the torrent');
    for (const component of components) checkComponent(component, platform);
    const key = components.map((component) => foldName(component, rules)).join('/');
    must(
      !taken.has(key),
      () => `two files at ${JSON.stringify(path)} and ${JSON.stringify(taken.get(key))}`,
    );
    taken.set(key, path);
    const parts = key.split('/');
    for (let depth = 1; depth < parts.length; depth++) folders.add(parts.slice(0, depth).join('/'));
  }
  for (const key of taken.keys()) must(!folders.has(key), 'a file where a folder is needed');
}

/** What two ways of reading files must agree on. */
function summaryOf({ table, totalLength, length }: FileList): unknown {
  const rows = Array.from({ length: table.size }, (_, index) => [
    table.pathOf(index),
    table.lengths[index],
    table.offsets[index],
    table.attributesOf(index),
  ]);
  return { rows, totalLength, length };
}

/** A part of a torrent's info dictionary as it stands there. */
function partOf(torrent: Uint8Array, key: string): Uint8Array {
  return parse(torrent, { lenient: true }).root.get('info')?.get(key)?.source() ?? new Uint8Array();
}

export const nameTargets: readonly Target[] = [
  {
    name: 'names-component',
    area: 'metainfo',
    property:
      'any text becomes one safe component on every platform, and a safe one stays as it is',
    shape: 'text',
    tokens: ODD_NAMES,
    seeds: () => texts(...ODD_NAMES),
    run(input) {
      const text = asText(input);
      for (const platform of PLATFORMS) {
        const rules = rulesFor(platform);
        const name = safeComponent(text, rules);
        if (name === undefined) {
          must(text === '.' || text === '..', 'a name is left out that is no dots');
          continue;
        }
        checkComponent(name, platform);
        must(safeComponent(name, rules) === name, 'made safe once more it is another name');
      }
      return undefined;
    },
  },
  {
    name: 'names-fold',
    area: 'metainfo',
    property:
      'folding a name that was folded changes nothing, in whatever case and form it was written',
    shape: 'text',
    tokens: ODD_NAMES,
    seeds: () => texts(...ODD_NAMES),
    run(input) {
      const text = asText(input);
      for (const platform of PLATFORMS) {
        const rules = rulesFor(platform);
        const folded = foldName(text, rules);
        must(
          foldName(folded, rules) === folded,
          () => `folds on to ${JSON.stringify(foldName(folded, rules))}`,
        );
        if (rules.normalising) {
          must(
            foldName(text.normalize('NFD'), rules) === folded,
            'the decomposed form is another name',
          );
          must(
            foldName(text.normalize('NFC'), rules) === folded,
            'the composed form is another name',
          );
        }
      }
      return undefined;
    },
  },
  {
    name: 'names-list-paths',
    area: 'metainfo',
    property:
      'the files of any v1 list stand below the root, never two at one place, on every platform',
    run(input) {
      const torrent = listTorrent(new Choices(input));
      let code = '';
      for (const platform of PLATFORMS) {
        const result = typed(MetainfoError, () => parseMetainfo(torrent, { platform }));
        if ('code' in result) code = result.code;
        else checkPaths(result.value.info, platform);
      }
      return code;
    },
  },
  {
    name: 'names-tree-paths',
    area: 'metainfo',
    property:
      'the files of any v2 tree stand below the root, never two at one place, on every platform',
    run(input) {
      const torrent = treeTorrent(new Choices(input));
      let code = '';
      for (const platform of PLATFORMS) {
        const result = typed(MetainfoError, () => parseMetainfo(torrent, { platform }));
        if ('code' in result) code = result.code;
        else checkPaths(result.value.info, platform);
      }
      return code;
    },
  },
  {
    name: 'names-list-plain',
    area: 'metainfo',
    property: 'the fast way of reading a list gives what the careful one gives, or nothing',
    run(input) {
      const torrent = listTorrent(new Choices(input));
      const bytes = partOf(torrent, 'files');
      const list = parse(bytes, { lenient: true }).root;
      for (const platform of PLATFORMS) {
        const rules = rulesFor(platform);
        const fast = typed(MetainfoError, () =>
          runNow(readPlainFiles(bytes, list.size, 'root', DEFAULT_LIMITS, rules)),
        );
        if ('code' in fast || fast.value === undefined) continue;
        const careful = runNow(readWithCare(list, 'root', DEFAULT_LIMITS, rules));
        must(isDeepStrictEqual(summaryOf(fast.value), summaryOf(careful)), 'they differ');
        return 'fast';
      }
      return 'careful';
    },
  },
  {
    name: 'names-tree-plain',
    area: 'metainfo',
    property: 'the fast way of reading a tree gives what the careful one gives, or nothing',
    run(input) {
      const torrent = treeTorrent(new Choices(input));
      const bytes = partOf(torrent, 'file tree');
      for (const platform of PLATFORMS) {
        const context = {
          name: 'root',
          pieceLength: 16_384,
          limits: DEFAULT_LIMITS,
          rules: rulesFor(platform),
        };
        const fast = typed(MetainfoError, () => runNow(readPlainTree(bytes, context)));
        if ('code' in fast) return fast.code;
        if (fast.value === undefined) continue;
        const careful = runNow(readTreeWithCare(bytes, context));
        must(isDeepStrictEqual(summaryOf(fast.value), summaryOf(careful)), 'they differ');
        return 'fast';
      }
      return 'careful';
    },
  },
  {
    name: 'metainfo-edit',
    area: 'metainfo',
    property:
      'an edit changes what it names and nothing else; the info-hash only where it was asked for',
    run(input) {
      const choices = new Choices(input);
      const torrent = choices.bool() ? listTorrent(choices) : treeTorrent(choices);
      const before = typed(MetainfoError, () => parseMetainfo(torrent));
      if ('code' in before) return before.code;
      const url = (): string => `http://${choices.word('abc', 3)}.example/${choices.text(5)}`;
      const text = (): string | null => (choices.oneIn(4) ? null : choices.text(8));
      const changes = {
        ...(choices.bool()
          ? { trackers: { clear: choices.bool(), add: [[url()], [url(), url()]] } }
          : {}),
        ...(choices.bool() ? { webSeeds: { add: [url()] } } : {}),
        ...(choices.bool()
          ? { nodes: { add: [{ host: choices.word('a.1:[', 5), port: choices.below(70_000) }] } }
          : {}),
        ...(choices.bool() ? { comment: text() } : {}),
        ...(choices.bool() ? { creationDate: choices.number32() } : {}),
      };
      const info = choices.bool()
        ? { private: choices.bool(), ...(choices.bool() ? { name: nameOf(choices) } : {}) }
        : undefined;
      const result = typed(MetainfoError, () =>
        editTorrent(torrent, info === undefined ? changes : { ...changes, info }),
      );
      if ('code' in result) return result.code;
      const { metainfo, bytes } = result.value;
      if (info === undefined) {
        must(Buffer.compare(metainfo.info.bytes, before.value.info.bytes) === 0, 'another info');
      } else {
        must(metainfo.info.private === info.private, 'private is not what was asked for');
      }
      if (!('webSeeds' in changes)) {
        must(isDeepStrictEqual(metainfo.webSeeds, before.value.webSeeds), 'other web seeds');
      }
      if ('comment' in changes) {
        const asked = changes.comment ?? undefined;
        const wellFormed = asked === undefined ? undefined : Buffer.from(asked).toString();
        must(metainfo.comment === wellFormed || wellFormed === '', 'another comment');
      }
      must(parseMetainfo(bytes).info.files.length === fileColumns(metainfo.info).size, 'files');
      return 'edited';
    },
  },
];
