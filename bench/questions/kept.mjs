// Jobs that stay with their results when they have completed.

/** @type {import('./index.mjs').Question} */
export default {
  id: 'kept',
  title: 'Results kept',
  ask: 'What does it cost to keep the results of jobs?',
  points: [
    {
      id: 'kept-100',
      label: 'add + process, c = 100, results kept',
      kind: 'add-and-process',
      width: 100,
      kept: true,
      jobs: { lunaq: 300_000, bullmq: 12_000 },
    },
  ],
  columns: [
    'jobsPerSecond',
    'redisMicros',
    'nodeMicros',
    'commands',
    'scripts',
    'bytesIn',
    'bytesOut',
  ],
  charts: [],
  limits:
    'Each handler returns about 20 bytes of JSON; every job stays, without limit. A queue that keeps its newest so many also evicts as many ' +
    'as it finishes.',
};
