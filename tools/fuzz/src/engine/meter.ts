/** Counts work while something is done, in blocks of code that run; the thread that runs targets puts the counter here. */
export const meter: { stepsOf: (action: () => void) => number } = {
  stepsOf: (action) => {
    action();
    return 0;
  },
};
