import { expect, test } from 'vitest';
import { fail } from '../../src/scripts.js';
import { testAskedEnds, testRetention, testSettle } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const keep = { age: '' };

const before: State = {
  meta: { schema: 1, token: 9 },
  jobs: { a: '["a"]', b: '["b"]' },
  attempts: { a: 1 },
  failures: { a: '{"failedReason":"first"}\n' },
  active: { a: 'L:8', b: 'L:9' },
  held: { L: 2 },
  leases: { L: 'now+30000' },
};
const failure = '{"failedReason":"second"}';
const item = { id: 'a', token: 'L:8', attempts: 2, failure } as const;

test('a job that is kept enters failed; its failure stands before the earlier ones', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(fail, keep, [item])).toEqual(['settled']);
  expect(await queue.state()).toEqual(
    expected(before, {
      active: { b: 'L:9' },
      held: { L: 1 },
      failed: { a: 'now' },
      attempts: { a: 2 },
      failures: { a: `${failure}\n{"failedReason":"first"}\n` },
    }),
  );
});

test('a job that is dropped leaves nothing', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(fail, { age: '0' }, [item])).toEqual(['settled']);
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
  const queue = await server.queue({ ...before, failures: { a: lines.join('') } });
  await queue.run(fail, keep, [item]);
  const failures = `${failure}\n${lines.slice(0, 9).join('')}`;
  expect(await queue.state()).toHaveProperty('failures', { a: failures });
});

test('a job that was lost too often fails under the token of its dead lease', async () => {
  const queue = await server.queue({ ...before, leases: { L: 0 }, stalls: { a: 2 } });
  expect(await queue.run(fail, keep, [item])).toEqual(['settled']);
  expect(await queue.state()).toMatchObject({
    failed: { a: 'now' },
    held: { L: '1' },
    leases: { L: 0 },
    stalls: { a: '2' },
  });
});

test('a job that only its workers failed has no attempts', async () => {
  const queue = await server.queue({ ...before, attempts: {}, leases: { L: 0 }, stalls: { a: 3 } });
  await queue.run(fail, keep, [{ ...item, attempts: 0 }]);
  const after = await queue.state();
  expect(after).not.toHaveProperty('attempts');
  expect(after).toHaveProperty('failures.a', `${failure}\n{"failedReason":"first"}\n`);
});

testRetention(server, 'failed', 'failed', (queue, age, id) =>
  queue.run(fail, { age }, [{ id, token: 'L:8', attempts: 1, failure }]),
);

testSettle(server, fail, keep, { attempts: 1, failure });
testAskedEnds(server, fail, keep, { attempts: 1, failure });
