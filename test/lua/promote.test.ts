import { expect, test } from 'vitest';
import { promote } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

const before: State = {
  jobs: { a: '["a"]', b: '["b"]', c: '["c"]', w: '["w"]' },
  waiting: ['w'],
  delayed: { a: 'now-10000', b: 'now-20000', c: 'now+60000' },
};

test('due jobs wait at the tail, the earliest first, and the marker is set', async () => {
  const queue = await server.queue(before);
  const reply = await queue.run(promote, { limit: 100, timer: '' });
  expect(reply).toEqual({ moved: 2, dueIn: expect.any(Number) as number, left: false });
  expect(reply.dueIn).toBeGreaterThan(50_000);
  expect(reply.dueIn).toBeLessThanOrEqual(60_000);
  expect(await queue.state()).toEqual(
    expected(before, { waiting: ['w', 'b', 'a'], delayed: { c: 'now+60000' }, wake: ['1'] }),
  );
});

test('lifo jobs wait at the head', async () => {
  const state = { ...before, traits: { b: '{"lifo":true}' } };
  const queue = await server.queue(state);
  await queue.run(promote, { limit: 100, timer: '' });
  expect(await queue.state()).toHaveProperty('waiting', ['b', 'w', 'a']);
});

test('a bounded step moves the earliest; the next is due at once', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(promote, { limit: 1, timer: '' })).toEqual({
    moved: 1,
    dueIn: 0,
    left: false,
  });
  expect(await queue.state()).toEqual(
    expected(before, {
      waiting: ['w', 'b'],
      delayed: { a: 'now-10000', c: 'now+60000' },
      wake: ['1'],
    }),
  );
});

test('nothing moves before its time, and no marker is set', async () => {
  const state = { ...before, delayed: { c: 'now+60000' } };
  const queue = await server.queue(state);
  expect(await queue.run(promote, { limit: 100, timer: '' })).toMatchObject({ moved: 0 });
  expect(await queue.state()).toEqual(expected(state));
});

test('without delayed jobs nothing is due', async () => {
  const queue = await server.queue();
  expect(await queue.run(promote, { limit: 100, timer: '' })).toEqual({
    moved: 0,
    dueIn: undefined,
    left: false,
  });
  expect(await queue.state()).toEqual({});
});

test('sent twice it moves each job once, and sets one marker', async () => {
  const queue = await server.queue(before);
  await queue.run(promote, { limit: 100, timer: '' });
  const after = await queue.stored();
  expect(await queue.run(promote, { limit: 100, timer: '' })).toMatchObject({ moved: 0 });
  expect(await queue.stored()).toEqual(after);
});

test('whoever moves jobs is told of the next one, and those that move nothing leave it to that timer', async () => {
  const queue = await server.queue(before);
  const ask = async (timer: string) => await queue.run(promote, { limit: 100, timer });
  expect(await ask('A')).toMatchObject({ moved: 2, left: false });
  expect(await ask('B')).toMatchObject({ moved: 0, left: true });
  expect(await ask('A')).toMatchObject({ moved: 0, left: false });
  expect(await ask('')).toMatchObject({ moved: 0, left: false });
  expect(await ask('B')).toMatchObject({ moved: 0, left: true });
});

test('a job of which no timer was told, since the one before it has gone, is the first that asks', async () => {
  const queue = await server.queue(before);
  const ask = async (timer: string) => await queue.run(promote, { limit: 100, timer });
  await ask('A');
  await queue.redis.zadd(`${queue.prefix}:{${queue.name}}:delayed`, queue.now + 70_000, 'd');
  await queue.redis.zrem(`${queue.prefix}:{${queue.name}}:delayed`, 'c');
  expect(await ask('B')).toMatchObject({ moved: 0, left: false });
  expect(await ask('C')).toMatchObject({ moved: 0, left: true });
  expect(await ask('A')).toMatchObject({ moved: 0, left: true });
});
