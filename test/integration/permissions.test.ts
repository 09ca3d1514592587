// Clients as users of Redis: who they are, and what they say when they lack a right.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { QueueError } from '../../src/errors.js';
import { QueueEvents } from '../../src/listening/queue-events.js';
import { accountOf, type AccountName } from '../helpers/accounts.js';
import { gate, liveRedis, until } from '../helpers/live.js';
import { rejection } from '../helpers/rejection.js';

const live = liveRedis();
live.deniesOnPurpose = true;

/** How many clients each user has at the server. */
async function clients(): Promise<Record<string, number>> {
  const list = (await live.redis.client('LIST')) as string;
  const counts: Record<string, number> = {};
  for (const [, user = ''] of list.matchAll(/ user=(\S+)/g)) counts[user] = (counts[user] ?? 0) + 1;
  return counts;
}

const nameOf = (name: AccountName): string => accountOf(name).username;

test('queues connect as producer, workers and their lease thread as worker, in every test', async () => {
  const queue = live.queue();
  const held = gate();
  const worker = live.worker(() => held.opened);
  const queueEvents = live.track(new QueueEvents(live.name, { connection: live.as('observer') }));
  await queueEvents.waitUntilReady();
  await queue.add('job', 1);
  await until(async () => (await queue.getJobCounts()).active === 1);
  // One for commands, one that blocks as a second job is waited for, one of the thread.
  worker.concurrency = 2;
  await until(async () => (await clients())[nameOf('worker')] === 3);
  expect(await clients()).toMatchObject({ [nameOf('producer')]: 1, [nameOf('observer')]: 1 });
  const { default: probes = 0, ...others } = await clients();
  expect(probes).toBe(1);
  expect(Object.keys(others).toSorted()).toEqual(
    (['observer', 'producer', 'worker'] as const).map(nameOf),
  );
  held.open();
});

test('an add without a right rejects at once, typed, and names the right', async () => {
  const queue = live.queue({ connection: live.as('observer') });
  const error = await rejection(queue.add('job', 1));
  expect(error).toBeInstanceOf(QueueError);
  expect(error).toMatchObject({
    code: 'NO_PERMISSION',
    message: expect.stringMatching(
      /^enqueue: the user of this connection may not run hset( or \w+)*; `npx lunaq acl` prints/,
    ),
    cause: expect.any(Error),
  });
});

test.each([
  ['evalsha', ['-evalsha'], /may not run evalsha;/],
  ['script|load', ['-script|load'], /may not run (script\|load|evalsha);/],
  ['the keys', ['resetkeys', '~lunaq:{other}:*'], /may not touch the keys of the queue;/],
])('a producer without %s is told so', async (_, rules, message) => {
  const account = { username: 'lame', password: 'secret' };
  const own = ['lame', 'on', '>secret', '~*', '&*', '+@all', ...rules];
  await live.redis.acl('SETUSER', ...(own as [string, ...string[]]));
  await live.redis.script('FLUSH');
  live.after(() => live.redis.acl('DELUSER', 'lame'));
  const queue = live.queue({ connection: { ...live.server.connection, ...account } });
  expect(await rejection(queue.add('job', 1))).toMatchObject({
    code: 'NO_PERMISSION',
    message: expect.stringMatching(message),
  });
});

test('a worker without rights tells it as an error event, and works once it has them', async () => {
  const account = { username: 'late', password: 'secret' };
  await live.redis.acl('SETUSER', 'late', 'on', '>secret', '~*', '&*', '+@all', '-zadd');
  live.after(() => live.redis.acl('DELUSER', 'late'));
  const done: string[] = [];
  live
    .worker(() => undefined, { connection: { ...live.server.connection, ...account } })
    .on('completed', ({ id }) => void done.push(id));
  await live.queue().add('job', 1, { jobId: 'a' });
  await until(() => live.errors.length >= 3);
  for (const error of live.errors)
    expect(error).toMatchObject({
      code: 'NO_PERMISSION',
      message: expect.stringMatching(/^open: .* may not run zadd;/),
    });
  await live.redis.acl('SETUSER', 'late', '+zadd');
  await until(() => done.includes('a'));
});

test('a wrong password is told as such, by calls and by the connection', async () => {
  const connection = { ...live.as('producer'), password: 'wrong' };
  const queue = live.queue({ connection });
  const told = { code: 'NO_PERMISSION', message: expect.stringMatching(/does not take the user or its password/) }; // prettier-ignore
  const [add, ready] = await Promise.all([rejection(queue.add('job', 1)), rejection(queue.waitUntilReady())]); // prettier-ignore
  expect(add).toMatchObject(told);
  expect(ready).toMatchObject(told);
});

test('no test of the suite lets a client of the library connect as the user who may do all', () => {
  const folders = ['integration', 'faults', 'shipped', 'cli'].map((name) => join(import.meta.dirname, '..', name)); // prettier-ignore
  const files = folders.flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)));
  const unbound = /connection(: |\.acquire\(|: \{ \.\.\.)live\.server\.(connection|url)(?!, \.\.\.account)|connection: proxy\.url/i; // prettier-ignore
  const found = files.filter((file) => file.endsWith('.ts') && unbound.test(readFileSync(file, 'utf8'))); // prettier-ignore
  expect(found).toEqual([]);
});
