/** The commands that are done at once, in one file of the build: what they share, they share with few others. */
export { runCreate } from './create.ts';
export { runEdit } from './edit.ts';
export { runInfo } from './info.ts';
export { runMagnet } from './magnet.ts';
export { runVerify } from './verify.ts';
