/** Shows a measured figure beside the results of the tests. */
export function figure(text: string): void {
  process.stderr.write(`  # ${text}\n`);
}
