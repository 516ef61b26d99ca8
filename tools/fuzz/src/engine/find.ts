import { BASE_TIME, TIME_PER_BYTE, Violation } from './target.ts';
import type { Target } from './target.ts';

/** An input for which the property of a target does not hold. */
export interface Find {
  readonly target: string;
  readonly input: Uint8Array;
  /** What was thrown, or how long it took. */
  readonly message: string;
  readonly stack: string;
  /** By which two finds are taken for one. */
  readonly signature: string;
}

/** Times that what took too long is tried again, before it is called a find. */
const SLOW_TRIES = 3;

/** Promises that were rejected and nobody looked at, while an input was tried. */
const unhandled: unknown[] = [];

/** From now on errors that nobody handles are finds of the input at hand. */
export function watchForUnhandled(): void {
  process.on('unhandledRejection', (reason) => unhandled.push(reason));
  process.on('uncaughtException', (error) => unhandled.push(error));
}

/** Tries an input: what came of it, or the find that it is. */
export async function tryInput(
  target: Target,
  input: Uint8Array,
): Promise<{ outcome: string } | { find: Find }> {
  const begin = performance.now();
  try {
    const result = target.run(input);
    const outcome = (result instanceof Promise ? await result : result) ?? '';
    const [error] = unhandled.splice(0);
    if (error !== undefined) return { find: findOf(target, input, error) };
    const limit = (target.baseTime ?? BASE_TIME) + input.length * TIME_PER_BYTE;
    if (performance.now() - begin > limit) {
      const taken = await fastestOf(target, input);
      if (taken > limit) return { find: tooSlow(target, input, taken, limit) };
    }
    return { outcome };
  } catch (error) {
    unhandled.length = 0;
    return { find: findOf(target, input, await withStack(target, input, error)) };
  }
}

/** Frames of the stack of a find. */
const STACK_FRAMES = 8;

/**
 * Errors are what most inputs end in, and most of their cost is the stack. So they have none, but for what a find throws, which is
 * made to be thrown once more.
 */
export function withoutStacks(): void {
  Error.stackTraceLimit = 0;
}

async function withStack(target: Target, input: Uint8Array, error: unknown): Promise<unknown> {
  Error.stackTraceLimit = STACK_FRAMES;
  try {
    await target.run(input);
    return error;
  } catch (again) {
    return again;
  } finally {
    withoutStacks();
  }
}

async function fastestOf(target: Target, input: Uint8Array): Promise<number> {
  let fastest = Infinity;
  for (let count = 0; count < SLOW_TRIES; count++) {
    const begin = performance.now();
    await target.run(input);
    fastest = Math.min(fastest, performance.now() - begin);
  }
  return fastest;
}

function tooSlow(target: Target, input: Uint8Array, taken: number, limit: number): Find {
  const message = `took ${taken.toFixed(0)} ms for ${input.length} bytes, the limit is ${limit.toFixed(0)} ms`;
  return { target: target.name, input, message, stack: '', signature: 'too slow' };
}

export function findOf(target: Pick<Target, 'name'>, input: Uint8Array, error: unknown): Find {
  const isError = error instanceof Error;
  const message = isError ? `${error.name}: ${error.message}` : `threw ${String(error)}`;
  const stack = isError ? (error.stack ?? '') : '';
  // Of a violation the words say which it is; of any other error the place does. Numbers and quoted parts differ by input.
  const words = message.replace(/"[^"]*"|\d+/g, '#').slice(0, 80);
  const place = error instanceof Violation ? '' : (/^\s+at .*$/m.exec(stack)?.[0].trim() ?? '');
  return { target: target.name, input, message, stack, signature: `${words} ${place}` };
}

/** Inputs tried to make a find smaller, at most. */
const MAX_SHRINK_TRIES = 3_000;
/** Milliseconds for that, at most. */
const MAX_SHRINK_TIME = 3_000;

/** The same find with as little input as can be: stretches are left out, then bytes made zero. */
export async function shrink(target: Target, find: Find): Promise<Find> {
  let best = find;
  let tries = 0;
  const end = performance.now() + MAX_SHRINK_TIME;
  const isOver = (): boolean => tries >= MAX_SHRINK_TRIES || performance.now() > end;
  const attempt = async (input: Uint8Array): Promise<boolean> => {
    if (isOver()) return false;
    tries++;
    const result = await tryInput(target, input);
    if (!('find' in result) || result.find.signature !== find.signature) return false;
    best = result.find;
    return true;
  };
  for (let size = best.input.length; size >= 1; size = size >>> 1) {
    for (let at = 0; at < best.input.length && !isOver();) {
      const { input } = best;
      const without = new Uint8Array(
        Buffer.concat([input.subarray(0, at), input.subarray(at + size)]),
      );
      if (!(await attempt(without))) at += size;
    }
  }
  for (let at = 0; at < best.input.length && !isOver(); at++) {
    if (best.input[at] === 0) continue;
    const zeroed = best.input.slice();
    zeroed[at] = 0;
    await attempt(zeroed);
  }
  return best;
}
