// Events of a queue, wherever its jobs are added and run: as they happen, and from a position.
import assert from 'node:assert/strict';
import { Queue, QueueEvents, Worker } from 'lunaq';
import { startRedis } from 'lunaq/testing';

const redis = await startRedis();
const connection = redis.url;
const queue = new Queue<number, number>('squares', { connection });

// #region listen
const queueEvents = new QueueEvents<number>('squares', { connection });
const lines: string[] = [];
queueEvents
  .on('added', ({ jobId, name }) => lines.push(`${jobId}: ${name}`))
  .on('completed', ({ jobId, returnvalue }) => lines.push(`${jobId}: ${returnvalue}`))
  .on('failed', ({ jobId, failedReason }) => lines.push(`${jobId}: ${failedReason}`))
  .on('missed', () => lines.push('some may be missing')); // the connection was lost
await queueEvents.waitUntilReady(); // nothing that happens from now on is missed
// #endregion

// #region keep
await queue.keepEvents(10_000); // about so many messages stay; 0 switches it off
// #endregion

const worker = new Worker<number, number>('squares', ({ data }) => data ** 2, { connection });
const job = await queue.add('square', 7, { jobId: 'seven' });
assert.equal(await job.waitUntilFinished(queueEvents, 10_000), 49);

// #region replay
/** Hears what has happened behind a position; returns where to go on. */
async function report(position: string, until: string): Promise<string> {
  const past = new QueueEvents<number>('squares', { connection, lastEventId: position });
  await new Promise<void>((resolve) => {
    past.on('completed', ({ jobId, returnvalue }) => {
      lines.push(`${jobId} was ${returnvalue}`);
      if (jobId === until) resolve();
    });
  });
  await past.close();
  return past.lastEventId ?? position; // each message is told once if this is stored
}

const position = await report('0', 'seven'); // '0': all that is kept; '$': what comes
// #endregion

await queue.add('square', 8, { jobId: 'eight' });
await report(position, 'eight');
assert.deepEqual(lines.toSorted(), [
  'eight was 64',
  'eight: 64',
  'eight: square',
  'seven was 49',
  'seven: 49',
  'seven: square',
]);

await queueEvents.close();
await worker.close();
await queue.close();
await redis.stop();
