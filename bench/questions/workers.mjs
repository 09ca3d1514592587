// Worker processes side by side.

const points = (name, counts, width) =>
  counts.map((processes) => ({
    id: `${name}-${processes}`,
    label: `${processes} × c = ${width(processes)}`,
    x: processes,
    kind: 'processes',
    processes,
    width: width(processes),
    bytes: 63,
    jobs: { lunaq: processes > 8 ? 150_000 : 300_000, bullmq: 20_000 },
  }));

const common = {
  axis: { title: 'worker processes', scale: 'log' },
  columns: ['jobsPerSecond', 'redisMicros', 'nodeMicros', 'commands', 'scripts', 'leastShare'],
  charts: [
    { figure: 'jobsPerSecond', title: 'Jobs a second, all processes together' },
    { figure: 'redisMicros', title: 'Redis CPU per job' },
    { figure: 'scripts', title: 'Script calls per job', scale: 'log' },
  ],
};

const limits =
  'Jobs that all wait, no-op handlers. Every process has worked at other jobs before. Time runs from the first start to the last ' +
  'acknowledgement of all; Node CPU is the sum of all processes. The machine has few cores, so more processes share them: what is asked is ' +
  "whether they stand in each other's way. `scripts` tells how full batches are. `least share` is what the process with the fewest jobs had of an " +
  'even share. With handlers that take time more processes do more; this is the bad case.';

/** @type {import('./index.mjs').Question} */
export const workers = {
  id: 'workers',
  title: 'Many worker processes',
  ask: "Do worker processes add up, or stand in each other's way?",
  ...common,
  rounds: 3,
  points: points('processes', [1, 2, 4, 8, 16, 32], () => 10),
  limits,
};

/** @type {import('./index.mjs').Question} */
export const workersSharing = {
  id: 'workers-sharing',
  title: 'Many worker processes, one concurrency',
  ask: 'What does it cost to split a concurrency of 100 among processes?',
  ...common,
  rounds: 1,
  points: points('sharing', [1, 2, 5, 10, 20], (processes) => 100 / processes),
  limits,
};
