/** What yargs lays out help with, in a file of its own: see tools/config/lean-yargs.ts. */
export { default as cliui } from 'cliui';
export { default as stringWidth } from 'string-width';
