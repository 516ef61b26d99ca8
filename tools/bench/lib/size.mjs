// @ts-check

/** @type {Record<string, number>} */
const UNITS = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

export const KIB = 2 ** 10;
export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

/**
 * @param {string} text such as `2GiB`, `256M`, `16384`
 * @returns {number} bytes
 */
export function parseSize(text) {
  const parts = /^(\d+(?:\.\d+)?)\s*([KMG]?)(?:i?B)?$/i.exec(text.trim());
  const bytes = Math.round(Number(parts?.[1]) * (UNITS[(parts?.[2] ?? '').toUpperCase()] ?? NaN));
  if (!Number.isSafeInteger(bytes)) throw new Error(`${text} is not a size`);
  return bytes;
}

/** @param {number} bytes */
export function formatSize(bytes) {
  for (const [name, unit] of /** @type {const} */ ([
    ['GiB', GIB],
    ['MiB', MIB],
    ['KiB', KIB],
  ])) {
    if (bytes >= unit) return `${Number((bytes / unit).toFixed(2))} ${name}`;
  }
  return `${bytes} B`;
}
