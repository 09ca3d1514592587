import { expect, test } from 'vitest';
import { oldest } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const record = (id: string) => `["${id}",1,1]`;
const row = (id: string) => ({ id, record: record(id) });
const jobs = (...ids: readonly string[]) => Object.fromEntries(ids.map((id) => [id, record(id)]));

test('tells the first suspect and both ends of the list, with the server’s time', async () => {
  const state: State = {
    jobs: jobs('a', 'b', 'c', 's', 't'),
    waiting: ['a', 'b', 'c'],
    suspects: { s: 1, t: 2 },
  };
  const queue = await server.queue(state);
  const reply = await queue.run(oldest, { start: 0 });
  expect(reply).toEqual({
    now: expect.any(Number) as number,
    next: 1,
    suspect: row('s'),
    first: row('a'),
    last: row('c'),
  });
  expect(reply.now - queue.now).toBeLessThan(5_000);
  expect(reply.now).toBeGreaterThanOrEqual(queue.now);
  expect(await queue.state()).toEqual(expected(state));
});

test('one job is both ends; an empty queue has none', async () => {
  const one = await server.queue({ jobs: jobs('a'), waiting: ['a'] });
  expect(await one.run(oldest, { start: 0 })).toMatchObject({ first: row('a'), last: row('a') });
  const none = await server.queue();
  expect(await none.run(oldest, { start: 0 })).toMatchObject({
    next: 0,
    suspect: undefined,
    first: undefined,
    last: undefined,
  });
});

test('passes over void entries at both ends', async () => {
  const state: State = {
    jobs: jobs('a', 'b', 'failed'),
    failed: { failed: 'now' },
    waiting: ['gone', 'failed', 'a', 'b', 'failed', 'gone'],
    tombstones: { gone: 2, failed: 2 },
  };
  const queue = await server.queue(state);
  expect(await queue.run(oldest, { start: 0 })).toMatchObject({ first: row('a'), last: row('b') });
  expect(await queue.state()).toEqual(expected(state));
});

test('passes over 1,000 of them a step', async () => {
  const gone = Array.from({ length: 2_500 }, (_, i) => `gone${i}`);
  const queue = await server.queue({
    jobs: jobs('a', 'b'),
    waiting: [...gone, 'a', 'b'],
    tombstones: Object.fromEntries(gone.map((id) => [id, 1])),
  });
  const none = { first: undefined, last: undefined };
  expect(await queue.run(oldest, { start: 0 })).toMatchObject({ next: 1_000, last: row('b') });
  expect(await queue.run(oldest, { start: 1_000 })).toMatchObject({ ...none, next: 2_000 });
  expect(await queue.run(oldest, { start: 2_000 })).toMatchObject({ next: 0, first: row('a') });
});
