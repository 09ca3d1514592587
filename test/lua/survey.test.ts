import { expect, test } from 'vitest';
import { nouns } from '../../src/keys.js';
import { survey } from '../../src/scripts.js';
import { expected } from '../helpers/keyspace.js';
import { bitOfEverything } from '../helpers/scenarios.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

test('each key is told with its type and size', async () => {
  const queue = await server.queue(bitOfEverything);
  const found = await queue.run(survey, {});
  expect(Object.keys(found)).toEqual(nouns);
  expect(found).toMatchObject({
    jobs: { kind: 'hash', size: 23 },
    waiting: { kind: 'list', size: 4 },
    delayed: { kind: 'zset', size: 4 },
    events: { kind: 'none', size: 0 },
  });
  expect(await queue.state()).toEqual(expected(bitOfEverything));
});

test('a key of a type that no queue has is told too', async () => {
  const queue = await server.queue();
  await queue.redis.set(queue.keys.stalls, 'text');
  await queue.redis.sadd(queue.keys.waiting, 'member');
  expect(await queue.run(survey, {})).toMatchObject({
    stalls: { kind: 'string', size: 0 },
    waiting: { kind: 'set', size: 0 },
  });
});
