// @ts-check
/** A line through points, and how sure it is. */

/** 97.5 % quantiles of Student's t for 1 to 30 degrees of freedom; beyond, the normal distribution's 1.96. */
const T = [
  12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13, 2.12,
  2.11, 2.1, 2.09, 2.09, 2.08, 2.07, 2.07, 2.06, 2.06, 2.06, 2.05, 2.05, 2.05, 2.04,
];

/**
 * Least squares.
 *
 * @param {readonly (readonly [number, number])[]} points x and y
 * @returns {{ slope: number, error: number, points: number } | undefined} `error`: half the width of the 95 % interval of the
 *   slope; undefined below three points
 */
export function fitLine(points) {
  const count = points.length;
  if (count < 3) return undefined;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count;
  let xx = 0;
  let xy = 0;
  for (const [x, y] of points) {
    xx += (x - meanX) ** 2;
    xy += (x - meanX) * (y - meanY);
  }
  const slope = xy / xx;
  let squares = 0;
  for (const [x, y] of points) squares += (y - meanY - slope * (x - meanX)) ** 2;
  const error = (T[count - 3] ?? 1.96) * Math.sqrt(squares / (count - 2) / xx);
  return { slope, error, points: count };
}

/** @param {readonly number[]} values @returns {number} NaN for none */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] ?? NaN;
  return ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}
