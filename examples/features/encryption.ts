// Jobs that Redis can't read, and a new key in the place of an old one.
import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { Queue, QueueError, Worker } from 'lunaq';
import { startRedis } from 'lunaq/testing';
import { aes } from '../codecs/aes.js';

const redis = await startRedis();
const connection = redis.url;
const newKey = () => createSecretKey(randomBytes(32));

interface Patient {
  readonly name: string;
}

// #region use
// From where your secrets are kept.
const keys = new Map([['2025', newKey()]]);

const before = new Queue<Patient>('letters', { connection, codec: aes(keys, '2025') });
const { id } = await before.add('write', { name: 'Ada' });
// #endregion

// #region rotate
keys.set('2026', newKey());
const codec = aes(keys, '2026'); // encrypts under the new key, decrypts under both
const queue = new Queue<Patient>('letters', { connection, codec });

// What is stored under the old key is read as before. Whatever is written again is encrypted under the new one.
for await (const job of queue.scan('waiting')) await job.updateData(job.data);

keys.delete('2025');
assert.deepEqual((await queue.getJob(id))?.data, { name: 'Ada' });
// #endregion

// #region missing
const stranger = new Worker<Patient>('letters', () => undefined, { connection, autorun: false });
await stranger.run({ burst: true });
await stranger.close();
const failed = await queue.getJob(id);
assert.equal(
  failed?.failedReason,
  `data of job ${id} can't be decoded: there is no codec "aes-gcm"`,
);

const worker = new Worker<Patient, string>('letters', async (job) => `Dear ${job.data.name}`, {
  connection,
  codec,
});
await failed.retry();
assert.equal(await failed.waitUntilFinished({ timeout: 10_000 }), 'Dear Ada');
// #endregion

// Who has no key is told so, and nothing of what he can't read.
const others = new Queue('letters', { connection });
await assert.rejects(others.getJob(id), (error) => {
  return error instanceof QueueError && error.code === 'CODEC' && !error.message.includes('Ada');
});

// #region required
const guarded = new Queue<Patient>('letters', { connection, codec: { ...codec, required: true } });
const slipped = await others.add('write', { name: 'Eve' });
await assert.rejects(guarded.getJob(slipped.id), { code: 'CODEC' });
// #endregion

await Promise.all([guarded.close(), worker.close(), before.close(), queue.close(), others.close()]);
await redis.stop();
