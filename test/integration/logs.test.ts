// Logs of jobs: what is kept of them, and how they are read.
import { describe, expect, test } from 'vitest';
import { liveRedis } from '../helpers/live.js';

const live = liveRedis();

test('rows are read in the order in which they were logged, across attempts', async () => {
  const queue = live.queue();
  const worker = live.worker(
    async (job) => {
      expect(await job.log(`attempt ${job.attemptsMade + 1}`)).toBe(job.attemptsMade * 2 + 1);
      expect(await job.log('more')).toBe(job.attemptsMade * 2 + 2);
      if (job.attemptsMade === 0) throw new Error('wrong');
    },
    { autorun: false },
  );
  const job = await queue.add('job', 1, { attempts: 2 });
  await worker.run({ burst: true });
  expect(await job.log('and afterwards')).toBe(5);
  expect(await queue.getJobLogs(job.id)).toEqual({
    logs: ['attempt 1', 'more', 'attempt 2', 'more', 'and afterwards'],
    count: 5,
  });
});

test('a job without a log, and one that is not stored, have none', async () => {
  const queue = live.queue();
  const { id } = await queue.add('job', 1);
  expect(await queue.getJobLogs(id)).toEqual({ logs: [], count: 0 });
  expect(await queue.getJobLogs('nobody')).toEqual({ logs: [], count: 0 });
});

describe('positions', () => {
  const pages: [args: [number?, number?, boolean?], rows: string][] = [
    [[], 'abcde'],
    [[0, -1], 'abcde'],
    [[0, 1], 'ab'],
    [[1, 3], 'bcd'],
    [[3, 99], 'de'],
    [[5, 9], ''],
    [[3, 1], ''],
    [[-2], 'de'],
    [[-2, -2], 'd'],
    [[0, -3], 'abc'],
    [[-99, 1], 'ab'],
    [[0, -99], ''],
    [[0, -1, false], 'edcba'],
    [[0, 1, false], 'ed'],
    [[1, 3, false], 'dcb'],
    [[-1, -1, false], 'a'],
  ];
  test.each(pages)('%j of abcde are %j', async (args, rows) => {
    const queue = live.queue();
    const job = await queue.add('job', 1);
    await Promise.all('abcde'.split('').map((row) => job.log(row)));
    expect(await queue.getJobLogs(job.id, ...args)).toEqual({ logs: rows.split(''), count: 5 });
  });

  test.each([
    [1.5, 2],
    [Number.NaN, 2],
    ['0', 2],
    [0, 2.5],
    [0, null],
  ])('%j to %j are refused', async (start, end) => {
    const queue = live.queue();
    await expect(queue.getJobLogs('a', start as number, end as number)).rejects.toThrow(
      /^(start|end): expected a (whole )?number/,
    );
  });
});

test.each([
  '',
  ' ',
  'two\nlines\r\n',
  '\ttab \u0000 nul \u001b[31m',
  '"quoted" \\ {}',
  '\ud800 alone',
  '漢字 🦊',
  '__proto__',
])('%j is read as it was logged', async (row) => {
  const queue = live.queue();
  const job = await queue.add('job', 1);
  expect(await job.log(row)).toBe(1);
  expect(await queue.getJobLogs(job.id)).toEqual({ logs: [row], count: 1 });
});

test.each([5, null, undefined, {}, Symbol('x'), 5n])('a row that is no text is refused: %s', async (row) => {
  const job = await live.queue().add('job', 1);
  await expect(job.log(row as string)).rejects.toThrow(/^row: expected a string/);
}); // prettier-ignore

test('a row is cut at 4 KiB, never within a character', async () => {
  const queue = live.queue();
  const job = await queue.add('job', 1);
  const fox = `x${'🦊'.repeat(2_000)}`;
  await job.log('x'.repeat(5_000));
  await job.log(fox);
  await job.log('\u0000'.repeat(5_000));
  const { logs } = await queue.getJobLogs(job.id);
  expect(logs).toEqual(['x'.repeat(4_096), fox.slice(0, 1 + 2 * 1_023), '\u0000'.repeat(4_096)]);
});

test('the newest thousand rows stay', async () => {
  const queue = live.queue();
  const job = await queue.add('job', 1);
  const counts = await Promise.all(Array.from({ length: 1_050 }, (_, n) => job.log(`row ${n}`)));
  expect(counts.slice(-2)).toEqual([1_000, 1_000]);
  expect(counts.slice(0, 1_000)).toEqual(Array.from({ length: 1_000 }, (_, n) => n + 1));
  const { logs, count } = await queue.getJobLogs(job.id);
  expect(count).toBe(1_000);
  expect([logs[0], logs.at(-1), logs.length]).toEqual(['row 50', 'row 1049', 1_000]);
});

test('of large rows the newest 64 KiB stay', async () => {
  const queue = live.queue();
  const job = await queue.add('job', 1);
  await Promise.all(Array.from({ length: 30 }, (_, n) => job.log(`${n} ${'x'.repeat(5_000)}`)));
  const { logs, count } = await queue.getJobLogs(job.id);
  expect(count).toBe(15);
  expect(logs[0]).toMatch(/^15 x/);
});

test.each([
  [2, ['d', 'e']],
  [1, ['e']],
  [0, []],
])('keepLogs %i keeps the newest', async (keepLogs, logs) => {
  const queue = live.queue();
  const job = await queue.add('job', 1, { keepLogs });
  for (const row of 'abcde') await job.log(row);
  expect(await queue.getJobLogs(job.id)).toEqual({ logs, count: logs.length });
  const read = await queue.getJob(job.id);
  expect(read?.opts).toEqual({ keepLogs });
  expect(await read?.log('f')).toBe(Math.min(keepLogs, logs.length + 1));
});

test('clearLogs leaves the newest, or none', async () => {
  const queue = live.queue();
  const job = await queue.add('job', 1);
  for (const row of 'abcde') await job.log(row);
  await job.clearLogs(9);
  expect(await queue.getJobLogs(job.id)).toMatchObject({ count: 5 });
  await job.clearLogs(2);
  expect(await queue.getJobLogs(job.id)).toEqual({ logs: ['d', 'e'], count: 2 });
  await job.clearLogs();
  expect(await queue.getJobLogs(job.id)).toEqual({ logs: [], count: 0 });
  await expect(job.clearLogs(-1)).rejects.toThrow(/^keepLogs: /);
});
