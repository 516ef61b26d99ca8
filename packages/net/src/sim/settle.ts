/** Turns of the event loop after which code that keeps calling `setImmediate` is taken to do so for ever. */
const ENDLESS_TURNS = 100_000;

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Whether work is under way that will call back without virtual time moving on: immediates and file system calls. */
function realWorkPending(): 'immediate' | 'files' | undefined {
  let pending: 'immediate' | undefined;
  for (const resource of process.getActiveResourcesInfo()) {
    if (resource.startsWith('FSReq')) return 'files';
    if (resource === 'Immediate') pending = 'immediate';
  }
  return pending;
}

/**
 * Lets everything run that the last event has set off: promises, ticks, immediates, file system calls, and whatever
 * `held` says is still under way. After that the next event finds the same state in every run.
 */
export async function settle(held: () => boolean): Promise<void> {
  let endless = 0;
  for (;;) {
    await turn();
    const pending = realWorkPending();
    if (pending === undefined && !held()) return;
    endless = pending === 'immediate' ? endless + 1 : 0;
    if (endless > ENDLESS_TURNS) {
      throw new Error('the simulated code calls setImmediate without end; use the clock to wait');
    }
  }
}
