// Workers with nothing to do.

const point = (id, label, processes, workers) => ({
  id,
  label,
  kind: 'idle',
  processes,
  workers,
  width: 10,
  bytes: 63,
  // They come when all was measured: idle workers must wake up.
  jobs: { lunaq: 1_000, bullmq: 1_000 },
});

/** @type {import('./index.mjs').Question} */
export default {
  id: 'idle',
  title: 'Idle workers',
  ask: 'What do workers ask of Redis while there is nothing to do?',
  rounds: 1,
  points: [
    point('idle-10', '10 workers in one process', 1, 10),
    point('idle-10-processes', '10 processes with one worker each', 10, 1),
  ],
  columns: ['idleCommandsPerSecond', 'insideScriptsPerSecond'],
  charts: [],
  limits:
    'Counted by MONITOR for 10 s, after 6 s to settle; what clients send is told apart from what scripts do. Of Lunaq: a worker looks every 5 s whether a ' +
    "queue's maintenance is due (`sweep`) and whether there is a job after all (`claim`), and renews its lease every 10 s (`renew`, by a thread of its own and once more with a " +
    'claim, to compare what it holds); the workers of a process block together (`blpop`), on one socket. So it grows with the number of workers, not with that of jobs. ' +
    'Of BullMQ: each worker blocks by itself (`bzpopmin`) and looks for a job when that ends.',
};
