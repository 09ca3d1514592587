// Jobs that wait for jobs.

const point = (shape, label, jobs) => ({
  id: shape,
  label,
  kind: 'dependencies',
  shape,
  width: 100,
  bytes: 63,
  jobs,
});

/** @type {import('./index.mjs').Question} */
export default {
  id: 'dependencies',
  title: 'Jobs that wait for jobs',
  ask: 'What do dependencies cost?',
  rounds: 2,
  points: [
    point('chain', 'chain of 1,000', { lunaq: 1_000, bullmq: 1_000 }),
    point('fan-out', 'one, then 40,000', { lunaq: 40_000 }),
    point('fan-in', '10,000, then one', { lunaq: 10_000, bullmq: 10_000 }),
  ],
  columns: ['addSeconds', 'runSeconds', 'redisMicros', 'nodeMicros', 'commands', 'scripts', 'scriptMax'], // prettier-ignore
  charts: [
    { figure: 'addSeconds', title: 'Seconds to add' },
    { figure: 'runSeconds', title: 'Seconds from the first start to the last completion' },
    { figure: 'redisMicros', title: 'Redis CPU per job' },
  ],
  limits:
    'One worker with c = 100; each job must start behind all that it depends on. Costs are those of adding and running together. Lunaq adds a shape by one ' +
    '`addBulk`, BullMQ by one flow (a job has one parent there, so nothing fans out). In Lunaq a job depends on 1,000 others at most: the 10,000 are gathered ' +
    'by 10 jobs, which the last one waits for. A chain is the bad case: nothing runs side by side, so it shows the time from an end to the next start. The longest ' +
    "script call is the server's wall time, interruptions included.",
};
