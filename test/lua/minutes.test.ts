import { expect, test } from 'vitest';
import { minutes } from '../../src/scripts.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();
const twoWeeks = 20_160;

/** A queue with counters of minutes so long ago. */
async function queueOf(...ages: number[]): Promise<{ queue: Bench; now: number }> {
  const queue = await server.queue();
  // Not at the end of a minute, so that it is still the same when the script runs.
  const now = Math.floor((queue.now + 5_000) / 60_000);
  if (now > Math.floor(queue.now / 60_000)) return await queueOf(...ages);
  const rows = ages.map((age) => [String((now - age) % twoWeeks), `${now - age} ${age}`]);
  await queue.seed({ counters: { ...Object.fromEntries(rows), total: '29000000 5' } });
  return { queue, now };
}

test('the last minutes are read, with the total, and nothing changes', async () => {
  const { queue, now } = await queueOf(0, 1, 9, 10);
  const before = await queue.stored();
  expect(await queue.run(minutes, { first: '', most: 10 })).toEqual({
    now,
    first: now - 9,
    total: '29000000 5',
    rows: [`${now - 9} 9`, `${now - 1} 1`, `${now} 0`],
  });
  expect(await queue.stored()).toEqual(before);
});

test('a range is read from its first minute on, up to this one', async () => {
  const { queue, now } = await queueOf(0, 100, 101);
  expect(await queue.run(minutes, { first: now - 100, most: 50 })).toMatchObject({
    first: now - 100,
    rows: [`${now - 100} 100`],
  });
  expect(await queue.run(minutes, { first: now - 1, most: 50 })).toMatchObject({
    rows: [`${now} 0`],
  });
  expect(await queue.run(minutes, { first: now + 1, most: 50 })).toMatchObject({ rows: [] });
});

test('a row whose place was not taken for more than two weeks is not one of a later minute', async () => {
  const { queue, now } = await queueOf(twoWeeks, twoWeeks + 1, twoWeeks - 1);
  expect(await queue.run(minutes, { first: '', most: 10 })).toMatchObject({ rows: [] });
  expect(await queue.run(minutes, { first: 0, most: 10 })).toMatchObject({
    first: now - twoWeeks + 1,
    rows: [`${now - twoWeeks + 1} ${twoWeeks - 1}`],
  });
});

test('a queue in which nothing was counted has no rows', async () => {
  const queue = await server.queue();
  const reply = await queue.run(minutes, { first: '', most: 60 });
  expect(reply).toMatchObject({ total: '', rows: [] });
  expect(await queue.state()).toEqual({});
});
