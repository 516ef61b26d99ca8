/** Waits, keeping the process alive, until the signal comes; gives its reason. */
export function untilAborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    const keepAlive = setInterval(() => undefined, 2 ** 30);
    const finish = (): void => {
      clearInterval(keepAlive);
      resolve(signal.reason);
    };
    if (signal.aborted) finish();
    else signal.addEventListener('abort', finish, { once: true });
  });
}
