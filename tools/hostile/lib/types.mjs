/**
 * One piece of source as it is taken out for a proof.
 *
 * @typedef {object} Patch
 * @property {string} file path from the workspace's root
 * @property {string} text what stands there, once in the file
 * @property {string} by what stands there instead
 */

/**
 * One hostile input or situation.
 *
 * @typedef {object} Entry
 * @property {string} id unique, lower case with hyphens
 * @property {string} input what comes in
 * @property {string} guard what is done about it
 * @property {string} test path of the test file, from the workspace's root
 * @property {string} name the test's full name as jest gives it: titles of its groups and its own, with spaces between
 * @property {Patch | readonly Patch[]} remove the guard: taken out, the test must fail. More than one where a second line of
 *   defence would hold in its place
 */

/**
 * What cannot be tested yet, since there is no such part.
 *
 * @typedef {object} Later
 * @property {string} input
 * @property {string} layer the part it will come with
 */

/**
 * @typedef {object} Area
 * @property {string} name lower case with hyphens
 * @property {string} title
 * @property {readonly Entry[]} entries
 * @property {readonly Later[]} [later]
 */

/**
 * How a guard's removal ended. `caught`: the test failed. `hung` and `died`: the test ran into the time limit, or took its process
 * along; both are what the guard prevents, and count as caught. `survived`: the test passed without its guard.
 *
 * @typedef {'caught' | 'hung' | 'died' | 'survived' | 'not found' | 'fails anyway'} Verdict
 */

export {};
