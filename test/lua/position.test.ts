import { describe, expect, test } from 'vitest';
import { position } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();
const jobs = (ids: readonly string[]) => Object.fromEntries(ids.map((id) => [id, '["n",1,1]']));
const ask = (queue: Bench, id: string, limit = 1_000, at = 0) =>
  queue.run(position, { id, at, limit });
const found = (number: number) => ({ word: 'found', number });

const waiting = ['a', 'b', 'c', 'd', 'e'];
const state: State = {
  jobs: jobs([...waiting, 's', 't', 'late', 'done', 'run', 'later']),
  waiting,
  suspects: { s: 1, t: 2 },
  expiring: { late: 0, e: 'now+60000' },
  completed: { done: 'now' },
  active: { run: 'L:5' },
  delayed: { later: 'now+60000' },
};

test.each([
  ['s', 0],
  ['t', 1],
  ['a', 2],
  ['c', 4],
  ['e', 6],
])('%s has %i before it', async (id, before) => {
  const queue = await server.queue(state);
  expect(await ask(queue, id)).toEqual(found(before));
  expect(await queue.state()).toEqual(expected(state));
});

test.each(['done', 'run', 'later', 'late', 'nobody'])('%s does not wait', async (id) => {
  const queue = await server.queue(state);
  expect(await ask(queue, id)).toEqual({ word: 'elsewhere' });
  expect(await queue.state()).toEqual(expected(state));
});

describe('in steps', () => {
  const ids = Array.from({ length: 10 }, (_, i) => `job${i}`);

  test('the first looks at both ends, others go from the tail to the head', async () => {
    const queue = await server.queue({ jobs: jobs(ids), waiting: ids });
    expect(await ask(queue, 'job1', 4)).toEqual(found(1));
    expect(await ask(queue, 'job8', 4)).toEqual(found(8));
    expect(await ask(queue, 'job2', 4)).toEqual({ word: 'more', number: 2 });
    expect(await ask(queue, 'job7', 4)).toEqual({ word: 'more', number: 2 });
    expect(await ask(queue, 'job4', 4)).toEqual({ word: 'more', number: 2 });
    expect(await ask(queue, 'job4', 2, 2)).toEqual({ word: 'more', number: 4 });
    expect(await ask(queue, 'job4', 2, 4)).toEqual(found(4));
  });

  test('jobs that come and go meanwhile don’t hide it', async () => {
    const queue = await server.queue({ jobs: jobs(ids), waiting: ids });
    const { word, number: at } = (await ask(queue, 'job4', 4)) as { word: string; number: number };
    expect(word).toBe('more');
    await queue.redis.rpush(queue.keys.waiting, 'new');
    await queue.redis.lpop(queue.keys.waiting, 3);
    await queue.redis.lpush(queue.keys.waiting, 'first');
    // job4 stands 6 from the tail now; nothing was passed over.
    expect(await ask(queue, 'job4', 2, at)).toEqual({ word: 'more', number: 4 });
    expect(await ask(queue, 'job4', 4, 4)).toEqual(found(2));
  });

  test('one that has gone meanwhile does not wait', async () => {
    const queue = await server.queue({ jobs: jobs(ids), waiting: ids });
    await queue.redis.lpop(queue.keys.waiting, 6);
    await queue.redis.hset(queue.keys.active, 'job4', 'L:5');
    expect(await ask(queue, 'job4', 2, 2)).toEqual({ word: 'elsewhere' });
  });
});

test('void entries before it count; of its own entries the last is the live one', async () => {
  const queue = await server.queue({
    jobs: jobs(['a', 'b', 'again']),
    waiting: ['x', 'again', 'a', 'again', 'b'],
    tombstones: { x: 1, again: 1 },
  });
  expect(await ask(queue, 'a')).toEqual(found(2));
  expect(await ask(queue, 'again')).toEqual(found(3));
});
