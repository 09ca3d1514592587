import { expect, test } from 'vitest';
import { collect } from '../../src/scripts.js';
import type { Call } from '../../src/script.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();

const parse = (reply: unknown) => collect.parse(reply, 0);

/** A call of it over several queues. */
function callOver(queues: readonly Bench[], most: number, have: 0 | 1 = 0) {
  const keys = queues.flatMap((queue) => [queue.keys.wake, queue.keys.waiting]);
  return { script: collect, argv: [keys.length, ...keys, most, have], parse } satisfies Call;
}

async function queuesWith(...states: Parameters<typeof server.queue>[0][]): Promise<Bench[]> {
  return await Promise.all(states.map((state) => server.queue(state)));
}

const marked = { wake: ['1'], waiting: ['x', 'y'] };

test('takes markers in order, as many as are asked for, and tells how many ids wait', async () => {
  const queues = await queuesWith({}, marked, { waiting: ['z'] }, { wake: ['1'] }, marked);
  const [first] = queues as [Bench];
  expect(await first.send(callOver(queues, 2))).toEqual([
    { place: 1, left: 2 },
    { place: 3, left: 0 },
  ]);
  const lengths = await Promise.all(queues.map((queue) => queue.redis.llen(queue.keys.wake)));
  expect(lengths).toEqual([0, 0, 0, 0, 1]);
  expect(await queues[1]!.state()).toEqual({ waiting: ['x', 'y'] });
  expect(await first.send(callOver(queues, 2))).toEqual([{ place: 4, left: 2 }]);
  expect(await first.send(callOver(queues, 2))).toEqual([]);
});

test('counts the marker that the caller has of the first', async () => {
  const queues = await queuesWith({ waiting: ['z'] }, marked, marked);
  expect(await queues[0]!.send(callOver(queues, 2, 1))).toEqual([
    { place: 0, left: 1 },
    { place: 1, left: 2 },
  ]);
  expect(await queues[2]!.redis.llen(queues[2]!.keys.wake)).toBe(1);
});
