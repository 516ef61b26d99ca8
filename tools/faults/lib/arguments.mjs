// @ts-check
/**
 * @param {string} name
 * @param {string} text
 * @returns {number} a whole number from 0 on
 */
export function wholeNumber(name, text) {
  if (!/^\d+$/.test(text)) throw new Error(`${name}: "${text}" is no whole number`);
  return Number(text);
}

/**
 * Those of a list that `--only` names; all where it names none.
 *
 * @template {{ readonly name: string }} T
 * @param {readonly T[]} all
 * @param {string | undefined} only names, with commas
 * @returns {readonly T[]}
 */
export function chosen(all, only) {
  if (only === undefined) return all;
  return only.split(',').map((name) => {
    const found = all.find((each) => each.name === name);
    if (found === undefined) {
      throw new Error(`--only: there is no "${name}", but ${all.map((e) => e.name).join(', ')}`);
    }
    return found;
  });
}
