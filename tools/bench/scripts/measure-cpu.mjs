// @ts-check

/**
 * @param {number} seconds to go on for, and three times at least
 * @param {() => unknown} work
 * @returns {Promise<number>} milliseconds of CPU that it takes
 */
export async function milliseconds(seconds, work) {
  await work();
  const start = performance.now();
  const before = process.cpuUsage();
  let count = 0;
  while (performance.now() - start < seconds * 1000 || count < 3) {
    const result = work();
    if (result instanceof Promise) await result;
    count++;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count / 1000;
}

/** @param {Record<string, number>} result */
export function print(result) {
  console.log(JSON.stringify({ ...result, rss: process.resourceUsage().maxRSS / 1024 }));
}
