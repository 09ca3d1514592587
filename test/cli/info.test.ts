// `lunaq info`.
import { expect, test } from 'vitest';
import { states } from '../../src/scripts.js';
import { Worker } from '../../src/worker.js';
import { gate, liveRedis, quick, until } from '../helpers/live.js';
import { hasTerminal, json, lunaq, start } from './command.js';

const live = liveRedis();
/** What terminals are told: to enter and leave another screen, to draw from the top. */
const enters = '\\u001b\\[\\?1049h';
const leaves = '\\u001b\\[\\?1049l';
const home = '\\u001b\\[H';

interface Info {
  readonly queues: Record<string, unknown>[];
  readonly workers: Record<string, unknown>[];
}

/** A queue in which a job runs and one waits. */
async function busyQueue() {
  const queue = live.queue();
  await queue.add('first', null, { jobId: 'a' });
  await queue.add('second', null, { jobId: 'b' });
  const { opened, open } = gate();
  live.track(
    new Worker(live.name, () => opened, {
      connection: live.as('worker'),
      ...quick,
      name: 'ada',
    }),
  );
  live.after(open);
  await until(async () => (await queue.getWorkers()).some(({ jobs }) => jobs.length > 0));
  return queue;
}

test('shows queues with their states, rates and oldest job, and workers with what they run', async () => {
  await busyQueue();
  const { code, stdout, stderr } = await lunaq(live, ['info', live.name]);
  expect([code, stderr]).toEqual([0, '']);
  const [head = '', row = '', total, , , worker = '', count] = stdout.split('\n');
  expect(head.split(/ {2,}/)).toEqual([
    'queue',
    ...states,
    'oldest',
    'added/min',
    'completed/min',
    'failed/min',
  ]);
  expect(row.split(/ {2,}/).slice(0, 8)).toEqual([live.name, '1', '0', '0', '1', '0', '0', '0']);
  expect(total).toBe('1 queue, 2 jobs total');
  expect(worker).toMatch(
    new RegExp(`^ada .* ${process.pid}  ${live.name}  busy +1 of 1  first \\(a\\)$`),
  );
  expect(count).toBe('1 worker');
});

test('tells all of it as one document', async () => {
  const queue = await busyQueue();
  await queue.pause();
  const { queues, workers } = await json<Info>(live, ['info', live.name]);
  expect(queues).toEqual([
    {
      name: live.name,
      paused: true,
      counts: await queue.getJobCounts(),
      oldest: { id: 'b', name: 'second', age: expect.any(Number) as number },
      rates: { added: expect.any(Number), completed: 0, failed: 0 },
    },
  ]);
  expect(workers).toEqual([
    expect.objectContaining({
      name: 'ada',
      pid: process.pid,
      state: 'busy',
      queues: [live.name],
      jobs: [expect.objectContaining({ id: 'a', name: 'first' })],
    }),
  ]);
});

test('a worker of several queues is one worker', async () => {
  const names = [`${live.name}-high`, `${live.name}-low`] as const;
  for (const name of names) await live.queue({ name }).add('x', null, { jobId: `in ${name}` });
  const { opened, open } = gate();
  live.track(
    new Worker(names, () => opened, {
      connection: live.as('worker'),
      ...quick,
      concurrency: 2,
    }),
  );
  live.after(open);
  await until(async () => {
    const { workers } = await json<{ workers: { jobs: object[] }[] }>(live, ['info', ...names]);
    return workers.length === 1 && workers[0]?.jobs.length === 2;
  });
});

test('shows all queues when none is named, and warns of names that nobody has used', async () => {
  const name = `${live.name}\u202e`;
  await live.queue({ name }).add('x', null);
  const all = await lunaq(live, ['info', '-Q']);
  expect(all.stdout).toContain(`${live.name}\\u202e`);
  expect(all.stdout).not.toContain('worker');
  const typo = await lunaq(live, ['info', 'typo', '-W']);
  expect(typo.stderr).toBe('lunaq: nobody has used a queue "typo" yet\n');
  expect(typo.stdout).not.toContain('typo');
});

test('--interval prints again on a pipe, until it is asked to end', async () => {
  const queue = live.queue();
  await queue.add('x', null);
  const view = start(live, ['info', live.name, '--interval', '0.1']);
  await view.until(/1 queue, 1 job total[\s\S]*Updated: .*\n\nqueue/);
  await queue.add('x', null);
  await view.until(/1 queue, 2 jobs total/);
  view.kill('SIGINT');
  const { code, stdout } = await view.ended;
  expect(code).toBe(0);
  expect(stdout).not.toContain('\u001b');
});

test('--interval prints JSON lines for scripts', async () => {
  await live.queue().add('x', null);
  const view = start(live, ['info', live.name, '--json', '--interval', '0.1']);
  await view.until(/^.*\n.*\n/);
  view.kill('SIGTERM');
  const { code, stdout } = await view.ended;
  expect(code).toBe(0);
  const looks = stdout
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text) as Info);
  for (const { queues } of looks) expect(queues).toMatchObject([{ name: live.name }]);
});

test.skipIf(!hasTerminal)(
  '--interval draws in place on a terminal, and leaves it as it was',
  async () => {
    const queue = live.queue();
    await queue.add('x', null);
    const view = start(live, ['info', live.name, '--interval', '0.1'], { terminal: true });
    await view.until(new RegExp(`${enters}[^]*${home}[^]*1 queue, 1 job total`));
    await queue.add('x', null);
    await view.until(new RegExp(`${home}(?:(?!${home})[^])*1 queue, 2 jobs total`));
    view.type('\u0003');
    const { code, stdout } = await view.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`${leaves}(?![^]*${home})`));
  },
);
