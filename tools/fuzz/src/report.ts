import type { Find } from './engine/find.ts';
import type { RunReport } from './engine/loop.ts';

/** What a run comes to. */
export interface Summary {
  readonly text: string;
  readonly figures: {
    readonly targets: number;
    readonly executions: number;
    readonly finds: number;
    readonly seconds: number;
    readonly seed: number;
    readonly perTarget: Readonly<Record<string, number>>;
  };
}

/** What a person needs to look into a find. */
export function describeFind({ target, input, message, stack }: Find, seed: number): string {
  const base64 = Buffer.from(input).toString('base64');
  return [
    `FIND in ${target} (seed ${seed}): ${message}`,
    stack.split('\n').slice(1, 8).join('\n'),
    `  input: ${input.length} bytes, hex ${Buffer.from(input).toString('hex').slice(0, 400)}`,
    `  again: pnpm nx run fuzz:long -- --only ${target} --input ${base64 || '0x'}`,
  ].join('\n');
}

export function summaryOf(reports: readonly RunReport[], seconds: number, seed: number): Summary {
  const perTarget: Record<string, number> = {};
  let executions = 0;
  let finds = 0;
  for (const report of [...reports].sort((a, b) => (a.target < b.target ? -1 : 1))) {
    perTarget[report.target] = report.executions;
    executions += report.executions;
    finds += report.finds.length;
  }
  const lines = Object.entries(perTarget).map(
    ([name, count]) => `${name.padEnd(28)} ${count.toLocaleString('en').padStart(12)}`,
  );
  const total = `${reports.length} targets, ${executions.toLocaleString('en')} executions in ${seconds.toFixed(1)} s, ${finds} finds, seed ${seed}`;
  return {
    text: [...lines, total].join('\n'),
    figures: { targets: reports.length, executions, finds, seconds, seed, perTarget },
  };
}
