// What is to be reached: against a peer as a ratio in the same round, else as it is.

/** @typedef {import('./results.mjs').Goal} Goal */

/** @type {readonly Goal[]} */
export const goals = [
  than('add + process, c = 100, jobs/s', 'bullmq', 'add-process-100', 'jobsPerSecond', {
    atLeast: 12,
  }),
  than('add + process, c = 100, jobs/s', 'bee', 'add-process-100', 'jobsPerSecond', {
    atLeast: 4,
  }),
  than('process, c = 100, jobs/s', 'graphile', 'process-100', 'jobsPerSecond', {
    atLeast: 8,
  }),
  than('add + process, c = 100, Redis CPU', 'bullmq', 'add-process-100', 'redisMicros', {
    atMost: 1 / 8,
  }),
  than('add + process, c = 250, Redis CPU', 'bullmq', 'add-process-250', 'redisMicros', {
    atMost: 1 / 9,
  }),
  than('add + process, c = 100, Redis CPU', 'floor', 'add-process-100', 'redisMicros', {
    atMost: 2,
  }),
  than('results kept, c = 100, Redis CPU', 'bullmq', 'kept-100', 'redisMicros', { atMost: 1 / 6 }),
  than('process, c = 1, jobs/s', 'bullmq', 'process-1', 'jobsPerSecond', { atLeast: 5 }),
  than('add, one by one, jobs/s', 'bullmq', 'add-1', 'jobsPerSecond', { atLeast: 2 }),
  than('latency at 1,000/s, p50', 'bullmq', 'latency-1000', 'p50', { atMost: 0.5 }),
  than('latency at 1,000/s, p99', 'bullmq', 'latency-1000', 'p99', { atMost: 0.5 }),
  than('waiting job of 63 B, Redis memory', 'bullmq', 'memory-63', 'bytesPerJob', { atMost: 0.7 }),
  than('waiting job of 300 B, Redis memory', 'bullmq', 'memory-300', 'bytesPerJob', {
    atMost: 0.55,
  }),
  backlog('commands of each operation', '*', 'commands', { atLeast: 1, atMost: 1 }),
  backlog('script time of each operation, 100 jobs a call', '* 100*', 'redisMicros', { atMost: 3 }),
  {
    title: '1 M jobs waiting, script calls of each operation, p99.9 in ms',
    of: { point: 'backlog-1000000', series: '*', figure: 'scriptP999' },
    atMost: 5,
  },
  {
    title: '8 worker processes against one, jobs/s',
    of: { point: 'processes-8', figure: 'jobsPerSecond' },
    against: { point: 'processes-1' },
    atLeast: 1,
  },
  {
    title: '10 idle workers, client commands per second, all together',
    of: { point: 'idle-10', figure: 'idleCommandsPerSecond' },
    atMost: 10,
  },
];

/** Lunaq's figure as a multiple of another library's. @returns {Goal} */
function than(title, series, point, figure, bounds) {
  return { title, of: { point, figure }, against: { series }, ...bounds };
}

/** Each operation with 1,000,000 jobs waiting as a multiple of what it costs with 1,000. @returns {Goal} */
function backlog(what, series, figure, bounds) {
  return {
    title: `1 M jobs waiting against 1 k, ${what}`,
    of: { point: 'backlog-1000000', series, figure },
    against: { point: 'backlog-1000' },
    ...bounds,
  };
}
