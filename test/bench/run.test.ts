// The runner of the bench: flags, what is left out, how long it will take, and that no load passes that lost or repeated a job.
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { flagsOf } from '../../bench/flags.mjs';
import { planOf } from '../../bench/plan.mjs';
import { Countdown } from '../../bench/progress.mjs';
import { questions } from '../../bench/questions/index.mjs';
import { warmedUp } from '../../bench/workload.mjs';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);
const server = { url: 'redis://127.0.0.1:1', isPrivate: true, stop: async () => {} };
const servers = { get: async (_name: string) => server };
/** As if all were installed. */
const load = async () => ({ open: async () => Promise.reject(new Error('not asked for')) });

async function without8(name: string) {
  if (name === 'redis-8') throw new Error('no apt-get here');
  return server;
}
const all = { quick: false, only: undefined, without: [], given: false };

describe('flags', () => {
  test.each([
    [['--rounds', '0'], '--rounds: expected a whole number from 1 on, got 0'],
    [['--without', 'lunaq'], '--without: expected one of bullmq'],
    [['--only', 'nothing'], '; got nothing'],
    [['--only', 'add-1', '--write-perf'], '--write-perf: expected the whole bench'],
    [['--last', '--quick'], '--last: expected at most --write-perf beside it, got --quick'],
    [['--redis', 'here'], '--redis: expected a URL'],
  ])('%j is refused', (args, message) => {
    expect(() => flagsOf(args, {})).toThrow(message);
  });

  test('a quick run has 3 rounds unless it is told otherwise', () => {
    expect(flagsOf(['--quick'], {}).rounds).toBe(3);
    expect(flagsOf(['--quick', '--rounds', '1'], {}).rounds).toBe(1);
  });
});

describe('a plan', () => {
  test('has each point once', () => {
    const ids = questions.flatMap(({ points }) => points.map(({ id }) => id));
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  });

  test('of a quick run has the main loads with Lunaq, BullMQ and the floor alone, and says so', async () => {
    const plan = await planOf({ ...all, quick: true }, servers, load);
    const points = plan.questions.flatMap((question) => question.points);
    const names = new Set(points.flatMap(({ jobs }) => Object.keys(jobs)));
    expect(names).toEqual(new Set(['bullmq', 'floor', 'lunaq']));
    expect(points.every(({ quick }) => quick)).toBe(true);
    expect(plan.leftOut).toEqual([expect.stringContaining('skipped: Results kept')]);
  });

  test('of one point has that point alone', async () => {
    const plan = await planOf({ ...all, only: ['kept-100'] }, servers, load);
    expect(plan.questions.map(({ id }) => id)).toEqual(['kept']);
  });

  test('leaves out a library, and says so', async () => {
    const plan = await planOf({ ...all, only: ['kept-100'], without: ['bullmq'] }, servers, load);
    expect(plan.questions[0]?.points[0]?.jobs).not.toHaveProperty('bullmq');
    expect(plan.leftOut).toEqual(['BullMQ: --without bullmq']);
  });

  test('leaves out a server that can not be had, with the reason', async () => {
    const plan = await planOf({ ...all, only: ['servers'] }, { get: without8 }, load);
    expect(plan.questions[0]?.points.map(({ id }) => id)).not.toContain('servers-redis-8');
    expect(plan.leftOut).toEqual(['server redis-8: no apt-get here']);
  });

  test('compares no other server with one that was given', async () => {
    const wishes = { ...all, only: ['persistence', 'kept'], given: true };
    const plan = await planOf(wishes, servers, load);
    expect(plan.questions.map(({ id }) => id)).toEqual(['kept']);
    expect(plan.leftOut).toEqual(['Persistence: needs servers of its own, one was given']);
  });
});

test('a countdown expects a point to take as long as it took before', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const question = questions[0]!;
    const [short, long] = question.points as [never, never];
    const steps = [1, 2].flatMap((round) =>
      [short, long].map((point) => ({ round, part: 1, question, point })),
    );
    const countdown = new Countdown(steps);
    vi.advanceTimersByTime(2_000);
    expect(countdown.step()).toBe('[1/4, 2 s, about 6 s left]');
    vi.advanceTimersByTime(20_000);
    expect(countdown.step()).toBe('[2/4, 22 s, about 22 s left]');
  } finally {
    vi.useRealTimers();
  }
});

/** A queue in memory that delivers each job as often as `times` tells. */
function opened(times: (index: number) => number, left = 0) {
  return async () => ({
    addBulk: async () => {},
    worker: async () => ({ run: async () => {}, close: async () => {} }),
    left: async () => left,
    close: async () => {},
    times,
  });
}

function loaded(open: ReturnType<typeof opened>) {
  let times: (index: number) => number;
  const point = { id: 'made-up', label: '', kind: 'made-up', jobs: {} };
  const context = {
    open: async () => {
      const target = await open();
      ({ times } = target);
      return target;
    },
    jobs: 100,
    library: 'made-up',
    queue: 'q',
    url: server.url,
    databaseUrl: undefined,
    // A load that measures nothing asks no server.
    redis: undefined as never,
    point,
  };
  return warmedUp(context, async (_target, jobs, { listener }) => {
    for (let index = 0; index < jobs; index += 1)
      for (let time = 0; time < times(index); time += 1)
        listener.deliver({ index: 10_000_000 + index });
    return { figures: { jobs } };
  });
}

describe('a load', () => {
  test('that delivers each job once gives its figures', async () => {
    expect(await loaded(opened(() => 1))).toEqual({ jobs: 100 });
  });

  test.each([
    ['loses a job', opened((index) => (index === 50 ? 0 : 1)), '1 were not delivered'],
    ['repeats a job', opened((index) => (index === 50 ? 2 : 1)), '1 more than once'],
    ['leaves a job behind', opened(() => 1, 1), '1 jobs are left in the queue, expected 0'],
  ])('that %s fails', async (_, open, message) => {
    await expect(loaded(open)).rejects.toThrow(message);
  });
});

test.each([
  ['run', '--fast', "bench: Unknown option '--fast'"],
  ['gate', '--tries=0', '--tries: expected a whole number from 1 on, got 0'],
  ['profile', '--jobs=5', '--jobs: expected a whole number from 1000 on, got 5'],
  ['sample', 'lunaq', 'expected a library and a point, got lunaq'],
  ['looking', '--jobs=x', '--jobs: expected a whole number from 10000 on, got x'],
])('%s %s is refused on one line', async (program, flag, message) => {
  const refused = run(process.execPath, [join(root, `bench/${program}.mjs`), flag]);
  await expect(refused).rejects.toMatchObject({ code: 2, stdout: '', stderr: `${message}\n` });
});

test('a sample prints its figures as one line', async () => {
  const args = [join(root, 'bench/sample.mjs'), 'lunaq', 'add-process-100', '--jobs', '500'];
  const { stdout } = await run(process.execPath, args);
  expect(stdout.trim().split('\n')).toHaveLength(1);
  expect(JSON.parse(stdout)).toMatchObject({ jobs: 500, jobsPerSecond: expect.any(Number) });
}, 30_000);
