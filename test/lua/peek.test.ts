import { expect, test } from 'vitest';
import type { Call } from '../../src/script.js';
import { peek } from '../../src/scripts.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

test('tells of each queue with a marker, ids that wait, suspects or delayed ids how it stands, and changes nothing', async () => {
  const states = [
    {},
    { wake: ['1'] },
    { waiting: ['x', 'y'] },
    { completed: { c: 'now' } },
    { wake: ['1'], waiting: ['x'], suspects: { s: 'now', t: 'now' } },
    { suspects: { s: 'now' } },
    { delayed: { d: 'now+60000', e: 'now+90000' } },
    { delayed: { d: 'now-60000' } },
  ];
  const queues = await Promise.all(states.map((state) => server.queue(state)));
  const keys = queues.flatMap(({ keys: of }) => [of.wake, of.waiting, of.suspects, of.delayed]);
  const call: Call<ReturnType<typeof peek.parse>> = {
    script: peek,
    argv: [keys.length, ...keys],
    parse: (reply) => peek.parse(reply, 0),
  };
  const before = await Promise.all(queues.map((queue) => queue.stored()));
  const found = await queues[0]!.send(call);
  const due = found.find(({ place }) => place === 6)?.due;
  expect(due).toBeGreaterThan(30_000);
  expect(due).toBeLessThanOrEqual(60_000);
  expect(found).toEqual([
    { place: 1, left: 0, marked: true, due: undefined },
    { place: 2, left: 2, marked: false, due: undefined },
    { place: 4, left: 3, marked: true, due: undefined },
    { place: 5, left: 1, marked: false, due: undefined },
    { place: 6, left: 0, marked: false, due },
    { place: 7, left: 0, marked: false, due: 0 },
  ]);
  expect(await Promise.all(queues.map((queue) => queue.stored()))).toEqual(before);
});
