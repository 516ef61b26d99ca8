const MIN_MS = 500;
const BATCH = 1_000;

/** Prints the median time of one call of `action`, which gets the number of the call, as a line of JSON. */
export function measure(name, action) {
  const times = [];
  const begin = performance.now();
  for (let call = 0; performance.now() - begin < MIN_MS;) {
    const from = performance.now();
    for (let count = 0; count < BATCH; count++) action(call++);
    times.push(performance.now() - from);
  }
  times.sort((left, right) => left - right);
  const microseconds = (times[times.length >> 1] / BATCH) * 1000;
  report(name, {
    runs: times.length,
    microseconds: Math.round(microseconds * 100) / 100,
    perSecond: Math.round(1e6 / microseconds),
  });
}

/** Prints figures of a case as a line of JSON. */
export function report(name, figures) {
  console.log(JSON.stringify({ package: 'dht', case: name, ...figures }));
}
