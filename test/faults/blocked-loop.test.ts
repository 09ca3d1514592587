// A handler that does not let the event loop turn, in a process of its own.
import { expect, test } from 'vitest';
import { startWorker } from '../helpers/child.js';
import { liveRedis, pause, quick, until } from '../helpers/live.js';

const live = liveRedis();

test('for twice its lease: it keeps its jobs, since a thread renews the lease', async () => {
  const queue = live.queue();
  const job = await queue.add('busy', { ms: 2 * quick.lockDuration + 500 });
  const child = await startWorker(live);
  await until(async () => (await job.getState()) === 'active');
  const stolen: string[] = [];
  live.worker(({ id }) => void stolen.push(id));
  await child.sees('completed', job.id);
  expect(stolen).toEqual([]);
  expect((await queue.getJob(job.id))?.returnvalue).toBe('busy');
});

test('for longer than maxBlockedTime: it loses them, and finds that out', async () => {
  const queue = live.queue();
  const job = await queue.add('busy', { ms: 3_500 });
  const child = await startWorker(live, { maxBlockedTime: 600 });
  await until(async () => (await job.getState()) === 'active');
  const stolen: string[] = [];
  live.worker(({ id }) => void stolen.push(id)).on('error', () => undefined);
  const started = performance.now();
  await until(() => stolen.includes(job.id));
  console.log(`taken from a blocked worker after ${(performance.now() - started).toFixed(0)} ms`);
  await child.sees('error', undefined, 6_000);
  expect(child.messages.find(({ name }) => name === 'LeaseLostError')?.message).toContain(job.id);
  expect(child.saw('completed')).toBe(false);
  // It goes on under a new lease.
  await pause(200);
  const next = await queue.addBulk(Array.from({ length: 20 }, () => ({ name: 'work', data: {} })));
  await until(() => next.some(({ id }) => child.saw('completed', id)) || stolen.length > 20);
});

test('other jobs of the same worker, that wait meanwhile, are kept too', async () => {
  const queue = live.queue();
  await queue.addBulk([
    { name: 'work', data: { ms: 100 } },
    { name: 'work', data: { ms: 100 } },
    { name: 'busy', data: { ms: 2_000 } },
  ]);
  const child = await startWorker(live, { concurrency: 3 });
  await until(async () => (await queue.getJobCounts()).active === 3);
  const stolen: string[] = [];
  live.worker(({ id }) => void stolen.push(id));
  await until(async () => (await queue.getJobCounts()).completed === 3);
  await until(() => child.messages.filter(({ kind }) => kind === 'completed').length === 3);
  expect(stolen).toEqual([]);
});
