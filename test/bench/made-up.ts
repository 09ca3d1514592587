// Questions and samples that nobody measured.
import { goals } from '../../bench/goals.mjs';
import { questionResult, verdictsOf } from '../../bench/results.mjs';
import type { Outcome, Question, QuestionResult, Results, Sample } from '../../bench/results.mjs';

export const categories: Question = {
  id: 'throughput',
  title: 'Throughput',
  ask: 'How many jobs a second?',
  points: [
    { id: 'add-1', label: 'add, one by one' },
    { id: 'process-1', label: 'process, c = 1' },
  ],
  columns: ['jobsPerSecond', 'redisMicros', 'commands'],
  charts: [{ figure: 'jobsPerSecond', title: 'Jobs per second' }],
  limits: 'Handlers do **nothing**.\n\n- see `add` & [more](https://example.org/a)\n- two <cores>',
};

export const axis: Question = {
  id: 'latency',
  title: 'Latency',
  ask: 'How long until a handler starts?',
  axis: { title: 'jobs offered per second', scale: 'log' },
  points: [100, 1_000, 10_000].map((x) => ({ id: `latency-${x}`, label: `${x}/s`, x })),
  columns: ['p50', 'p99'],
  charts: [{ figure: 'p99', title: 'Latency, p99' }],
  limits: '',
};

/** Samples of one library in one point, a round each. */
export function rounds(point: string, library: string, ...outcomes: Outcome[]): Sample[] {
  return outcomes.map((outcome, round) => ({ round, point, library, outcome }));
}

export const throughput: QuestionResult = questionResult(categories, [
  ...rounds(
    'add-1',
    'lunaq',
    { jobsPerSecond: 12_000, redisMicros: 50, commands: 10 },
    { jobsPerSecond: 16_000, redisMicros: 52, commands: 10 },
    { jobsPerSecond: 14_000, redisMicros: 54, commands: 10 },
  ),
  ...rounds(
    'add-1',
    'bullmq',
    { jobsPerSecond: 6_000, redisMicros: 100, commands: 10 },
    { jobsPerSecond: 6_400, redisMicros: 104, commands: 10 },
    { jobsPerSecond: 6_300, redisMicros: 108, commands: 10 },
  ),
]);

export const latency: QuestionResult = questionResult(
  axis,
  [100, 1_000, 10_000].flatMap((x) => [
    ...rounds(`latency-${x}`, 'lunaq', { p50: 0.2, p99: x / 1_000 }, { p50: 0.3, p99: x / 500 }),
    ...rounds(`latency-${x}`, 'bullmq', { p50: 1, p99: x / 100, saturated: x === 10_000 }),
  ]),
);

export const results: Results = {
  environment: {
    date: '2020-02-02 02:02',
    cpu: 'a <fast> one',
    cores: 2,
    node: '20.0.0',
    server: 'Redis 7.0.0',
    isPrivate: true,
    lunaq: '1.2.3',
    bullmq: '6.0.0',
  },
  rounds: 3,
  quick: false,
  started: '2020-02-02T02:02:00.000Z',
  seconds: 600,
  leftOut: ['RQ: no Python'],
  failures: [{ library: 'bee', point: 'add-1', reason: 'a job was lost' }],
  questions: [throughput, latency],
  verdicts: verdictsOf(goals, [throughput, latency]),
};
