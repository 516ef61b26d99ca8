import { runScenario } from './run-scenario.ts';
import { scenarios, themes } from './scenarios/index.ts';

/** What the parent process asks for. */
interface Task {
  readonly name: string;
  readonly seed: number;
}

// What escapes is noted by the scenario that is under way.
process.on('message', (task: Task | 'list') => {
  if (task === 'list') {
    const list = themes.map(({ title, scenarios: each }) => ({
      title,
      scenarios: each.map(({ name, holds }) => ({ name, holds })),
    }));
    process.send?.({ list });
    return;
  }
  const scenario = scenarios.get(task.name);
  if (scenario === undefined) throw new Error(`there is no scenario ${task.name}`);
  void runScenario(scenario, task.seed).then((outcome) => process.send?.({ outcome }));
});
process.on('disconnect', () => process.exit());
process.send?.({ ready: true });
