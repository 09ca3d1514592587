import { expect, test } from 'vitest';
import { log } from '../../src/scripts.js';
import { testNumbered } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { testGuard } from '../helpers/noting.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const call = { call: 'p:log', number: 1 };

const before: State = {
  meta: { schema: 1, token: 9 },
  jobs: { a: '["a"]', b: '["b"]', w: '["w"]' },
  active: { a: 'L:8', b: 'L:9' },
  held: { L: 2 },
  leases: { L: 'now+30000' },
  waiting: ['w'],
  logs: { b: '0002\n"one"\n"two"\n' },
};
const a = { id: 'a', token: 'L:8', line: '"first"', keep: 1_000 };
const three = { id: 'b', token: 'L:9', line: '"three"', keep: 1_000 };
const w = { id: 'w', token: '', line: '"by the way"', keep: 1_000 };

const numbers = (count: number) => Array.from({ length: count }, (_, n) => `${n}\n`).join('');

test('adds a row to each log, and says how many it has', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(log, call, [a, three, w])).toEqual(['1', '3', '1']);
  expect(await queue.state()).toEqual(
    expected(before, {
      logs: { a: '0001\n"first"\n', b: '0003\n"one"\n"two"\n"three"\n', w: '0001\n"by the way"\n' },
      calls: { 'p:log': '1 now 1 3 1' },
    }),
  );
});

test('adds the rows of one job in the order of the batch', async () => {
  const queue = await server.queue(before);
  const items = ['1', '2', '3'].map((line) => ({ ...three, line }));
  expect(await queue.run(log, call, [items[0]!, a, items[1]!, items[2]!])).toEqual(['3', '1', '4', '5']); // prettier-ignore
  expect(await queue.state()).toHaveProperty('logs', {
    a: '0001\n"first"\n',
    b: '0005\n"one"\n"two"\n1\n2\n3\n',
  });
});

test.each([
  [1, '0001\n"three"\n', '1'],
  [2, '0002\n"two"\n"three"\n', '2'],
  [3, '0003\n"one"\n"two"\n"three"\n', '3'],
  [0, undefined, '0'],
])('of more than %i rows the oldest go', async (keep, b, count) => {
  const queue = await server.queue(before);
  expect(await queue.run(log, call, [{ ...three, keep }])).toEqual([count]);
  expect((await queue.state())['logs']).toEqual(b && { b });
});

test('of a full log the oldest row goes', async () => {
  const queue = await server.queue({ ...before, logs: { b: `1000\n${numbers(1_000)}` } });
  expect(await queue.run(log, call, [{ ...three, line: '"new"' }])).toEqual(['1000']);
  expect(await queue.state()).toHaveProperty('logs.b', `1000\n${numbers(1_000).slice(2)}"new"\n`);
});

test('of more than 64 KiB the oldest rows go, however many they are', async () => {
  const row = `"${'x'.repeat(4_094)}"\n`;
  const full = row.repeat(15) + numbers(600);
  const queue = await server.queue({ ...before, logs: { b: `0615\n${full}` } });
  expect(await queue.run(log, call, [{ ...three, line: row.trim() }])).toEqual(['615']);
  expect(await queue.state()).toHaveProperty(
    'logs.b',
    `0615\n${row.repeat(14)}${numbers(600)}${row}`,
  );
});

test('exactly 64 KiB stay', async () => {
  const row = `"${'x'.repeat(1_021)}"\n`;
  const queue = await server.queue({ ...before, logs: { b: `0063\n${row.repeat(63)}` } });
  expect(await queue.run(log, call, [{ ...three, line: row.trim() }])).toEqual(['64']);
  expect(await queue.run(log, { ...call, number: 2 }, [{ ...three, line: '1' }])).toEqual(['64']);
  expect(await queue.state()).toHaveProperty('logs.b', `0064\n${row.repeat(63)}1\n`);
});

test.each([
  [1, '1', { b: '0001\n"two"\n' }],
  [0, '0', undefined],
  [9, '2', { b: '0002\n"one"\n"two"\n' }],
])('without a row it leaves the newest %i', async (keep, count, logs) => {
  const queue = await server.queue(before);
  expect(await queue.run(log, call, [{ ...three, line: '', keep }])).toEqual([count]);
  expect((await queue.state())['logs']).toEqual(logs);
});

test('a log that is emptied and added to in one batch has what came then', async () => {
  const queue = await server.queue(before);
  const items = [{ ...three, line: '', keep: 0 }, three];
  expect(await queue.run(log, call, items)).toEqual(['0', '1']);
  expect(await queue.state()).toHaveProperty('logs', { b: '0001\n"three"\n' });
});

testGuard(server, log, { line: '"x"', keep: 1_000 }, '1');
testNumbered(server, log, before, { ...call, number: 7 }, [a, three], 'stale');
