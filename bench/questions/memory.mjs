// Bytes of Redis memory per job: measured once, it does not vary.

const count = 100_000;
const states = { waiting: 'waiting', delayed: 'delayed', completed: 'finished', failed: 'failed' };
const sizes = [50, 300, 1_000];

const own = Object.entries(states).flatMap(([state, title]) =>
  sizes.map((bytes) => ({
    ...point(`memory-${state}-${bytes}`, `${title}, ${bytes.toLocaleString('en')} B`, state, bytes),
    plain: true,
    jobs:
      state === 'waiting'
        ? { lunaq: count, bullmq: count, bee: count, groupmq: count }
        : { lunaq: count, bullmq: count },
  })),
);

/** The same length of ids, the same retention: what Lunaq is held to. */
const equal = [63, 300].map((bytes) => ({
  ...point(`memory-${bytes}`, `waiting, ${bytes} B, equal ids and options`, 'waiting', bytes),
  jobs: { lunaq: count, bullmq: count },
  quick: true,
}));

/** @type {import('./index.mjs').Question} */
export default {
  id: 'memory',
  title: 'Memory per job',
  ask: 'How many bytes of Redis memory does a job take?',
  rounds: 1,
  points: [...own, ...equal],
  columns: ['bytesPerJob'],
  charts: [{ figure: 'bytesPerJob', title: 'Bytes per job' }],
  limits:
    '100,000 jobs, with no options and the ids that each library makes; in the last rows with ids of 12 characters everywhere and ' +
    '`removeOnComplete: true`. Hashes double their table when it is full, so bytes a job move by some 20 % with the number of jobs. A failed ' +
    'job keeps the stack of its error, which is as long as the program is deep.',
};

function point(id, label, state, bytes) {
  return { id, label, kind: 'memory', state, bytes };
}
