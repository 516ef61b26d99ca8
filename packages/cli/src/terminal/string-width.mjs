/** How wide text is that is not plain ASCII, in a file of its own: see tools/config/lean-yargs.ts. */
export { default } from 'string-width';
