import { expect, test } from 'vitest';
import { sweep } from '../../src/scripts.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const args = { period: 20_000 };

test('the first to ask sweeps, and is told the time of the server', async () => {
  const queue = await server.queue({ meta: { schema: 1 } });
  const reply = await queue.run(sweep, args);
  expect(reply.word).toBe('due');
  expect(Math.abs(reply.now - queue.now)).toBeLessThan(5_000);
  expect(await queue.stored()).toEqual({ meta: { schema: '1', swept: String(reply.now) } });
});

test.each([
  ['the period has passed', 'now-30000'],
  ['the clock went back by more than the period', 'now+60000'],
])('a sweep is due when %s', async (_, swept) => {
  const queue = await server.queue({ meta: { swept } });
  expect(await queue.run(sweep, args)).toMatchObject({ word: 'due' });
  expect(await queue.state()).toEqual({ meta: { swept: 'now' } });
});

test.each([
  ['the last was within the period', 'now-10000'],
  ['the clock went back by less', 'now+10000'],
])('it is early while %s, and nothing changes', async (_, swept) => {
  const queue = await server.queue({ meta: { swept } });
  const reply = await queue.run(sweep, args);
  expect(reply.word).toBe('early');
  expect(Math.abs(reply.now - queue.now)).toBeLessThan(5_000);
  expect(await queue.state()).toEqual({ meta: { swept } });
});

test('it tells when the next delayed job is due, and how many leases have lapsed', async () => {
  const queue = await server.queue({
    jobs: { a: '["a",1,1]' },
    delayed: { a: 'now+60000' },
    leases: { dead: 0, past: 'now-60000', live: 'now+60000' },
  });
  const reply = await queue.run(sweep, args);
  expect(reply).toMatchObject({ word: 'due', lapsed: 2 });
  expect(reply.dueIn).toBeGreaterThan(50_000);
  expect(reply.dueIn).toBeLessThan(70_000);
});

test('of two who ask at the same time one sweeps', async () => {
  const queue = await server.queue();
  const replies = await Promise.all([queue.run(sweep, args), queue.run(sweep, args)]);
  expect(replies.map(({ word }) => word)).toEqual(['due', 'early']);
});
