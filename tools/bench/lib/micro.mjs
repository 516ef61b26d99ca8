// @ts-check
export async function runMicro() {
  throw new Error('TODO');
}
