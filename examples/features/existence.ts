// Asking whether jobs exist without asking Redis.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { Queue, Worker } from 'lunaq';
import { startRedis } from 'lunaq/testing';

const redis = await startRedis();
const connection = redis.url;
const worker = new Worker('frames', async () => undefined, { connection, autorun: false });

// #region has
// No answer of this queue is more than 5 s old. (Default: 100,000 ids, 10 s.)
const queue = new Queue('frames', { connection, idCache: { max: 50_000, maxAge: 5_000 } });

assert.equal(await queue.has('walk/1'), false);
await queue.add('decode', { frame: 1 }, { jobId: 'walk/1', removeOnComplete: true });
// What this process has added or removed itself, it knows at once.
assert.equal(await queue.has('walk/1'), true);

// Many at once, in the order given; what is not in memory is asked for, 256 ids a call.
assert.deepEqual(await queue.hasMany(['walk/0', 'walk/1']), [false, true]);
// #endregion

void worker.run();
// #region corrected
// The worker has run the job and forgotten it; here an event tells so, within moments.
while (await queue.has('walk/1')) await pause(1);
// #endregion

// #region stats
const { hits, misses, corrections, commandsSaved } = queue.idCache.stats();
// #endregion
assert(hits + misses >= 4);
assert(corrections <= hits);
assert(commandsSaved <= hits);

// #region none
// Asks Redis each time, all questions of one turn of the event loop together; nobody listens for it.
const exact = new Queue('frames', { connection, idCache: false });
assert.equal(await exact.has('walk/1'), false);
// #endregion

await Promise.all([worker.close(), queue.close(), exact.close()]);
await redis.stop();
