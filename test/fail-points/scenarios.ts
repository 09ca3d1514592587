// What producers and workers of one queue do. Each returns when all has come to rest that it has begun.
import assert from 'node:assert/strict';
import { DelayedError } from '../../src/errors.js';
import { gate } from '../helpers/live.js';
import { comesTrue, type Play } from './play.js';

export type Scenario = (play: Play) => Promise<void>;

/** As a handler that heeds its signal. */
function stops(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(signal?.reason as Error);
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop);
  });
}

/** Jobs that just run; nobody listens, so scripts take their shortest ways. */
export const plain: Scenario = async (play) => {
  const queue = play.queue();
  play.worker();
  const added = await queue.addBulk([{ name: 'job', data: 'first', opts: { jobId: 'a' } }]);
  const more = await queue.addBulk(
    ['b', 'c', 'd', 'e'].map((jobId) => ({ name: 'job', data: jobId, opts: { jobId } })),
  );
  const last = await Promise.all([
    queue.add('job', 'gone', { jobId: 'f', removeOnComplete: true }),
    queue.add('job', 'counted', { jobId: 'g', removeOnComplete: { count: 100 } }),
    queue.add('job', 'again', { jobId: 'a' }),
  ]);
  const duplicates = [...added, ...more, ...last].filter(({ duplicate }) => duplicate);
  assert.deepEqual(
    duplicates.map(({ id }) => id),
    ['a'],
  );
  // More than one claim reads: the rest is read in slices.
  const large = 'x'.repeat(150_000);
  await queue.addBulk(
    ['x', 'y', 'z'].map((jobId) => ({ name: 'job', data: large, opts: { jobId } })),
  );
  for (const id of ['a', 'b', 'c', 'd', 'e', 'g', 'x', 'y', 'z'])
    await play.reaches(id, 'completed');
  await play.worksOn('q');
};

/** Attempts fail, jobs are put off and put back, and note something while they run. */
export const retry: Scenario = async (play) => {
  const queue = play.queue();
  await queue.keepEvents(1_000);
  const once = (id: string): boolean => play.runsOf(id) === 1;
  let repaired = false;
  play.worker({
    soon: () => {
      if (once('soon')) throw new Error('once');
      return 'soon';
    },
    later: () => {
      if (once('later')) throw new Error('once');
      return 'later';
    },
    bad: () => {
      if (!repaired) throw new Error('bad');
      return 'repaired';
    },
    off: () => {
      if (once('off')) throw new DelayedError(20);
      return 'off';
    },
    noted: async (job) => {
      await job.updateProgress(50);
      await job.log('half');
      await job.updateData('new');
      await job.updateMeta({ by: 'me' });
      return job.data;
    },
  });
  await queue.addBulk([
    { name: 'job', data: '', opts: { jobId: 'soon', attempts: 2 } },
    { name: 'job', data: '', opts: { jobId: 'later', attempts: 2, backoff: 20 } },
    { name: 'job', data: '', opts: { jobId: 'bad', attempts: 2 } },
    { name: 'job', data: '', opts: { jobId: 'off' } },
    { name: 'job', data: 'old', opts: { jobId: 'noted' } },
  ]);
  await play.reaches('bad', 'failed');
  repaired = true;
  await queue.retryJob('bad');
  for (const id of ['soon', 'later', 'bad', 'off', 'noted']) await play.reaches(id, 'completed');
  await play.worksOn('q');
};

/** Jobs that are due later or have expired; somebody awaits two. */
export const delayed: Scenario = async (play) => {
  const queue = play.queue();
  await queue.keepEvents(1_000);
  const job = await queue.add('job', '', { jobId: 'a', delay: 30 });
  await queue.addBulk([
    { name: 'job', data: '', opts: { jobId: 'b', delay: 60, ttl: 60_000 } },
    { name: 'job', data: '', opts: { jobId: 'c', delay: 3_600_000 } },
    { name: 'job', data: '', opts: { jobId: 'late', ttl: 1 } },
    { name: 'job', data: '', opts: { jobId: 'awaited', delay: 30 } },
  ]);
  const finished = job.waitUntilFinished({ timeout: 15_000 });
  const other = queue
    .getJob('awaited')
    .then((awaited) => awaited?.waitUntilFinished({ timeout: 15_000 }));
  await comesTrue(async () => (await play.redis.exists(play.keysOf('q').watched)) === 1);
  play.worker();
  assert.deepEqual(await Promise.all([finished, other]), ['did a', 'did awaited']);
  for (const id of ['a', 'b']) await play.reaches(id, 'completed');
  await play.reaches('late', 'failed');
  await play.worksOn('q');
};

/** Jobs are cancelled, removed and drained in every state. */
export const cancelled: Scenario = async (play) => {
  const queue = play.queue();
  await queue.keepEvents(1_000);
  play.worker({
    active: (_job, _token, signal) => stops(signal),
    deaf: () => comesTrue(async () => (await play.outside().getJob('deaf'))?.failedReason !== undefined).then(() => 'all the same'), // prettier-ignore
  });
  await queue.addBulk(
    ['active', 'deaf'].map((jobId) => ({ name: 'job', data: '', opts: { jobId } })),
  );
  // Not only claimed: what is asked to stop before its handler has begun ends without it.
  for (const id of ['active', 'deaf']) await comesTrue(() => play.runsOf(id) > 0);
  await queue.pause();
  await queue.addBulk(
    ['waiting', 'removed', 'drained'].map((jobId) => ({ name: 'job', data: '', opts: { jobId } })),
  );
  await queue.add('job', '', { jobId: 'delayed', delay: 3_600_000 });
  await queue.cancel('active', { reason: 'enough' });
  await queue.cancel('deaf', { reason: 'heard late' });
  await queue.cancel('waiting', { reason: 'never mind' });
  await queue.cancel('delayed');
  await queue.remove('removed');
  await queue.drain();
  await queue.resume();
  for (const id of ['active', 'waiting', 'delayed']) await play.reaches(id, 'cancelled');
  await play.reaches('deaf', 'completed');
  await queue.retryJob('waiting');
  await play.reaches('waiting', 'completed');
  assert.deepEqual((await queue.clean(0, 0, 'cancelled')).toSorted(), ['active', 'delayed']);
  await play.worksOn('q');
};

/** A worker stops in good order: one job ends in time, one is handed back, one had not started; another worker goes on. */
export const gracefulStop: Scenario = async (play) => {
  const queue = play.queue();
  await queue.keepEvents(1_000);
  const ending = gate();
  const begun = gate();
  const first = play.worker(
    {
      ends: async () => {
        await ending.opened;
        return 'in time';
      },
      stays: (_job, _token, signal) => {
        begun.open();
        return stops(signal);
      },
    },
    { concurrency: 2, closeTimeout: 60 },
  );
  await queue.addBulk(
    ['ends', 'stays', 'next', 'last'].map((jobId) => ({ name: 'job', data: '', opts: { jobId } })),
  );
  await begun.opened;
  await play.reaches('ends', 'active');
  const closed = first.close();
  ending.open();
  await closed;
  assert.equal(play.runsOf('next'), 0);
  play.worker();
  for (const id of ['ends', 'stays', 'next', 'last']) await play.reaches(id, 'completed');
  await play.worksOn('q');
};
