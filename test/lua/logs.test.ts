import { expect, test } from 'vitest';
import { logs } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const before: State = { jobs: { a: '["a"]', b: '["b"]' }, logs: { a: '0002\n"one"\n"two"\n' } };

test.each([
  ['a', '0002\n"one"\n"two"\n'],
  ['b', ''],
  ['zz', ''],
])('tells the rows of %s, and changes nothing', async (id, rows) => {
  const queue = await server.queue(before);
  expect(await queue.run(logs, { id })).toBe(rows);
  expect(await queue.state()).toEqual(expected(before));
});
