// Large jobs stored compressed.
import assert from 'node:assert/strict';
import { Queue, Worker } from 'lunaq';
import { startRedis } from 'lunaq/testing';
import { gzip } from '../codecs/gzip.js';

const redis = await startRedis();
const connection = redis.url;
const page = 'All work and no play makes Jack a dull boy. '.repeat(50_000);

// #region use
const codec = gzip;
const limits = { dataBytes: 4 * 1024 * 1024 }; // of the JSON, as without a codec
const queue = new Queue<string, number>('pages', { connection, codec, limits });
const worker = new Worker<string, number>('pages', async (job) => job.data.split('. ').length, {
  connection,
  codec,
});
const job = await queue.add('count', page);
// #endregion
assert.equal(await job.waitUntilFinished({ timeout: 10_000 }), 50_001);
assert.equal((await queue.getJob(job.id))?.data, page);

await worker.close();
await queue.close();
await redis.stop();
