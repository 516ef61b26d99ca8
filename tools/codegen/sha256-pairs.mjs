// @ts-check
/** SHA-256 of messages of 64 bytes, four side by side, as a WebAssembly module. */
import {
  add,
  get,
  int,
  intAdd,
  intLess,
  intSubtract,
  load,
  loadSplat,
  loop,
  moduleOf,
  select,
  set,
  shiftLeft,
  shiftRight,
  shuffle,
  shuffleSwapped,
  splat,
  store,
  tee,
  words,
  xor,
} from './assembler.mjs';
import {
  BLOCK_WORDS,
  initialState,
  MIX,
  paddingRounds,
  ROUNDS,
  roundConstants,
} from './sha256-constants.mjs';

/** @typedef {import('./assembler.mjs').Code} Code */
/** @typedef {import('./sha256-constants.mjs').Mix} Mix */

/** Messages that are hashed side by side, one in each lane of a vector. */
export const LANES = 4;
const MESSAGE_LENGTH = 64;
const HASH_LENGTH = 32;
const VECTOR_LENGTH = 16;
const WORD_LENGTH = 4;

/** Two tables of a word for each round stand at the start of the memory: round constants, and those of the padding. */
const TABLE_LENGTH = ROUNDS * WORD_LENGTH;
const CONSTANTS_AT = 0;
const PADDING_AT = TABLE_LENGTH;
/** Where messages may begin. */
export const DATA_AT = 2 * TABLE_LENGTH;

/** Parameters: where the messages are, where the hashes go, groups of four messages. */
const FROM = 0;
const TO = 1;
const GROUPS = 2;
/** Offset in a table. */
const TABLE = 3;
/** Vectors, one word of four messages each. @param {number} index */
const word = (index) => TABLE + 1 + (index % BLOCK_WORDS);
/** @param {number} index */
const state = (index) => word(0) + BLOCK_WORDS + index;
/** @param {number} index */
const kept = (index) => state(8) + index;
const scratch = kept(8);
const scratch2 = scratch + 1;
const LOCALS = { parameters: TABLE, ints: 1, vectors: scratch2 + 1 - word(0) };

/** Rounds that are written out, as many as the message schedule has words. A loop makes the rest of them. */
const ROUNDS_WRITTEN_OUT = BLOCK_WORDS;
const STEP = ROUNDS_WRITTEN_OUT * WORD_LENGTH;

/** @param {Code[]} parts @returns {Code} */
const code = (...parts) => parts.flat();
/** @param {number} count @param {(index: number) => Code} make @returns {Code} */
const each = (count, make) => Array.from({ length: count }, (_, index) => make(index)).flat();

/** @param {number} local @param {number} bits */
const rotation = (local, bits) =>
  code(get(local), shiftRight(bits), get(local), shiftLeft(32 - bits), xor);

/** @param {number} local @param {Mix} mix */
const bigSigma = (local, [first, second, third]) =>
  code(rotation(local, first), rotation(local, second), xor, rotation(local, third), xor);

/** @param {number} local @param {Mix} mix */
const smallSigma = (local, [first, second, shift]) =>
  code(
    ...[rotation(local, first), rotation(local, second), xor],
    ...[get(local), shiftRight(shift), xor],
  );

/**
 * One round (6.2.2, step 3). The eight words of the state move on by their names.
 * @param {number} index
 * @param {Code} input leaves round constant plus word
 */
function round(index, input) {
  /** @param {number} letter */
  const at = (letter) => state((letter + ROUNDS - index) % 8);
  const [a, b, c, d, e, f, g, h] = [at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)];
  return code(
    ...[get(h), input, add, bigSigma(e, MIX.bigSigma1), add],
    // Ch
    ...[get(f), get(g), get(e), select, add, set(scratch)],
    ...[get(d), get(scratch), add, set(d)],
    ...[get(scratch), bigSigma(a, MIX.bigSigma0), add],
    // Maj
    ...[get(c), get(b), get(a), get(b), xor, select, add, set(h)],
  );
}

/** Rounds of the loop that goes through a table from `start` on. @param {number} start @param {Code} body */
const throughTable = (start, body) =>
  code(
    ...[int(start), set(TABLE)],
    loop(body, get(TABLE), int(STEP), intAdd, tee(TABLE), int(TABLE_LENGTH), intLess),
  );

/**
 * Four vectors of neighbouring words of one message each become vectors of the same word of each message, the bytes of each
 * word swapped, or the other way round.
 * @param {(index: number) => number} row
 * @param {(column: number) => [Code, Code]} into what stands before and after a column on its way to its place
 */
function transposed(row, into) {
  /** @param {number} index @param {Code} lanes */
  const column = (index, lanes) => {
    const [before, after] = into(index);
    return code(before, get(scratch), get(scratch2), lanes, after);
  };
  /** @param {number} low @param {number} high */
  const columns = (low, high) => {
    const lanes = shuffleSwapped(low, 4 + low, high, 4 + high);
    return code(
      ...[get(row(0)), get(row(1)), lanes, set(scratch)],
      ...[get(row(2)), get(row(3)), lanes, set(scratch2)],
      ...[column(low, shuffle(0, 1, 4, 5)), column(high, shuffle(2, 3, 6, 7))],
    );
  };
  return code(columns(0, 1), columns(2, 3));
}

/** The words of four messages, which first stand in the state. */
const readMessages = each(4, (quarter) =>
  code(
    each(LANES, (lane) =>
      code(get(FROM), load(MESSAGE_LENGTH * lane + VECTOR_LENGTH * quarter), set(state(lane))),
    ),
    transposed(state, (column) => [[], set(word(4 * quarter + column))]),
  ),
);

const writeHashes = each(2, (half) =>
  transposed(
    (index) => state(4 * half + index),
    (lane) => [get(TO), store(HASH_LENGTH * lane + VECTOR_LENGTH * half)],
  ),
);

/** The word 16 rounds on, in the place of the present one (6.2.2, step 1). @param {number} index */
const nextWord = (index) =>
  code(
    ...[smallSigma(word(index + 14), MIX.smallSigma1), get(word(index + 9)), add],
    ...[smallSigma(word(index + 1), MIX.smallSigma0), add],
    ...[get(word(index)), add, set(word(index))],
  );

/** @param {number} index */
const roundOfMessage = (index) =>
  round(
    index,
    code(get(TABLE), loadSplat(CONSTANTS_AT + WORD_LENGTH * index), get(word(index)), add),
  );

/** @param {number} index */
const initial = (index) => splat(initialState[index] ?? 0);

const messageBlock = code(
  each(8, (index) => code(initial(index), set(state(index)))),
  ...[int(0), set(TABLE)],
  each(ROUNDS_WRITTEN_OUT, roundOfMessage),
  throughTable(
    STEP,
    each(ROUNDS_WRITTEN_OUT, (index) => code(nextWord(index), roundOfMessage(index))),
  ),
  each(8, (index) =>
    code(get(state(index)), initial(index), add, tee(state(index)), set(kept(index))),
  ),
);

const paddingBlock = code(
  throughTable(
    0,
    each(ROUNDS_WRITTEN_OUT, (index) =>
      round(index, code(get(TABLE), loadSplat(PADDING_AT + WORD_LENGTH * index))),
    ),
  ),
  each(8, (index) => code(get(state(index)), get(kept(index)), add, set(state(index)))),
);

const group = code(
  ...[readMessages, messageBlock, paddingBlock, writeHashes],
  ...[get(FROM), int(LANES * MESSAGE_LENGTH), intAdd, set(FROM)],
  ...[get(TO), int(LANES * HASH_LENGTH), intAdd, set(TO)],
  ...[get(GROUPS), int(1), intSubtract, tee(GROUPS)],
);

/**
 * Its function `run(from, to, groups)` hashes `groups` × 4 messages, at least one group, that follow each other in memory from
 * `from` on, to hashes that follow each other from `to` on, which may be `from`.
 */
export const pairModule = moduleOf(
  LOCALS,
  loop(group),
  words([...roundConstants, ...paddingRounds()]),
);
