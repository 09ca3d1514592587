// The names of queues are no queue's own: each test has a prefix, and so a registry, of its own.
import { expect, test } from 'vitest';
import { randomText } from '../../src/caller.js';
import { queues, register, unregister } from '../../src/scripts.js';
import { scanKeys } from '../helpers/keyspace.js';
import { Bench, privateServer } from '../helpers/scripts.js';

const server = privateServer();
const bench = () => new Bench(server.redis, 0, randomText(8));
const stored = (queue: Bench) => queue.redis.zrange(queue.keys.queues, '0', '-1', 'WITHSCORES');

test('a name is kept once, whoever registers it and however often', async () => {
  const queue = bench();
  expect(await queue.run(register, { name: 'b' })).toBe('new');
  expect(await queue.run(register, { name: 'a' })).toBe('new');
  expect(await queue.run(register, { name: 'b' })).toBe('known');
  expect(await stored(queue)).toEqual(['a', '0', 'b', '0']);
  expect(await scanKeys(queue.redis, queue.prefix)).toEqual([queue.keys.queues]);
});

test('a name is forgotten, and with the last one the key', async () => {
  const queue = bench();
  for (const name of ['a', 'b']) await queue.run(register, { name });
  expect(await queue.run(unregister, { name: 'a' })).toBe('gone');
  expect(await queue.run(unregister, { name: 'a' })).toBe('unknown');
  expect(await stored(queue)).toEqual(['b', '0']);
  expect(await queue.run(unregister, { name: 'b' })).toBe('gone');
  expect(await scanKeys(queue.redis, queue.prefix)).toEqual([]);
});

test('names are given in order, page by page', async () => {
  const queue = bench();
  const names = ['é', 'b', '-', '[', '(', '+', 'a b', 'Z', 'aa', 'a', '{'];
  for (const name of names) await queue.run(register, { name });
  const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(await queue.run(queues, { after: '', limit: 100 })).toEqual(sorted);
  const found: string[] = [];
  for (;;) {
    const page = await queue.run(queues, { after: found.at(-1) ?? '', limit: 3 });
    found.push(...page);
    if (page.length < 3) break;
  }
  expect(found).toEqual(sorted);
});

test('of no queues there are no names', async () => {
  expect(await bench().run(queues, { after: '', limit: 9 })).toEqual([]);
});
