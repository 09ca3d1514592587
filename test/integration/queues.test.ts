// The names of all queues of a prefix.
import { expect, test } from 'vitest';
import { getQueues } from '../../src/registry.js';
import { liveRedis, until } from '../helpers/live.js';

const live = liveRedis();
let prefixes = 0;
const own = () => ({ prefix: `own${(prefixes += 1)}` });
const named = async ({ prefix }: { prefix: string }) =>
  await getQueues({ connection: live.as('observer'), prefix });

test('a queue is known from its first job on, until it is obliterated', async () => {
  const options = own();
  const [b, a] = ['b', 'a'].map((name) => live.queue({ name, ...options }));
  expect(await named(options)).toEqual([]);
  await b?.add('job', 1);
  await a?.addBulk([{ name: 'job', data: 1, opts: { delay: 60_000 } }]);
  expect(await named(options)).toEqual(['a', 'b']);
  await b?.drain();
  expect(await named(options)).toEqual(['a', 'b']);
  await b?.obliterate();
  expect(await named(options)).toEqual(['a']);
  await b?.add('job', 1);
  expect(await named(options)).toEqual(['a', 'b']);
});

test('the name of an obliterated queue does not come back when its objects close', async () => {
  const options = own();
  const queue = live.queue({ name: 'gone', ...options });
  await queue.add('job', 1);
  await queue.obliterate();
  await queue.close();
  expect(await named(options)).toEqual([]);
});

test('a queue is known from its first worker on', async () => {
  const options = own();
  const worker = live.worker(() => 1, { name: 'served', ...options });
  await until(async () => (await named(options)).length === 1);
  expect(await named(options)).toEqual(['served']);
  await worker.close();
});

test('a queue that is refused its end keeps its name', async () => {
  const options = own();
  const queue = live.queue({ name: 'busy', ...options });
  const worker = live.worker(async (_job, _token, signal) => await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('over')))), { name: 'busy', closeTimeout: 10, ...options }); // prettier-ignore
  await queue.add('job', 1);
  await until(async () => (await queue.getJobCounts()).active === 1);
  await expect(queue.obliterate()).rejects.toMatchObject({ code: 'JOB_ACTIVE' });
  expect(await named(options)).toEqual(['busy']);
  await worker.close();
});

test('names are registered once a process, not with each call', async () => {
  const options = own();
  const [one, other] = [live.queue(options), live.queue(options)];
  await one.add('job', 0);
  const counts = await live.commandsOf(async () => {
    for (let data = 0; data < 10; data += 1) await one.add('job', data);
    await other.add('job', 10);
  });
  expect(counts.get('evalsha')).toBe(11);
});

test('thousands of queues are told in order, of one prefix alone', async () => {
  const options = own();
  const names = Array.from({ length: 2_500 }, (_, i) => `queue-${i}`);
  await live.redis.zadd(`${options.prefix}:queues`, ...names.flatMap((name) => [0, name]));
  expect(await named(options)).toEqual(names.toSorted());
  expect(await named({ prefix: `${options.prefix}0` })).toEqual([]);
});

test('wrong options are refused, and a server that is not there', async () => {
  await expect(getQueues({ prefix: 'a{b' })).rejects.toThrow(/^prefix: expected no braces/);
  await expect(getQueues({ prefix: 7 as never })).rejects.toThrow(/^prefix: expected a string/);
  await expect(getQueues({ name: 'x' } as never)).rejects.toThrow(/^name: expected one of/);
});
