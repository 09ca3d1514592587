// What each operation costs while more and more jobs wait.

const sizes = [1_000, 10_000, 100_000, 1_000_000];

/** @type {import('./index.mjs').Question} */
export default {
  id: 'backlog',
  title: 'Cost against backlog',
  ask: 'Does a call cost more when more jobs wait?',
  axis: { title: 'waiting jobs', scale: 'log' },
  rounds: 1,
  points: sizes.map((backlog) => ({
    id: `backlog-${backlog}`,
    label: `${backlog.toLocaleString('en')} waiting`,
    x: backlog,
    kind: 'backlog',
    state: 'waiting',
    backlog,
    batch: 100,
    bytes: 63,
    jobs: { lunaq: 100_000 },
  })),
  columns: ['redisMicros', 'microsPerCall', 'innerCommands', 'scriptP50', 'scriptP99', 'scriptP999', 'scriptMax'], // prettier-ignore
  charts: [
    { figure: 'redisMicros', title: 'Time of the script per job', scale: 'log' },
    { figure: 'innerCommands', title: 'Commands in a script call', scale: 'log' },
    { figure: 'scriptP999', title: 'Longest script calls', scale: 'log' },
  ],
  limits:
    'The scripts themselves, called as clients call them, 1,000 times each. Figures are of the server (`INFO commandstats` right before and ' +
    'right after each single call): the time inside of the script by its wall clock, so on a shared machine the slowest calls are those that were ' +
    'interrupted. Reading the request and writing the reply are not in it. Jobs that a call takes are replaced before the next one. A number ' +
    'behind an operation is the jobs of a call; getJobCounts and getJobState are one call each. Commands must be the same at any size; time may grow a little, since rows of ' +
    'a million jobs are in no cache of the processor. Bad cases: `remove` and `cancel` look at each job by itself, and they leave void entries in the list; ' +
    'while there is one, claims read entries in pages with their tombstones (`between removed ones`: one before each job).',
};
