// @ts-check

/**
 * @param {number} ms
 * @returns {Promise<void>}
 */
export function delay(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

/**
 * Asks again and again until the answer is not `undefined` or `false`.
 *
 * @template T
 * @param {string} what is waited for, for the error message
 * @param {number} timeout ms
 * @param {() => Promise<T | undefined | false> | T | undefined | false} question may throw to give up at once
 * @param {number} [interval] ms
 * @returns {Promise<T>}
 */
export async function waitFor(what, timeout, question, interval = 150) {
  const deadline = Date.now() + timeout;
  for (;;) {
    const answer = await question();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeout / 1000} s`);
    // A referenced timer: this loop is what keeps the harness alive.
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}
