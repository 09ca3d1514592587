// The floor: the same data moved by variadic commands in batches of 100, with no script and no guard. No queue can
// cost less on this data model.
import { setImmediate } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { payloads } from '../payload.mjs';

const batch = 100;

/** @type {(queue: string) => string} */
export const pattern = (queue) => `floor:{${queue}}:*`;

/** @param {import('../sample.mjs').TargetOptions} options */
export async function open({ url, queue, bytes }) {
  const data = payloads(bytes);
  const redis = new Redis(url);
  const rows = `floor:{${queue}}:jobs`;
  const waiting = `floor:{${queue}}:waiting`;

  async function addBatch(from, to) {
    const ids = [];
    const fields = [];
    for (let index = from; index < to; index += 1) {
      const id = `floor-${index.toString(36).padStart(6, '0')}`;
      ids.push(id);
      fields.push(id, JSON.stringify(['bench', data(index), Date.now()]));
    }
    const pipeline = redis.pipeline().hset(rows, ...fields);
    await pipeline.rpush(waiting, ...ids).exec();
  }

  async function addBulk(from, to) {
    for (let at = from; at < to; at += batch) await addBatch(at, Math.min(at + batch, to));
  }

  async function takeBatch({ deliver, completed }) {
    const ids = await redis.lpop(waiting, batch);
    if (ids === null) return;
    const pipeline = redis.pipeline().hmget(rows, ...ids);
    const [[, records]] = await pipeline.hdel(rows, ...ids).exec();
    for (const record of records) {
      deliver(JSON.parse(record)[1]);
      completed();
    }
  }

  return {
    addAll: (jobs) => addBulk(0, jobs),

    addBulk,

    async worker(_concurrency, listener) {
      const closing = new AbortController();
      let ended = Promise.resolve();
      const takeAll = async () => {
        while (!closing.signal.aborted) {
          await takeBatch(listener);
          await setImmediate();
        }
      };
      return {
        run() {
          ended = takeAll();
          return ended;
        },
        async close() {
          closing.abort();
          await ended;
        },
      };
    },

    left: () => redis.hlen(rows),

    async close() {
      redis.disconnect();
    },
  };
}
