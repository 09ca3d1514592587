// What it costs to move jobs into large sets and out of them.

const sizes = [1_000, 100_000, 1_000_000];

const points = (state) =>
  sizes.map((backlog) => ({
    id: `${state}-${backlog}`,
    label: `${backlog.toLocaleString('en')} ${state}`,
    x: backlog,
    kind: 'backlog',
    state,
    backlog,
    batch: 100,
    bytes: 63,
    jobs: { lunaq: 50_000 },
  }));

/** @type {import('./index.mjs').Question} */
export default {
  id: 'states',
  title: 'Cost against delayed and finished jobs',
  ask: 'Does a call cost more when more jobs are delayed, or have been kept?',
  axis: { title: 'delayed or completed jobs', scale: 'log' },
  rounds: 1,
  points: [...points('delayed'), ...points('completed')],
  columns: ['redisMicros', 'microsPerCall', 'innerCommands', 'scriptP50', 'scriptP99', 'scriptP999', 'scriptMax'], // prettier-ignore
  charts: [{ figure: 'redisMicros', title: 'Time of the script per job', scale: 'log' }],
  limits:
    'Measured as the cost against the backlog, 500 calls each. Delayed jobs stand in a sorted set by the time at which they are due, ' +
    'finished ones in one by the time of their end, and those that are to go in another: the larger a set, the more of its levels an entry ' +
    'passes. So adding delayed jobs is what grows most, with the logarithm of their number.',
};
