import { expect, test } from 'vitest';
import { rewrite } from '../../src/scripts.js';
import { testNumbered } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { testGuard } from '../helpers/noting.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const call = { call: 'p:rewrite', number: 1 };

const before: State = {
  meta: { schema: 1, token: 9 },
  jobs: { a: '["a",1,2]', b: '["b",1,2]\n{"by":"me"}', w: '["w",1,2]' },
  traits: { w: '{"lifo":true,"ttl":60000}' },
  active: { a: 'L:8', b: 'L:9' },
  held: { L: 2 },
  leases: { L: 'now+30000' },
  waiting: ['w'],
};
const a = { id: 'a', token: 'L:8', head: '', stamp: '', record: '', meta: '' };
const b = { id: 'b', token: 'L:9', head: '', stamp: '', record: '', meta: '' };
const w = { id: 'w', token: '', head: '', stamp: '', record: '', meta: '' };
const text = (bytes: number) => `["${'x'.repeat(bytes - 4)}"]`;

test('puts other metadata behind the record, or another record before the metadata', async () => {
  const queue = await server.queue(before);
  const items = [
    { ...a, meta: '{"by":"you"}' },
    { ...b, record: '["b",3,2]' },
    { ...w, record: '["w",3,2]', meta: '{}' },
  ];
  expect(await queue.run(rewrite, call, items)).toEqual(['noted', 'noted', 'noted']);
  expect(await queue.state()).toEqual(
    expected(before, {
      jobs: { a: '["a",1,2]\n{"by":"you"}', b: '["b",3,2]\n{"by":"me"}', w: '["w",3,2]\n{}' },
      calls: { 'p:rewrite': '1 now noted noted noted' },
    }),
  );
});

test('works through a batch in its order', async () => {
  const queue = await server.queue(before);
  await queue.run(rewrite, call, [
    { ...b, record: '["b",3,2]' },
    { ...b, meta: '{"by":"you"}' },
    { ...b, record: '["b",4,2]' },
  ]);
  expect(await queue.state()).toHaveProperty('jobs.b', '["b",4,2]\n{"by":"you"}');
});

test.each([
  ['a small one stays small', 1_024, '', undefined],
  ['a small one becomes large', 1_025, '', '{"size":1025}'],
  ['a large one gets another size', 3_000, '{"size":2000}', '{"size":3000}'],
  ['a large one becomes small', 100, '{"size":2000}', undefined],
  ['a large one stays as large', 2_000, '{"size":2000}', '{"size":2000}'],
  ['a small one with traits becomes large', 2_000, '{"lifo":true}', '{"size":2000,"lifo":true}'],
  ['a small one with traits stays small', 100, '{"lifo":true}', '{"lifo":true}'],
  ['a large one with traits becomes small', 100, '{"size":2000,"ttl":1}', '{"ttl":1}'],
  [
    'a large one with traits becomes larger',
    900_000,
    '{"size":2000,"child":true,"due":1900000000000}',
    '{"size":900000,"child":true,"due":1900000000000}',
  ],
])('the size of a record: %s', async (_, bytes, traits, after) => {
  const queue = await server.queue({ ...before, traits: traits === '' ? {} : { b: traits } });
  const record = text(bytes - '\n{"by":"me"}'.length);
  await queue.run(rewrite, call, [{ ...b, record }]);
  expect((await queue.state())['traits']).toEqual(after && { b: after });
});

test('metadata counts for the size, in bytes', async () => {
  const queue = await server.queue(before);
  const meta = `{"by":"${'ü'.repeat(600)}"}`;
  await queue.run(rewrite, call, [{ ...a, meta }]);
  const bytes = Buffer.byteLength(`["a",1,2]\n${meta}`);
  expect(await queue.state()).toHaveProperty('traits.a', `{"size":${bytes}}`);
});

test('stops once 256 KiB were read and written; the rest is for the next call', async () => {
  const queue = await server.queue(before);
  const items = [
    { ...a, record: text(200_000) },
    { ...a, meta: '{"n":1}' },
    { ...b, meta: '{}' },
  ];
  expect(await queue.run(rewrite, call, items)).toEqual(['noted', 'noted', 'again']);
  expect(await queue.state()).toMatchObject({
    jobs: { a: `${text(200_000)}\n{"n":1}`, b: before.jobs?.['b'] },
    traits: { a: '{"size":200008}' },
  });
});

testGuard(server, rewrite, { head: '', stamp: '', record: '["x"]', meta: '' }, 'noted');
testNumbered(server, rewrite, before, { ...call, number: 7 }, [{ ...a, meta: '{}' }], 'stale');

test('a later job of the same id, by another name or from another time, is left alone', async () => {
  const queue = await server.queue({ jobs: { w: '["w",[12],2]' } });
  const mine = { ...w, head: '["w",', stamp: ',2', record: '["w",3,2]' };
  const others = [
    { ...mine, head: '["v",' },
    { ...mine, stamp: ',1' },
  ];
  expect(await queue.run(rewrite, call, others)).toEqual(['unknown', 'unknown']);
  expect(await queue.state()).toHaveProperty('jobs.w', '["w",[12],2]');
  expect(await queue.run(rewrite, { ...call, number: 2 }, [mine])).toEqual(['noted']);
});
