import { afterEach, beforeEach, expect, test } from 'vitest';
import { Connection } from '../../src/connection.js';
import { execute, executeOne } from '../../src/execute.js';
import { count, enqueue, open, pause } from '../../src/scripts.js';
import type { Bench } from '../helpers/scripts.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
let connection: Connection;
let queue: Bench;

beforeEach(async () => {
  connection = Connection.acquire(server.server.url);
  queue = await server.queue();
});
afterEach(() => connection.release());

const add = (number: number) =>
  queue.call(enqueue, { call: 'p:enqueue', number, schema: 1, distinct: 1 }, [
    { id: `job${number}`, record: '[]', traits: '' },
  ]);

async function calls(command: string): Promise<number> {
  const stats = await server.redis.info('commandstats');
  return Number(new RegExp(String.raw`cmdstat_${command}:calls=(\d+)`).exec(stats)?.[1] ?? 0);
}

test('a script is loaded with its first call, and not again', async () => {
  await server.redis.config('RESETSTAT');
  for (const number of [1, 2, 3]) {
    expect(await execute(connection, [add(number)])).toEqual([
      { reply: ['added'], resent: false, late: false },
    ]);
  }
  expect(await calls(String.raw`script\|load`)).toBe(1);
  expect(await calls('evalsha')).toBe(3);
});

test('SCRIPT FLUSH at any moment goes unnoticed', async () => {
  for (const number of [1, 2, 3]) {
    expect(await execute(connection, [add(number)])).toEqual([
      { reply: ['added'], resent: false, late: number > 1 },
    ]);
    await server.redis.script('FLUSH');
  }
  expect(await queue.state()).toHaveProperty('waiting', ['job1', 'job2', 'job3']);
});

const batch = (number: number) =>
  [add(number), queue.call(pause, { call: 'p:pause', number }), queue.call(count, {})] as const;

test('of several calls only those without a script are sent again', async () => {
  await execute(connection, batch(1));
  await server.redis.script('FLUSH');
  await server.redis.script('LOAD', enqueue.source);
  await server.redis.config('RESETSTAT');
  expect(await execute(connection, batch(2))).toEqual([
    { reply: ['added'], resent: false, late: false },
    { reply: 'paused', resent: false, late: true },
    { reply: expect.objectContaining({ waiting: 2 }) as object, resent: false, late: true },
  ]);
  expect(await calls('evalsha')).toBe(5);
});

test('FLUSH between many calls at once loses none and repeats none', async () => {
  const adds = Array.from({ length: 50 }, (_, i) => add(i + 1));
  for (const call of adds) {
    const [answers] = await Promise.all([
      execute(connection, [call, queue.call(count, {})]),
      server.redis.script('FLUSH'),
    ]);
    expect(answers[0]).toMatchObject({ reply: ['added'], resent: false });
  }
  expect(await queue.redis.llen(queue.keys.waiting)).toBe(50);
});

test('a restarted server is given the scripts again', async () => {
  await executeOne(connection, add(1));
  await server.server.restart();
  queue = await server.queue();
  const call = queue.call(open, { lease: 'L', period: 30_000, schema: 1 });
  expect(await executeOne(connection, call)).toBe('opened');
  expect(await executeOne(connection, add(1))).toEqual(['added']);
});
