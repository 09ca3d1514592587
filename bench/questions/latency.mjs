// How long a job waits for its handler while workers keep up, at rates offered whatever becomes of them.

const seconds = 3;
const rates = [100, 1_000, 10_000];
/** Libraries by the highest rate that they are offered: far above what they can do they would only queue up. */
const highest = { lunaq: 10_000, bullmq: 10_000, bee: 10_000, groupmq: 10_000, graphile: 1_000 };

/** @type {import('./index.mjs').Question} */
export default {
  id: 'latency',
  title: 'Latency',
  ask: 'How soon does a job start when workers keep up?',
  rounds: 3,
  axis: { title: 'jobs offered a second', scale: 'log' },
  points: rates.map((rate) => ({
    id: `latency-${rate}`,
    label: `${rate.toLocaleString('en')} jobs/s`,
    x: rate,
    kind: 'latency',
    rate,
    width: 10,
    bytes: 63,
    jobs: Object.fromEntries(
      Object.entries(highest)
        .filter(([, most]) => rate <= most)
        .map(([library]) => [library, rate * seconds]),
    ),
  })),
  columns: [
    'achievedRate',
    'p50',
    'p99',
    'p999',
    'max',
    'sentLate',
    'redisMicros',
    'commands',
    'scripts',
  ],
  charts: [
    { figure: 'p50', title: 'Add to start, half of the jobs', scale: 'log' },
    { figure: 'p99', title: 'Add to start, 99 of 100 jobs', scale: 'log' },
    { figure: 'redisMicros', title: 'Redis CPU per job', scale: 'log' },
  ],
  limits:
    'A producer in one process, a worker with c = 10 in another, 2,000 jobs before the clock starts. Jobs become due at even times (above ' +
    '2,000/s a few together, every half millisecond) and are sent then, whether or not those before them were answered; their time counts ' +
    'from when they were due, so whoever falls behind shows it in all jobs that follow. `sent late` is by how much 99 of 100 were sent in time ' +
    'at worst: the share of the producer and of the machine. A side that kept up with less than 98 % of the rate, or fell behind in the second half, ' +
    '"could not follow"; its times grow as long as one lets it. At 100/s each job is a call of its own and pays for all of it, with every ' +
    'library: this is the bad case of batches. Graphile Worker is told of new jobs by LISTEN/NOTIFY; on Redis the worker blocks on a list.',
};
