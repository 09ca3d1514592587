// Jobs that are asked to stop while a worker has them, wherever that is.
import { expect, test } from 'vitest';
import { JobCancelledError, type QueueError } from '../../src/errors.js';
import type { WorkerOptions } from '../../src/options.js';
import type { Handler, Worker } from '../../src/worker.js';
import { startWorker } from '../helpers/child.js';
import { gate, liveRedis, pause, until } from '../helpers/live.js';

const live = liveRedis();

const key = (noun: string): string => `lunaq:{${live.name}}:${noun}`;

const obedient: Handler = (_job, _token, signal) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('stopped')));
  });

/** A worker on sockets of its own, as in another process. */
function apart(handler: Handler, options: WorkerOptions = {}): Worker {
  return live.worker(handler, {
    connection: { ...live.as('worker'), connectionName: 'apart' },
    ...options,
  });
}

/** Asks an active job to stop as `cancel` does, but nobody hears of it. */
async function cancelUnheard(id: string, reason = 'unheard'): Promise<void> {
  const token = (await live.redis.hget(key('active'), id)) as string;
  await live.redis
    .multi()
    .hset(key('active'), id, `${token}!cancelled`)
    .zadd(key('stopping'), 0, `${token.split(':')[0]}\t${id}`)
    .hset(key('failures'), id, `${JSON.stringify({ failedReason: reason })}\n`)
    .exec();
}

test(
  'an active job elsewhere is told within a second, with the reason, and ends as cancelled',
  { tags: ['timing'] },
  async () => {
    const queue = live.queue();
    const reasons: unknown[] = [];
    const told: unknown[] = [];
    let fired = 0;
    const worker = apart(
      (job, token, signal) => {
        signal.addEventListener('abort', () => {
          fired = performance.now();
          reasons.push(signal.reason);
        });
        return obedient(job, token, signal);
      },
      // Renewals, which would tell as well, are far away.
      { lockDuration: 60_000, lockRenewTime: 30_000 },
    );
    worker
      .on('cancelled', (job, reason, prev) => told.push([job.id, reason.message, prev]))
      .on('failed', (job) => told.push(['failed', job?.id]));
    const job = await queue.add('job', {}, { attempts: 3 });
    await until(async () => (await job.getState()) === 'active');
    const asked = performance.now();
    await queue.cancel(job.id, { reason: 'no longer wanted' });
    await until(async () => (await job.getState()) === 'cancelled', 4_000);
    console.log(`cancel to signal: ${(fired - asked).toFixed(1)} ms`);
    expect(fired - asked).toBeLessThan(1_000);
    expect(reasons[0]).toBeInstanceOf(JobCancelledError);
    await until(() => told.length === 1);
    expect(told).toEqual([[job.id, 'no longer wanted', 'active']]);
    expect(await queue.getJob(job.id)).toMatchObject({
      failedReason: 'no longer wanted',
      attemptsMade: 0,
    });
    expect(await live.redis.exists(key('stopping'))).toBe(0);
  },
);

test('a job in another process is told, and one whose handler completes all the same stays completed', async () => {
  const queue = live.queue();
  const child = await startWorker(live);
  const job = await queue.add('hold', {});
  await child.sees('active', job.id);
  await job.cancel();
  await child.sees('aborted', job.id, 1_000);
  await child.sees('completed', job.id);
  expect(child.messages.find(({ kind }) => kind === 'aborted')?.reason).toBe('JobCancelledError');
  expect(await queue.getJob(job.id)).toMatchObject({ returnvalue: 'too late' });
  expect(await job.getState()).toBe('completed');
  expect(await live.redis.exists(key('stopping'))).toBe(0);
});

test('a message that was lost is made good by a renewal, also while every slot is taken', async () => {
  const queue = live.queue();
  const reasons: string[] = [];
  apart((job, token, signal) => {
    signal.addEventListener('abort', () => reasons.push((signal.reason as Error).message));
    return obedient(job, token, signal);
  });
  const job = await queue.add('job', {});
  await until(async () => (await job.getState()) === 'active');
  await pause(50);
  await cancelUnheard(job.id);
  await until(async () => (await job.getState()) === 'cancelled', 4_000);
  expect(reasons).toEqual(['unheard']);
});

test('jobs that were claimed ahead never start, whether the message was heard or not', async () => {
  const queue = live.queue<number>();
  const release = gate();
  const ran: number[] = [];
  live.worker<number>(async (job) => {
    ran.push(job.data);
    if (job.data === 1_000) await release.opened;
  });
  const jobs = await queue.addBulk(
    Array.from({ length: 2_000 }, (_, n) => ({ name: 'job', data: n })),
  );
  await until(() => ran.at(-1) === 1_000, 10_000);
  // At once, while those behind the long one are still here; later ones are not claimed.
  const next = jobs.slice(1_001, 1_040);
  await Promise.all(next.map((job) => job.cancel()));
  // The worker may hear of it a moment after who asked for it has: until then the first of them would start.
  await until(async () => (await queue.getJobCounts()).cancelled === next.length);
  release.open();
  await until(async () => (await queue.getJobCounts()).completed === 2_000 - next.length, 10_000);
  expect(await queue.getJobCounts()).toMatchObject({ cancelled: next.length, failed: 0 });
  expect(ran.filter((n) => n > 1_000 && n < 1_040)).toEqual([]);
});

test('a cancel right behind the claim is not missed', async () => {
  const queue = live.queue();
  // No renewal tells; a job whose message was missed would be held for ever.
  live.worker(obedient, { concurrency: 50, lockDuration: 60_000, lockRenewTime: 50_000 });
  for (let round = 0; round < 20; round += 1) {
    const jobs = await queue.addBulk(Array.from({ length: 5 }, () => ({ name: 'job', data: {} })));
    await Promise.all(jobs.map((job) => job.cancel()));
  }
  await until(async () => (await queue.getJobCounts()).cancelled === 100, 4_000);
});

test.each([
  ['retries', new Error('again')],
  ['puts it off', Object.assign(new Error('later'), { name: 'DelayedError' })],
])('a job whose handler %s ends as cancelled', async (_, thrown) => {
  const queue = live.queue();
  const { opened, open } = gate();
  const told: string[] = [];
  live
    .worker(
      async () => {
        await opened;
        throw thrown;
      },
      { lockDuration: 60_000 },
    )
    .on('cancelled', (job) => told.push(job.id))
    .on('failed', () => told.push('failed'));
  const job = await queue.add('job', {}, { attempts: 5 });
  await until(async () => (await job.getState()) === 'active');
  await cancelUnheard(job.id);
  open();
  await until(async () => (await job.getState()) === 'cancelled');
  await until(() => told.length === 1);
  expect(told).toEqual([job.id]);
});

test('a job that is handed back by a closing worker ends as cancelled, and as its retention says', async () => {
  const queue = live.queue();
  const { opened, open } = gate();
  let began = 0;
  const worker = live.worker(
    () => {
      began += 1;
      return opened;
    },
    { concurrency: 2, lockDuration: 60_000 },
  );
  const kept = await queue.add('job', {});
  const gone = await queue.add('job', {}, { removeOnFail: true });
  await until(() => began === 2);
  await cancelUnheard(kept.id);
  await cancelUnheard(gone.id);
  await worker.close(true);
  open();
  expect(await kept.getState()).toBe('cancelled');
  expect(await gone.getState()).toBe('unknown');
});

test('a cancel of a job under a lease that dies ends it as cancelled', async () => {
  const queue = live.queue();
  const child = await startWorker(live);
  const job = await queue.add('hold', {});
  await child.sees('active', job.id);
  await child.kill();
  await job.cancel({ reason: 'nobody hears' });
  expect(await job.getState()).toBe('active');
  const ran: string[] = [];
  live.worker(({ id }) => void ran.push(id));
  await until(async () => (await job.getState()) === 'cancelled');
  expect(ran).toEqual([]);
  expect((await queue.getJob(job.id))?.failedReason).toBe('nobody hears');
});

test('a handler that ignores being cancelled is given up on after stopTimeout', async () => {
  const queue = live.queue();
  const { opened, open } = gate();
  const ran: string[] = [];
  live.worker(
    (job) => {
      ran.push(job.name);
      return job.name === 'stuck' ? opened : undefined;
    },
    { stopTimeout: 80 },
  );
  const stuck = await queue.add('stuck', {});
  await until(() => ran.length === 1);
  await queue.add('next', {});
  await stuck.cancel();
  await until(() => ran.length === 2, 4_000);
  expect(await stuck.getState()).toBe('cancelled');
  expect(live.errors).toMatchObject([{ code: 'HANDLER_STUCK', ids: [stuck.id] }]);
  open();
});

test('a job that was cancelled after its time-out does not complete', async () => {
  const queue = live.queue();
  const { opened, open } = gate();
  const fired = gate();
  live.worker((_job, _token, signal) => {
    signal.addEventListener('abort', () => fired.open());
    return opened;
  });
  const job = await queue.add('job', {}, { timeout: 30, attempts: 3 });
  await fired.opened;
  await job.cancel();
  await pause(30);
  open();
  await until(async () => (await job.getState()) === 'cancelled');
});

test('a handler in a wrapper that takes its arguments as a list sees its signal fire', async () => {
  const queue = live.queue();
  live.worker((...args) => obedient(...args));
  const job = await queue.add('job', {});
  await until(async () => (await job.getState()) === 'active');
  await job.cancel();
  await until(async () => (await job.getState()) === 'cancelled', 4_000);
  expect(live.errors).toEqual([]);
});

test('what anybody else publishes on the channel harms nobody', async () => {
  const queue = live.queue();
  const worker = live.worker(() => 'done');
  await queue.add('job', {});
  await until(async () => (await queue.getJobCounts()).completed === 1);
  for (const message of ['', 'no json', '{}\nid', '[1]\nid\ttoken', '{"failedReason":5}\na\tb'])
    await live.redis.publish(key('stopping'), message);
  await queue.add('job', {});
  await until(async () => (await queue.getJobCounts()).completed === 2);
  expect(worker.isRunning()).toBe(true);
  expect(live.errors).toEqual([]);
});

test('a cancel of a finished job is refused', async () => {
  const queue = live.queue();
  live.worker(() => 'done');
  const job = await queue.add('job', {});
  await until(async () => (await job.getState()) === 'completed');
  const code = await job.cancel().catch((error: QueueError) => error.code);
  expect(code).toBe('JOB_FINISHED');
});

test(
  'messages about jobs that a worker does not have cost it no more than a question each',
  { tags: ['timing'] },
  async () => {
    const queue = live.queue();
    live.worker(() => 'done', { lockDuration: 30_000, stalledInterval: 10_000 });
    const { id } = await queue.add('job', {});
    await until(async () => (await queue.getJobState(id)) === 'completed');
    const [lease] = await live.redis.zrange(key('leases'), '0', '0');
    await pause(50);
    const counts = await live.commandsOf(async () => {
      for (let n = 0; n < 10; n += 1) {
        await live.redis.publish(key('stopping'), `{}\n${id}\t${lease}:1`);
        await live.redis.publish(key('stopping'), `{}\n${id}\tanother:1`);
      }
      await pause(150);
    });
    expect(counts.get('evalsha') ?? 0).toBeLessThanOrEqual(12); // a report or a sweep may come in between
  },
);
