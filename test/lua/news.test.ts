// What each script publishes while somebody listens, and what it leaves in the stream: one message for each call, nothing else.
import { expect, test } from 'vitest';
import type { Call } from '../../src/script.js';
import { enqueue } from '../../src/scripts.js';
import { bitOfEverything, scenarios } from '../helpers/scenarios.js';
import { hearing, privateServer } from '../helpers/scripts.js';

const server = privateServer();
const failure = '{"failedReason":"z"}';

/** The events of the scenarios, tabs written as `|`, times as `due`; those of scripts that tell nothing are missing. */
const told: Record<string, readonly string[]> = {
  enqueue: ['waiting|n1||"n1"', 'waiting|n2||"n2"'],
  schedule: ['delayed|n1||due|"n1"', 'delayed|n2||due|"n2"'],
  defer: [
    'deferred|n1||"n1"',
    'deferred|n3||"n3"',
    `failed|n3|0|${failure}`,
    'delayed|n2||due|"n2"',
  ],
  // A suspect still waits.
  claim: ['active|w1', 'active|w2'],
  arrive: ['waiting|k1|deferred'],
  doom: [`failed|k1|0|${failure}`, `cancelled|k2|0|${failure}`],
  complete: ['completed|a1|0|{"returnvalue":2}', 'completed|a2|0|', 'completed|a3|0|1'],
  fail: ['a1', 'a2', 'a3'].map((id) => `failed|${id}|0|${failure}`),
  stop: ['cancelled|a1|0|{"failedReason":"y"}', 'cancelled|a2|1|', 'cancelled|a3|1|'],
  retry: ['waiting|a2|active', 'delayed|a1|active|due'],
  delay: ['waiting|a2|active', 'delayed|a1|active|due'],
  handback: ['waiting|a1|active', 'waiting|a2|active'],
  promote: ['waiting|d1|delayed'],
  reclaim: ['stalled|b1'],
  expire: [`failed|d3|0|${failure}`, `failed|w3|0|${failure}`, `failed|w4|1|${failure}`],
  evict: ['removed|c1', 'removed|x1'],
  remove: [
    ...['w1', 'w3', 'w4', 's1', 'd1', 'd3', 'k2', 'c1', 'c2', 'x1'].map((id) => `removed|${id}`),
    'cancelled|p2|0|',
  ],
  cancel: [
    ...['w1', 'w3', 's1', 'd1', 'd3', 'k2', 'p2'].map((id) => `cancelled|${id}|0|${failure}`),
    `cancelled|w4|1|${failure}`,
  ],
  requeue: ['deferred|p3|finished', ...['c1', 'f1', 'x1'].map((id) => `waiting|${id}|finished`)],
  pause: ['paused'],
  drain: [
    ...['w1', 'w2', 'w3', 'w4', 's1', 'd1', 'd2', 'd3'].map((id) => `removed|${id}`),
    'cancelled|p2|0|',
  ],
  obliterate: ['obliterated'],
  progress: ['progress|a1|60', 'progress|a3|"soon"', 'progress|w1|{"step":1}'],
};

function shown(message: string | undefined): string[] | undefined {
  const text = message?.replaceAll('\t', '|').replaceAll(/\|\d{13}(?=\||$|\n)/g, '|due');
  return text?.split('\n').toSorted();
}

test.each(scenarios)('$name: one message tells what has happened', async ({ name, call }) => {
  const queue = await server.queue(bitOfEverything);
  await queue.redis.set(queue.keys.audience, '0');
  const heard = await hearing(queue, 'events', () => queue.send(call(queue)));
  expect(heard.length).toBe(told[name] ? 1 : 0);
  expect(shown(heard[0])).toEqual(told[name]?.toSorted());
  expect(await queue.redis.exists(queue.keys.stream)).toBe(0);
});

test.each(scenarios)(
  '$name: the stream keeps the message that was published',
  async ({ name, call }) => {
    const queue = await server.queue(bitOfEverything);
    await queue.redis.set(queue.keys.audience, '1000');
    const heard: string[] = [];
    const listener = queue.redis.duplicate();
    listener.on('message', (_, message: string) => heard.push(message));
    await listener.subscribe(queue.keys.events);
    await queue.send(call(queue));
    const entries = await queue.redis.xrange(queue.keys.stream, '-', '+');
    listener.disconnect();
    // A queue that was obliterated keeps nothing.
    const kept = name === 'obliterate' ? [] : heard;
    expect(entries.map(([, fields]) => fields)).toEqual(kept.map((text) => ['m', text]));
  },
);

test.each(scenarios)('$name: nobody hears anything when nobody listens', async ({ call }) => {
  const { watched: _, ...unwatched } = bitOfEverything;
  const queue = await server.queue({ ...unwatched, dependents: {}, releasing: {} });
  expect(await hearing(queue, 'events', () => queue.send(call(queue)))).toEqual([]);
});

test.each(scenarios)('$name does its work for a client that may not publish', async ({ call }) => {
  const heard = await server.queue(bitOfEverything);
  await heard.redis.set(heard.keys.audience, '0');
  await heard.send(call(heard));
  const unheard = await server.queue(bitOfEverything);
  await unheard.redis.set(unheard.keys.audience, '0');
  await unheard.redis.acl(
    'SETUSER',
    'quiet',
    'on',
    'nopass',
    'allkeys',
    'allcommands',
    'resetchannels',
  );
  const quiet = unheard.redis.duplicate({ username: 'quiet', password: 'any' });
  const { script, argv } = call(unheard);
  await quiet.call('EVAL', script.source, ...argv);
  quiet.disconnect();
  expect(await unheard.state()).toEqual(await heard.state());
});

test('a claim that takes the last waiting job tells so', async () => {
  const { suspects: _, ...rest } = bitOfEverything;
  const queue = await server.queue(rest);
  await queue.redis.set(queue.keys.audience, '0');
  const claim = scenarios.find(({ name }) => name === 'claim');
  const heard = await hearing(queue, 'events', () => queue.send(claim?.call(queue) as Call));
  expect(shown(heard[0])).toEqual(['active|w1', 'active|w2', 'drained']);
});

test('a call that is sent twice is told once', async () => {
  const queue = await server.queue({});
  await queue.redis.set(queue.keys.audience, '10');
  const jobs = [{ id: 'a', record: '["a",1,2]', traits: '' }];
  const heard = await hearing(queue, 'events', async () => {
    await queue.run(enqueue, { call: 'p:enqueue', number: 1, schema: 1, distinct: 1 }, jobs);
    await queue.run(enqueue, { call: 'p:enqueue', number: 1, schema: 1, distinct: 1 }, jobs);
  });
  expect(heard).toEqual(['waiting\ta\t\t"a"']);
  expect(await queue.redis.xlen(queue.keys.stream)).toBe(1);
});

test.each([
  ['plain', 'plain'],
  ['with "quotes"', String.raw`with \"quotes\"`],
  ['back\\slash', String.raw`back\\slash`],
  ['ends with \\', String.raw`ends with \\`],
  ['ä€😀', 'ä€😀'],
  ['"'.repeat(256), String.raw`\"`.repeat(256)],
])('the name %j is told as JSON', async (name, json) => {
  const queue = await server.queue({});
  await queue.redis.set(queue.keys.audience, '0');
  const record = JSON.stringify([name, { name: 'other"]' }, 1]);
  const heard = await hearing(queue, 'events', () =>
    queue.run(enqueue, { call: 'p:enqueue', number: 1, schema: 1, distinct: 1 }, [
      { id: 'a', record, traits: '' },
    ]),
  );
  expect(heard).toEqual([`waiting\ta\t\t"${json}"`]);
});

test('a stream keeps about as many messages as it was told to', async () => {
  const queue = await server.queue({});
  await queue.redis.set(queue.keys.audience, '100');
  for (let number = 1; number <= 500; number += 1) {
    const job = { id: `j${number}`, record: '["a",1,2]', traits: '' } as const;
    await queue.run(enqueue, { call: 'p:enqueue', number, schema: 1, distinct: 1 }, [job]);
  }
  // Redis cuts whole nodes of 100 entries.
  expect(await queue.redis.xlen(queue.keys.stream)).toBeLessThanOrEqual(200);
});
