import { expect, test } from 'vitest';
import { inspect, type InspectedJob } from '../../src/scripts.js';
import { expected } from '../helpers/keyspace.js';
import { bitOfEverything } from '../helpers/scenarios.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const item = (id: string) => ({ id });
const job = (state: string, id: string, detail = '', more: Partial<InspectedJob> = {}) => ({
  state,
  record: `["${id}"]`,
  attempts: 0,
  outcome: '',
  failures: '',
  detail,
  progress: '',
  ...more,
});

test('tells state, record, attempts, outcome, failures, progress, and token or time, and changes nothing', async () => {
  const queue = await server.queue(bitOfEverything);
  const at = (offset: number) => String(queue.now + offset);
  const ids = ['w1', 'w4', 's1', 'd2', 'k2', 'a1', 'a3', 'c1', 'f1', 'x1', 'zz', 'x'];
  expect(await queue.run(inspect, {}, ids.map(item))).toEqual([
    job('waiting', 'w1'),
    job('waiting', 'w4'),
    job('waiting', 's1'),
    job('delayed', 'd2', at(60_000)),
    job('deferred', 'k2', at(300_000)),
    job('active', 'a1', 'L:8', {
      attempts: 1,
      failures: '{"failedReason":"y"}\n',
      progress: '50',
    }),
    job('active', 'a3', 'L:9'),
    job('completed', 'c1', at(-20_000), { outcome: '{"returnvalue":1}', progress: '100' }),
    job('failed', 'f1', at(-10_000), { attempts: 1, failures: '{"failedReason":"x"}\n' }),
    job('cancelled', 'x1', at(-10_000), { failures: '{"failedReason":"why"}\n' }),
    undefined,
    undefined,
  ]);
  expect(await queue.state()).toEqual(expected(bitOfEverything));
});

test('an id that is asked for twice is told twice', async () => {
  const queue = await server.queue(bitOfEverything);
  const told = [job('waiting', 'w1'), job('waiting', 'w1')];
  expect(await queue.run(inspect, {}, [item('w1'), item('w1')])).toEqual(told);
});

test('the outcome of an earlier run is not told of a job that runs again', async () => {
  const queue = await server.queue({ jobs: { a: '["a"]' }, waiting: ['a'], results: { a: '1' } });
  expect(await queue.run(inspect, {}, [item('a')])).toEqual([job('waiting', 'a')]);
});

test('tells what few jobs have wherever there is one of it', async () => {
  const base = { jobs: { a: '["a"]', b: '["b"]' }, waiting: ['a', 'b'] };
  const failures = await server.queue({ ...base, failures: { a: '{}\n' } });
  expect(await failures.run(inspect, {}, [item('a')])).toMatchObject([{ failures: '{}\n' }]);
  const progress = await server.queue({ ...base, progress: { a: '7' } });
  expect(await progress.run(inspect, {}, [item('a')])).toMatchObject([{ progress: '7' }]);
  const cancelled = await server.queue({ ...base, waiting: ['b'], cancelled: { a: 7 } });
  expect(await cancelled.run(inspect, {}, [item('a')])).toMatchObject([{ state: 'cancelled' }]);
  const deferred = await server.queue({ ...base, waiting: ['b'], deferred: { a: 7 } });
  expect(await deferred.run(inspect, {}, [item('a')])).toMatchObject([{ state: 'deferred' }]);
});

test('stops once 256 KiB are read, progress included', async () => {
  const half = 'x'.repeat(150_000);
  const jobs = { a: half, b: '[]' };
  const queue = await server.queue({ jobs, waiting: ['a', 'b'], progress: { a: half } });
  expect(await queue.run(inspect, {}, ['a', 'b'].map(item))).toHaveLength(1);
});

test('stops once 256 KiB are read, failures included', async () => {
  const half = 'x'.repeat(150_000);
  const queue = await server.queue({
    jobs: { a: half, b: '[]' },
    failures: { a: half },
    failed: { a: 'now' },
    waiting: ['b'],
  });
  expect(await queue.run(inspect, {}, ['a', 'b'].map(item))).toHaveLength(1);
});

test('stops once 256 KiB are read, outcomes included; the rest is for the next call', async () => {
  const half = 'x'.repeat(150_000);
  const queue = await server.queue({
    jobs: { a: half, b: '[]', c: '[]' },
    results: { a: half },
    completed: { a: 'now' },
    waiting: ['b', 'c'],
  });
  expect(await queue.run(inspect, {}, ['a', 'b', 'c'].map(item))).toHaveLength(1);
  expect(await queue.run(inspect, {}, ['b', 'a', 'c'].map(item))).toHaveLength(2);
  expect(await queue.run(inspect, {}, ['b', 'c', 'zz'].map(item))).toHaveLength(3);
});
