import { isDeepStrictEqual } from 'node:util';
import {
  BencodeError,
  decode,
  decodePrefix,
  encode,
  parse,
  parseSteps,
} from '../../../../packages/bencode/src/index.ts';
import type {
  BencodeInput,
  BencodeNode,
  BencodeValue,
  Irregularity,
} from '../../../../packages/bencode/src/index.ts';
import { readModel } from '../bencode-model.ts';
import { Choices } from '../engine/choices.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { typed } from '../typed.ts';
import { filesOf, vectorsOf } from '../vectors.ts';

const FIXTURES = 'packages/bencode/test/fixtures';

function* seeds(): Generator<Uint8Array> {
  for (const name of ['valid', 'invalid', 'noncanonical']) {
    yield* vectorsOf(`${FIXTURES}/${name}.json`, 'hex');
  }
}

const common = { area: 'bencode', shape: 'bencode', seeds } as const;

/** Any value that can be encoded, of the decisions in an input. */
export function valueOf(choices: Choices, depth = 0): BencodeInput {
  switch (depth > 6 ? choices.below(3) : choices.below(6)) {
    case 0:
      return choices.integer();
    case 1:
      return choices.blob(20);
    case 2:
      return choices.text(12);
    case 3:
      return choices.list(5, () => valueOf(choices, depth + 1));
    case 4:
      return new Map(
        choices.list(5, () => [
          Buffer.from(choices.blob(6)).toString('latin1'),
          valueOf(choices, depth + 1),
        ]),
      );
    default:
      return Object.fromEntries(
        choices.list(5, () => [choices.word('ab_protoconstru', 12), valueOf(choices, depth + 1)]),
      );
  }
}

/** A value as it must come back: texts as bytes, objects as maps, keys in order. */
function asDecoded(value: BencodeInput | undefined): BencodeValue | undefined {
  if (typeof value === 'string') return new Uint8Array(Buffer.from(value));
  if (typeof value === 'number') return value === 0 ? 0 : value;
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  if (value === undefined || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) {
    return (value as readonly BencodeInput[]).map((item) => asDecoded(item) ?? 0);
  }
  const entries =
    value instanceof Map ? [...(value as Map<string, BencodeInput>)] : Object.entries(value);
  entries.sort(([left], [right]) => (left < right ? -1 : 1));
  return new Map(entries.map(([key, entry]) => [key, asDecoded(entry as BencodeInput) ?? 0]));
}

/** A node's value, put together by its walkers. */
function walk(node: BencodeNode): BencodeValue {
  switch (node.type) {
    case 'integer':
      return node.asInteger();
    case 'bytes':
      return node.asBytes();
    case 'list': {
      const items = [...node.items()].map(walk);
      must(items.length === node.size, 'a list has another size than items');
      return items;
    }
    case 'dictionary': {
      const entries = [...node.entries()];
      must(entries.length === node.size, 'a dictionary has another size than entries');
      const map = new Map<string, BencodeValue>();
      for (const [key, entry] of entries) {
        const found = node.get(key);
        must(found !== undefined && node.has(key), 'a key that is listed is not found');
        if (!map.has(key)) {
          must(found.start === entry.start, 'get gives not the first of equal keys');
          map.set(key, walk(entry));
        }
      }
      return map;
    }
  }
}

/** All places of a document whose values may not overlap, nor leave it. */
function checkPlaces(node: BencodeNode, from: number, to: number): void {
  must(node.start >= from && node.end <= to && node.start < node.end, 'a node is out of place');
  must(node.source().length === node.end - node.start, 'a source has another length');
  if (node.type === 'list') {
    let at = node.start + 1;
    for (const item of node.items()) {
      must(item.start === at, 'there is something between two items');
      checkPlaces(item, at, node.end - 1);
      at = item.end;
    }
    must(at === node.end - 1, 'there is something behind the last item');
  } else if (node.type === 'dictionary') {
    let at = node.start + 1;
    for (const [, entry] of node.entries()) {
      must(entry.start > at, 'an entry has no key');
      checkPlaces(entry, at, node.end - 1);
      at = entry.end;
    }
    must(at === node.end - 1, 'there is something behind the last entry');
  }
}

export const bencodeTargets: readonly Target[] = [
  {
    ...common,
    name: 'bencode-decode',
    property: 'any bytes: a value or a BencodeError, by all four ways of reading',
    run(input) {
      const codes = [
        typed(BencodeError, () => decode(input)),
        typed(BencodeError, () => decode(input, { lenient: true })),
        typed(BencodeError, () => decodePrefix(input, { lenient: true })),
        typed(BencodeError, () => parse(input)),
      ].map((result) => ('code' in result ? result.code : ''));
      must(codes[0] === codes[3], 'decode and parse do not agree');
      return codes.join();
    },
  },
  {
    ...common,
    name: 'bencode-canonical',
    property: 'what is read strictly is written again byte for byte',
    run(input) {
      const result = typed(BencodeError, () => decode(input));
      if ('code' in result) return result.code;
      must(Buffer.compare(encode(result.value), input) === 0, 'encode(decode(x)) is not x');
      return 'read';
    },
  },
  {
    ...common,
    name: 'bencode-model',
    property:
      'agrees with a plain recursive reader: what is read, its value, and what is canonical',
    run(input) {
      const model = readModel(input);
      const lenient = typed(BencodeError, () => decodePrefix(input, { lenient: true }));
      const strict = typed(BencodeError, () => decode(input));
      must(
        (model !== undefined) === 'value' in lenient,
        () => `the model ${model === undefined ? 'refuses' : 'reads'} it, decodePrefix does not`,
      );
      must((model?.isCanonical === true) === 'value' in strict, 'canonical by one only');
      if (model === undefined || !('value' in lenient)) return 'refused';
      must(lenient.value.length === model.end, 'it ends elsewhere');
      must(isDeepStrictEqual(lenient.value.value, model.value), 'it is another value');
      return model.isCanonical ? 'canonical' : 'odd';
    },
  },
  {
    ...common,
    name: 'bencode-irregularities',
    property:
      'lenient reading names an irregularity exactly where strict reading refuses what it reads',
    run(input) {
      const found: Irregularity[] = [];
      const lenient = typed(BencodeError, () =>
        decode(input, { lenient: true, onIrregularity: (each) => found.push(each) }),
      );
      const strict = typed(BencodeError, () => decode(input));
      if ('code' in lenient) {
        must('code' in strict, 'strict reading takes what lenient reading does not');
        return lenient.code;
      }
      must(
        found.length > 0 === 'code' in strict,
        'nothing is odd, and yet it is refused, or the other way',
      );
      for (const { offset } of found) {
        must(offset >= 0 && offset <= input.length, 'an irregularity is out of place');
      }
      return found[0]?.kind;
    },
  },
  {
    ...common,
    name: 'bencode-nodes',
    property:
      'the walkers of a document give what decode gives, and their places fill it without a gap',
    run(input) {
      const options = { lenient: true };
      const result = typed(BencodeError, () => parse(input, options));
      if ('code' in result) return result.code;
      const { root, end } = result.value;
      must(root.end === end, 'the root does not end where the document does');
      checkPlaces(root, 0, input.length);
      const value = decode(input, options);
      must(isDeepStrictEqual(walk(root), value), 'the walkers give another value');
      must(isDeepStrictEqual(root.toValue(), value), 'toValue gives another value');
      return root.type;
    },
  },
  {
    ...common,
    name: 'bencode-text',
    property: 'texts are those of a strict UTF-8 decoder, one by one and as a list',
    tokens: ['\xff', '\xc3\xa9', '\xed\xa0\x80', '\xef\xbb\xbf', 'l', 'e', '3:'],
    run(input) {
      const result = typed(BencodeError, () => parse(input, { lenient: true }));
      if ('code' in result) return result.code;
      const { root } = result.value;
      const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
      const nodes = root.type === 'list' ? [...root.items()] : [root];
      const expected = nodes.map((node) => {
        if (node.type !== 'bytes') return undefined;
        let text: string | undefined;
        try {
          text = decoder.decode(node.asBytes());
        } catch {
          // No UTF-8.
        }
        must(node.asText() === text, 'another text than of TextDecoder');
        return text;
      });
      if (root.type !== 'list') return root.type;
      const all = expected.includes(undefined) ? undefined : expected;
      must(isDeepStrictEqual(root.asTexts(), all), 'asTexts gives something else');
      return all === undefined ? 'mixed' : 'texts';
    },
  },
  {
    ...common,
    name: 'bencode-steps',
    property: 'reading in steps of any size gives the same document or the same error',
    run(input) {
      const tokensPerStep = 1 + (input.length % 7);
      const options = { lenient: true };
      const whole = typed(BencodeError, () => decode(input, options));
      const stepped = typed(BencodeError, () => {
        const steps = parseSteps(input, options, tokensPerStep);
        for (let count = 0; ; count++) {
          must(count <= input.length + 1, 'more steps than bytes');
          const step = steps.next();
          if (step.done === true) return step.value.root.toValue();
        }
      });
      must(isDeepStrictEqual(stepped, whole), 'steps lead elsewhere');
      return 'code' in whole ? whole.code : 'read';
    },
  },
  {
    ...common,
    name: 'bencode-limits',
    property:
      'limits hold: nothing deeper, longer or with more tokens is read, and nothing within them is refused for it',
    run(input) {
      const choices = new Choices(input.subarray(0, 3));
      const maxDepth = choices.below(8);
      const maxTokens = 1 + choices.below(40);
      const maxIntegerLength = 1 + choices.below(12);
      const body = input.subarray(3);
      const limits = { lenient: true, maxDepth, maxTokens, maxIntegerLength };
      const free = typed(BencodeError, () => parse(body, { lenient: true }));
      const limited = typed(BencodeError, () => parse(body, limits));
      if ('code' in free) {
        must('code' in limited, 'limits make readable what is not');
        return free.code;
      }
      let depth = 0;
      let tokens = 0;
      let digits = 0;
      const measure = (node: BencodeNode, level: number): void => {
        depth = Math.max(depth, level);
        tokens++;
        if (node.type === 'integer') digits = Math.max(digits, node.end - node.start - 2);
        if (node.type === 'list' || node.type === 'dictionary') {
          depth = Math.max(depth, level + 1);
          tokens++;
          const isList = node.type === 'list';
          const members = isList ? node.items() : [...node.entries()].map(([, entry]) => entry);
          for (const member of members) {
            if (!isList) tokens++;
            measure(member, level + 1);
          }
        }
      };
      measure(free.value.root, 0);
      const fits = depth <= maxDepth && tokens <= maxTokens && digits <= maxIntegerLength;
      must(fits === 'value' in limited, () => `depth ${depth}, tokens ${tokens}, digits ${digits}`);
      return 'code' in limited ? limited.code : 'fits';
    },
  },
  {
    name: 'bencode-values',
    area: 'bencode',
    property: 'any value that can be written is read again as it was',
    run(input) {
      const value = valueOf(new Choices(input));
      const result = typed(BencodeError, () => encode(value));
      // Two keys of an object and a map can be the same byte string only where they are the same.
      if ('code' in result) return result.code;
      const expected = asDecoded(value);
      must(isDeepStrictEqual(decode(result.value), expected), 'decode(encode(x)) is not x');
      return typeof value;
    },
  },
  {
    name: 'bencode-encode',
    area: 'bencode',
    property:
      'any JavaScript value at all is written as canonical bencode or refused with a BencodeError',
    run(input) {
      const choices = new Choices(input);
      const made: unknown[] = [];
      const anything = (depth: number): unknown => {
        const value = ((): unknown => {
          switch (choices.below(depth > 5 ? 12 : 17)) {
            case 0:
              return undefined;
            case 1:
              return null;
            case 2:
              return Number.NaN;
            case 3:
              return -0;
            case 4:
              return 2 ** choices.byte();
            case 5:
              return choices.bool();
            case 6:
              return Symbol.iterator;
            case 7:
              return new Date(0);
            case 8:
              return choices.text(5);
            case 9:
              return choices.integer();
            case 10:
              return made[choices.below(made.length)];
            case 11:
              return new Float64Array(choices.below(3));
            case 12:
              return choices.list(4, () => anything(depth + 1));
            case 13:
              return new Map(choices.list(4, () => [anything(depth + 1), anything(depth + 1)]));
            case 14: {
              const list: unknown[] = [1];
              list.push(list);
              return list;
            }
            case 15:
              return Object.create(null, {
                [choices.text(3)]: { value: anything(depth + 1), enumerable: choices.bool() },
              }) as unknown;
            default:
              return { [choices.text(3)]: anything(depth + 1) };
          }
        })();
        made.push(value);
        return value;
      };
      const value = anything(0);
      const result = typed(BencodeError, () => encode(value as BencodeInput, { maxDepth: 8 }));
      if ('code' in result) return result.code;
      decode(result.value);
      return 'written';
    },
  },
  {
    name: 'bencode-torrents',
    area: 'bencode',
    property:
      'large real files, damaged anywhere, are read by both ways of reading to the same end',
    shape: 'bytes',
    maxLength: 65_536,
    seeds: () => filesOf('packages/metainfo/test/fixtures/torrents', '.torrent', 16_384),
    run(input) {
      const lenient = typed(BencodeError, () => decodePrefix(input, { lenient: true }));
      const parsed = typed(BencodeError, () => parse(input, { lenient: true }));
      must('value' in lenient === 'value' in parsed, 'one refuses what the other takes');
      if ('value' in lenient && 'value' in parsed) {
        must(lenient.value.length === parsed.value.end, 'they end elsewhere');
      }
      return 'code' in parsed ? parsed.code : 'read';
    },
  },
];
