// Many queues, served by one process.

const counts = [1, 10, 100, 1_000];

/** @type {import('./index.mjs').Question} */
export default {
  id: 'queues',
  title: 'Many queues',
  ask: 'What does it cost to serve many queues from one process?',
  axis: { title: 'queues', scale: 'log' },
  rounds: 2,
  points: counts.map((queues) => ({
    id: `queues-${queues}`,
    label: `${queues.toLocaleString('en')} ${queues === 1 ? 'queue' : 'queues'}`,
    x: queues,
    kind: 'queues',
    queues,
    width: 100,
    bytes: 63,
    jobs: { lunaq: queues < 100 ? 60_000 : 15_000, bullmq: 12_000 },
  })),
  columns: ['jobsPerSecond', 'redisMicros', 'nodeMicros', 'commands', 'scripts'],
  charts: [
    { figure: 'jobsPerSecond', title: 'Jobs a second' },
    { figure: 'redisMicros', title: 'Redis CPU per job' },
  ],
  limits:
    'add + process with 200 adds in flight, which go to the queues in turn. Lunaq: one Worker with all names, equal weights and c = 100, two sockets in all. ' +
    'BullMQ: a worker for each queue, c = 100 split among them but 1 at least, and a socket for each worker beside two shared ones. ' +
    'A call is of one queue, so with 200 adds in flight the batches of 100 queues hold two jobs, and from 1,000 queues on every job is a call of its own: ' +
    'this is the bad case of batches.',
};
