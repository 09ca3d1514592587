import { expect, test } from 'vitest';
import type { Call } from '../../src/script.js';
import { peek } from '../../src/scripts.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

test('tells of each queue with a marker, ids that wait or suspects how many there are, and changes nothing', async () => {
  const states = [
    {},
    { wake: ['1'] },
    { waiting: ['x', 'y'] },
    { delayed: { d: 'now+1000' }, completed: { c: 'now' } },
    { wake: ['1'], waiting: ['x'], suspects: { s: 'now', t: 'now' } },
    { suspects: { s: 'now' } },
  ];
  const queues = await Promise.all(states.map((state) => server.queue(state)));
  const keys = queues.flatMap(({ keys: of }) => [of.wake, of.waiting, of.suspects]);
  const call: Call<ReturnType<typeof peek.parse>> = {
    script: peek,
    argv: [keys.length, ...keys],
    parse: (reply) => peek.parse(reply, 0),
  };
  const before = await Promise.all(queues.map((queue) => queue.stored()));
  expect(await queues[0]!.send(call)).toEqual([
    { place: 1, left: 0, marked: true },
    { place: 2, left: 2, marked: false },
    { place: 4, left: 3, marked: true },
    { place: 5, left: 1, marked: false },
  ]);
  expect(await Promise.all(queues.map((queue) => queue.stored()))).toEqual(before);
});
