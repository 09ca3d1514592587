// The floor: the same data moved by variadic commands in batches of 100, with no script and no guard. No queue can
// cost less on this data model.
import { Redis } from 'ioredis';
import { payloads } from '../payload.mjs';

const batch = 100;

/** @type {(queue: string) => string} */
export const pattern = (queue) => `floor:{${queue}}:*`;

/** @param {import('../load.mjs').TargetOptions} options */
export async function open({ url, queue, bytes }) {
  const data = payloads(bytes);
  const redis = new Redis(url);
  const rows = `floor:{${queue}}:jobs`;
  const waiting = `floor:{${queue}}:waiting`;

  async function produce(jobs) {
    for (let from = 0; from < jobs; from += batch) {
      const ids = [];
      const fields = [];
      for (let index = from; index < Math.min(from + batch, jobs); index += 1) {
        const id = `floor-${index.toString(36).padStart(6, '0')}`;
        ids.push(id);
        fields.push(id, JSON.stringify(['bench', data(index), Date.now()]));
      }
      const pipeline = redis.pipeline().hset(rows, ...fields);
      await pipeline.rpush(waiting, ...ids).exec();
    }
  }

  async function consume(jobs, { deliver, completed }) {
    for (let taken = 0; taken < jobs;) {
      const ids = await redis.lpop(waiting, batch);
      if (ids === null) continue;
      const pipeline = redis.pipeline().hmget(rows, ...ids);
      const [[, records]] = await pipeline.hdel(rows, ...ids).exec();
      for (const record of records) {
        deliver(JSON.parse(record)[1]);
        completed();
      }
      taken += ids.length;
    }
  }

  return {
    addAndProcess: (jobs, listener) => Promise.all([produce(jobs), consume(jobs, listener)]),
    left: () => redis.hlen(rows),
    async close() {
      redis.disconnect();
    },
  };
}
