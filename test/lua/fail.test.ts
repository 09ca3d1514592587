import { expect, test } from 'vitest';
import { fail } from '../../src/scripts.js';
import { testSettle } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

const before: State = {
  meta: { schema: 1, token: 9 },
  jobs: { a: '["a"]', b: '["b"]' },
  attempts: { a: 1 },
  results: { a: '{"failedReason":"first"}\n' },
  active: { a: 'L:8', b: 'L:9' },
  held: { L: 2 },
  leases: { L: 'now+30000' },
};
const failure = '{"failedReason":"second"}';
const item = { id: 'a', token: 'L:8', attempts: 2, failure } as const;

test('a job that is kept enters failed; its failure stands before the earlier ones', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(fail, {}, [item])).toEqual(['settled']);
  expect(await queue.state()).toEqual(
    expected(before, {
      active: { b: 'L:9' },
      held: { L: 1 },
      failed: { a: 'now' },
      attempts: { a: 2 },
      results: { a: `${failure}\n{"failedReason":"first"}\n` },
    }),
  );
});

test('a job that is dropped leaves nothing', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(fail, {}, [{ ...item, failure: '' }])).toEqual(['settled']);
  expect(await queue.state()).toEqual({
    meta: { schema: '1', token: '9' },
    jobs: { b: '["b"]' },
    active: { b: 'L:9' },
    held: { L: '1' },
    leases: { L: 'now+30000' },
  });
});

test('the newest ten failures are kept', async () => {
  const lines = Array.from({ length: 10 }, (_, i) => `{"failedReason":"${9 - i}"}\n`);
  const queue = await server.queue({ ...before, results: { a: lines.join('') } });
  await queue.run(fail, {}, [item]);
  const results = `${failure}\n${lines.slice(0, 9).join('')}`;
  expect(await queue.state()).toHaveProperty('results', { a: results });
});

test('a job that was lost too often fails under the token of its dead lease', async () => {
  const queue = await server.queue({ ...before, leases: { L: 0 }, stalls: { a: 2 } });
  expect(await queue.run(fail, {}, [item])).toEqual(['settled']);
  expect(await queue.state()).toMatchObject({
    failed: { a: 'now' },
    held: { L: '1' },
    leases: { L: 0 },
    stalls: { a: '2' },
  });
});

testSettle(server, fail, { attempts: 1, failure });
