// Queues for the paths: what stands in them beside the jobs of a path, and the calls on them.
import { hour, lease, record, rows, scores } from './paths/path.mjs';

/** Most values of one command. */
const chunk = 6_000;

/** Ids of 12 characters. */
export function idsOf(count, prefix = 'path', from = 0) {
  return Array.from({ length: count }, (_, i) => prefix + String(from + i).padStart(8, '0'));
}

/** What any queue has that is worked on: a lease that holds more than any path settles, and jobs that wait at the tail. */
function ground(now) {
  const ids = idsOf(10, 'wait');
  return [
    ['hset', 'meta', 'schema', 1, 'token', 9],
    ['zadd', 'leases', now + hour, lease],
    ['hset', 'held', lease, 1_000_000],
    ['hset', 'jobs', ...rows(ids, record)],
    ['rpush', 'waiting', ...ids],
  ];
}

/** Jobs of other states and features, so that no key is missing that scripts look for. */
function everything(now) {
  const one = ['another00001'];
  return [
    ['hset', 'jobs', ...rows(one, record)],
    ...['traits', 'attempts', 'stalls', 'results', 'failures', 'progress', 'logs', 'outcomes'].map(
      (noun) => ['hset', noun, ...rows(one, '{}')],
    ),
    ['hset', 'watched', ...rows(one, 'awaited')],
    ...['delayed', 'deferred', 'expiring', 'evicting'].map((noun) => [
      'zadd',
      noun,
      ...scores(one, now + hour),
    ]),
    ...['completed', 'failed', 'cancelled'].map((noun) => [
      'zadd',
      noun,
      ...scores(one, now - 30_000),
    ]),
  ];
}

/** A backlog of so many waiting jobs, and a tenth of it in each state where jobs stay. */
function backlog(now, size) {
  const waiting = idsOf(size, 'back');
  const tenth = (state) => idsOf(size / 10, state);
  const put = (noun, state, after) => ['zadd', noun, ...scores(tenth(state), now + after)];
  return [
    ['hset', 'jobs', ...rows(waiting, record)],
    ['rpush', 'waiting', ...waiting],
    ...['late', 'done', 'lost', 'busy'].map((state) => [
      'hset',
      'jobs',
      ...rows(tenth(state), record),
    ]),
    put('delayed', 'late', hour),
    put('completed', 'done', -30_000),
    put('failed', 'lost', -30_000),
    ['hset', 'active', ...rows(tenth('busy'), `${'M'.repeat(48)}:1600000000000000`)],
    ['hset', 'results', ...rows(tenth('done'), '{"returnvalue":1}')],
    ['hset', 'failures', ...rows(tenth('lost'), '{"failedReason":"x"}')],
  ];
}

/** Kinds of queues: what they have beside the ground. */
export const kinds = {
  bare: () => [],
  everything,
  listened: () => [['set', 'audience', '0']],
};

/** How many jobs paths were given: no two have the same id. */
let given = 0;

/** A queue of its own on the gate's server. */
export class GateQueue {
  #redis;
  #product;
  #own;
  #numbers = 0;

  /**
   * @param {import('ioredis').Redis} redis
   * @param {import('./product.mjs').Product} product
   * @param {string} name
   */
  constructor(redis, product, name) {
    this.#redis = redis;
    this.#product = product;
    // The names of all queues are no queue's own.
    const { queues: _, ...keys } = product.queueKeys(name, 'gate');
    this.keys = keys;
    this.#own = Object.values(keys);
  }

  /** Writes the ground and what a kind of queue has beside it. */
  async lay(kind) {
    const now = Date.now();
    await this.write([...ground(now), ...kinds[kind](now)]);
  }

  async layBacklog(size) {
    const now = Date.now();
    await this.write([...ground(now), ...backlog(now, size)]);
  }

  /** @param {readonly import('./paths/path.mjs').Write[]} writes */
  async write(writes) {
    const pipeline = this.#redis.pipeline();
    for (const [command, noun, ...values] of writes)
      for (let at = 0; at === 0 || at < values.length; at += chunk)
        pipeline.call(command, this.keys[noun], ...values.slice(at, at + chunk));
    for (const [error] of await pipeline.exec()) if (error) throw error;
  }

  /**
   * Writes what a path finds, for `size` new jobs, and makes its call ready.
   *
   * @param {import('./paths/path.mjs').Path} path
   * @param {number} size
   */
  async prepare(path, size) {
    const ids = idsOf(size, 'path', given);
    given += size;
    this.#numbers += 1;
    await this.write(path.before(ids, Date.now()));
    const { scripts, callOf } = this.#product;
    const items = ids.map((id, index) => path.each(id, index)).filter(Boolean);
    const call = callOf(scripts[path.script], this.keys, path.args(ids, this.#numbers), items);
    const check = (reply) => {
      if (path.meets(reply, ids)) return;
      const found = JSON.stringify(reply).slice(0, 200);
      throw new Error(`${path.name}, ${size} jobs: the reply says that not all was done: ${found}`);
    };
    return { call, check };
  }

  /** Makes this queue a copy of another, but for the records: these, most of all the bytes, are in both. */
  async copyFrom(other) {
    const { jobs, ...rest } = other.keys;
    const pipeline = this.#redis.pipeline();
    for (const [noun, key] of Object.entries(rest)) pipeline.copy(key, this.keys[noun]);
    for (const [error] of await pipeline.exec()) if (error) throw error;
    this.keys = { ...this.keys, jobs };
  }

  async remove() {
    await this.#redis.unlink(...this.#own);
  }
}
