// Each path a job takes, alone: Lunaq beside other queues and beside the floor.

/** @typedef {import('../sample.mjs').Point} Point */

/** @type {import('./index.mjs').Question} */
export default {
  id: 'throughput',
  title: 'Throughput',
  ask: 'How many jobs a second, and what does each cost Redis and the process?',
  points: [
    main('add-1', 'add, one by one', 'add', 1, {
      lunaq: 15_000,
      bullmq: 8_000,
      bee: 12_000,
      groupmq: 7_000,
      graphile: 2_000,
      rq: 2_500,
    }),
    main('add-200', 'add, 200 in flight', 'add', 200, {
      lunaq: 300_000,
      bullmq: 25_000,
      bee: 60_000,
      groupmq: 30_000,
      graphile: 1_500,
      floor: 400_000,
    }),
    main('add-bulk', 'add, 1,000 a call', 'add-bulk', 1_000, {
      lunaq: 300_000,
      bullmq: 25_000,
      bee: 60_000,
      groupmq: 30_000,
      graphile: 40_000,
      rq: 5_000,
      floor: 400_000,
    }),
    main('process-1', 'process, c = 1', 'process', 1, {
      lunaq: 200_000,
      bullmq: 6_000,
      bee: 7_000,
      groupmq: 4_000,
      graphile: 15_000,
      rq: 500,
    }),
    point('process-10', 'process, c = 10', 'process', 10, {
      lunaq: 400_000,
      bullmq: 20_000,
      bee: 20_000,
      groupmq: 15_000,
      graphile: 20_000,
    }),
    main('process-100', 'process, c = 100', 'process', 100, {
      lunaq: 400_000,
      bullmq: 25_000,
      bee: 30_000,
      groupmq: 20_000,
      graphile: 25_000,
      floor: 400_000,
    }),
    point('process-1000', 'process, c = 1,000', 'process', 1_000, {
      lunaq: 400_000,
      bullmq: 25_000,
      bee: 30_000,
    }),
    main('add-process-100', 'add + process, c = 100', 'add-and-process', 100, {
      lunaq: 500_000,
      bullmq: 15_000,
      bee: 25_000,
      groupmq: 12_000,
      graphile: 1_500,
      floor: 400_000,
    }),
    point('add-process-250', 'add + process, c = 250', 'add-and-process', 250, {
      lunaq: 500_000,
      bullmq: 15_000,
      bee: 25_000,
    }),
  ],
  columns: [
    'jobsPerSecond',
    'redisMicros',
    'nodeMicros',
    'commands',
    'scripts',
    'bytesIn',
    'bytesOut',
    'allocatedBytes',
  ],
  charts: [
    { figure: 'jobsPerSecond', title: 'Jobs per second' },
    { figure: 'redisMicros', title: 'Redis CPU per job' },
  ],
  limits:
    'Handlers do nothing, so these are upper bounds: with handlers of a millisecond, handlers are what limits. The process that adds or ' +
    'works is one thread, and with Lunaq it is what limits in all rows but the first; Redis is then mostly idle. Jobs that are added one ' +
    'by one, each awaited, can be put in no batch: a round trip to the server and back is what they cost, with every library. Concurrency ' +
    '1 is fast with Lunaq because jobs are claimed ahead where handlers are quick; with slow ones it takes one job at a time.',
};

/** @returns {Point} */
function point(id, label, kind, width, jobs) {
  return { id, label, kind, width, jobs };
}

/** One that a quick run has, too. @returns {Point} */
function main(...words) {
  return { ...point(...words), quick: true };
}
