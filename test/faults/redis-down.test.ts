// The server is killed, restarted, emptied, or away for long.
import { expect, test } from 'vitest';
import { BulkError, QueueError } from '../../src/errors.js';
import { liveRedis, pause, until } from '../helpers/live.js';
import { Load, rounds, timeLimit, unharmed } from '../helpers/load.js';

const live = liveRedis({ perTest: true, appendonly: true, appendfsync: 'always' });

test(
  'killed and restarted under load: nothing acknowledged is lost, each job has one completion, the worker goes on',
  async () => {
    const load = new Load(live);
    for (let round = 0; round < rounds(3); round += 1) {
      await load.flows();
      await live.server.kill();
      await pause(300);
      await live.server.restart();
      await load.recovers();
    }
    const verdict = await load.judge('redis-killed,appendfsync=always');
    expect(verdict).toMatchObject(unharmed);
    expect(verdict.refused.size).toBe(0);
  },
  timeLimit,
);

test('without an answer in time, add says so with its ids, and the same ids can be added again', async () => {
  const queue = live.queue<number>();
  await queue.add('first', 0);
  await live.server.kill();
  const jobs = [1, 2, 3].map((n) => ({ name: 'job', data: n, opts: { jobId: `id-${n}` } }));
  const thrown: unknown = await queue.addBulk(jobs).catch((error: unknown) => error);
  await live.server.restart();
  if (!(thrown instanceof BulkError)) throw thrown;
  for (const outcome of thrown.outcomes) {
    const error = 'error' in outcome ? outcome.error : undefined;
    if (!(error instanceof QueueError)) throw new Error('expected a QueueError');
    expect(['UNAVAILABLE', 'UNKNOWN_OUTCOME']).toContain(error.code);
    expect(error.ids).toEqual(['id-1', 'id-2', 'id-3']);
  }
  await until(async () => (await queue.getJobCounts().catch(() => undefined)) !== undefined);
  const again = await queue.addBulk(jobs);
  expect(again.map(({ id }) => id)).toEqual(['id-1', 'id-2', 'id-3']);
  expect(await queue.getJobCounts()).toMatchObject({ waiting: 4 });
}, 30_000);

test('FLUSHALL under a running worker: it opens a new lease and goes on; what it ran is refused', async () => {
  const queue = live.queue();
  const done: string[] = [];
  const worker = live.worker(
    async (job) => {
      await pause(job.name === 'slow' ? 700 : 0);
      done.push(job.name);
    },
    { concurrency: 3 },
  );
  const completed: string[] = [];
  worker.on('completed', (job) => completed.push(job.name));
  await queue.add('slow', {});
  await until(async () => (await queue.getJobCounts()).active === 1);
  await live.redis.flushall();
  await queue.add('quick', {});
  await until(() => completed.includes('quick'), 2_000);
  await until(() => done.includes('slow'));
  await until(() => live.errors.some((error) => error.name === 'LeaseLostError'));
  expect(completed).toEqual(['quick']);
});

test('obliterate under a running worker: it goes on with what is added afterwards', async () => {
  const queue = live.queue();
  const completed: string[] = [];
  live
    .worker(() => pause(5), { concurrency: 5 })
    .on('completed', (job) => completed.push(job.name));
  for (let round = 0; round < 5; round += 1) {
    await queue.addBulk(Array.from({ length: 30 }, () => ({ name: `round-${round}`, data: {} })));
    await until(() => completed.includes(`round-${round}`));
    await queue.obliterate({ force: true });
  }
  const last = await queue.add('last', {});
  await until(async () => (await queue.getJobState(last.id)) === 'completed', 2_000);
});

test('a worker that starts while there is no server begins when it comes', async () => {
  await live.server.kill();
  const done: string[] = [];
  live.worker((job) => void done.push(job.name));
  await pause(500);
  await live.server.restart();
  await live.queue().add('job', {});
  await until(() => done.length === 1);
});

test('close ends while the server is away, handlers running', { tags: ['timing'] }, async () => {
  const queue = live.queue();
  const worker = live.worker(() => pause(300), { closeTimeout: 500, lockDuration: 1_000 });
  await queue.add('job', {});
  await until(async () => (await queue.getJobCounts()).active === 1);
  await live.server.kill();
  const started = performance.now();
  await worker.close();
  const took = performance.now() - started;
  console.log(`close without a server: ${took.toFixed(0)} ms`);
  expect(took).toBeLessThan(4_000);
  await live.server.restart();
});
