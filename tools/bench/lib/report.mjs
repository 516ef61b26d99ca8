// @ts-check
export async function report() {
  throw new Error('TODO');
}
