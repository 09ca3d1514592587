// Jobs that start too late, run too long, are cancelled, or put themselves off.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DelayedError,
  JobCancelledError,
  JobFailedError,
  Queue,
  UnrecoverableError,
  Worker,
  type Handlers,
} from 'lunaq';
import { startRedis } from 'lunaq/testing';

const redis = await startRedis();
const connection = redis.url;
const queue = new Queue('time', { connection });

let isOpen = false;
const handlers: Handlers = {
  // #region signal
  // The signal fires when the attempt's time is over or the job is cancelled, wherever the worker runs.
  fetch: async (_job, _token, signal) => {
    await sleep(60_000, undefined, { signal });
  },
  // #endregion
  // #region delayed
  // Puts itself off, and burns no attempt.
  visit: () => {
    if (!isOpen) throw new DelayedError(100);
    return 'visited';
  },
  // #endregion
  fail: (job) => {
    throw job.attemptsMade < 3 ? new Error('not yet') : new UnrecoverableError('never');
  },
};

// #region ttl
// Not started within 50 ms: it fails, and never runs.
const news = await queue.add('fetch', 'the news', { ttl: 50 });
// #endregion
const ended = assert.rejects(news.waitUntilFinished(), new JobFailedError('expired'));
await sleep(60);

const worker = new Worker('time', handlers, {
  connection,
  concurrency: 10,
  stopTimeout: 1_000,
  // #region strategy
  settings: {
    // ms to wait, or -1 for no further attempt.
    backoffStrategy: (attemptsMade, type) => (type === 'squares' ? attemptsMade ** 2 : -1),
  },
  // #endregion
});
await ended;

// #region timeout
const slow = await queue.add('fetch', 'a large file', { timeout: 50, attempts: 2 });
await assert.rejects(
  slow.waitUntilFinished(),
  new JobFailedError('the attempt took longer than 50 ms'),
);
// #endregion

// #region cancel
const job = await queue.add('fetch', 'a file');
await queue.cancel(job.id, { reason: 'not needed' }); // waiting or active, here or elsewhere
await assert.rejects(job.waitUntilFinished(), new JobCancelledError('not needed'));
// #endregion

const visit = await queue.add('visit', 'the museum');
isOpen = true;
assert.equal(await visit.waitUntilFinished(), 'visited');
assert.equal((await queue.getJob(visit.id))?.attemptsMade, 1);

// #region backoff
const list = await queue.add('fail', '', { attempts: 9, backoff: [10, 20, 50] }); // then 50 each time
const own = await queue.add('fail', '', { attempts: 9, backoff: { type: 'squares' } });
// #endregion
for (const failing of [list, own]) {
  await assert.rejects(failing.waitUntilFinished(), new JobFailedError('never'));
  assert.equal((await queue.getJob(failing.id))?.attemptsMade, 4);
}

await worker.close();
await queue.close();
await redis.stop();
