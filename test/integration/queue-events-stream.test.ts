// Events read from the queue's stream, from a position on.
import { expect, test, vi } from 'vitest';
import { gather, listen } from '../helpers/events.js';
import { gate, liveRedis, until } from '../helpers/live.js';
import { rejection } from '../helpers/rejection.js';

const live = liveRedis();

const keyOf = (noun: string): string => `lunaq:{${live.name}}:${noun}`;
const streamed = () => live.redis.xrange(keyOf('stream'), '-', '+');

/** Cuts the stream to its newest messages, as Redis does once there are enough of them. */
async function trim(length: number): Promise<void> {
  await live.redis.xtrim(keyOf('stream'), 'MAXLEN', length);
}

test('a queue that keeps its events tells them to who comes later, by position', async () => {
  const queue = live.queue();
  await queue.keepEvents(1_000);
  const first = await queue.add('job', 1);
  const other = await queue.add('job', 1);
  const { heard, ids, queueEvents } = listen(live, { lastEventId: '0' });
  await queueEvents.waitUntilReady();
  await until(() => ids('waiting').length === 2);
  const entries = await streamed();
  expect(heard.map(([word, args, id]) => [word, (args as { jobId: string }).jobId, id])).toEqual([
    ['added', first.id, entries[0]?.[0]],
    ['waiting', first.id, entries[0]?.[0]],
    ['added', other.id, entries[1]?.[0]],
    ['waiting', other.id, entries[1]?.[0]],
  ]);
  await until(() => queueEvents.lastEventId === entries[1]?.[0]);
});

test('from its end on, what comes next, within milliseconds', { tags: ['timing'] }, async () => {
  const queue = live.queue();
  await queue.keepEvents(1_000);
  await queue.add('job', 1);
  const { ids, queueEvents } = listen(live, { lastEventId: '$' });
  await queueEvents.waitUntilReady();
  expect(queueEvents.lastEventId).toBe((await streamed())[0]?.[0]);
  const began = performance.now();
  const job = await queue.add('job', 1);
  await until(() => ids('added').length === 1);
  expect(performance.now() - began).toBeLessThan(1_000);
  expect(ids('added')).toEqual([job.id]);
});

test('who is ready at the end of an empty stream misses nothing', async () => {
  const queue = live.queue();
  await queue.keepEvents(1_000);
  const { of, ids, queueEvents } = listen(live, { lastEventId: '$' });
  await queueEvents.waitUntilReady();
  const job = await queue.add('job', 1);
  await until(() => ids('added').length === 1);
  expect([ids('added'), of('missed')]).toEqual([[job.id], []]);
});

test('who goes on at its last position hears each message once, whoever has read before', async () => {
  const queue = live.queue();
  await queue.keepEvents(10_000);
  const all: string[] = [];
  let from = '0';
  for (let turn = 0; turn < 5; turn += 1) {
    const { ids, queueEvents } = listen(live, { lastEventId: from });
    await queue.addBulk(Array.from({ length: 300 }, () => ({ name: 'job', data: 1 })));
    await until(() => ids('added').length >= 150);
    await queueEvents.close();
    from = queueEvents.lastEventId ?? '';
    all.push(...(ids('added') as string[]));
  }
  const { ids } = listen(live, { lastEventId: from });
  await until(() => all.length + ids('added').length === 1_500);
  all.push(...(ids('added') as string[]));
  expect(new Set(all).size).toBe(1_500);
});

test('a stream of many pages is read in order', async () => {
  const queue = live.queue();
  await queue.keepEvents(100_000);
  const pipeline = live.redis.pipeline();
  for (let at = 1; at <= 1_000; at += 1)
    pipeline.xadd(keyOf('stream'), `${at}-0`, 'm', `${at}\nactive\t${at}`);
  await pipeline.exec();
  const { ids, queueEvents, heard } = listen(live, { lastEventId: '0' });
  await until(() => ids('active').length === 1_000);
  expect(ids('active')).toEqual(Array.from({ length: 1_000 }, (_, at) => `${at + 1}`));
  expect(heard.at(-1)?.[2]).toBe('1000-0');
  expect(queueEvents.lastEventId).toBe('1000-0');
});

test('closed in the midst of a message, it tells the rest of that one and nothing more', async () => {
  const queue = live.queue();
  await queue.keepEvents(1_000);
  await queue.addBulk(Array.from({ length: 5 }, () => ({ name: 'job', data: 1 })));
  await queue.add('next', 1);
  const { ids, queueEvents } = listen(live, { lastEventId: '0' });
  const { opened, open } = gate();
  queueEvents.on('added', () => {
    void queueEvents.close();
    open();
  });
  await opened;
  await queueEvents.close();
  expect(ids('waiting')).toHaveLength(5);
  expect(queueEvents.lastEventId).toBe((await streamed())[0]?.[0]);
});

test('the position is moved when all listeners of a message were called', async () => {
  const queue = live.queue();
  await queue.keepEvents(1_000);
  await queue.add('job', 1);
  const positions: (string | undefined)[] = [];
  const { queueEvents } = listen(live, { lastEventId: '0' });
  queueEvents.on('waiting', () => positions.push(queueEvents.lastEventId));
  await until(() => positions.length > 0);
  expect(positions).toEqual(['0']);
  expect(queueEvents.lastEventId).toBe((await streamed())[0]?.[0]);
});

test('trimmed behind its position, it says that events are missing, and goes on with what there is', async () => {
  const queue = live.queue();
  await queue.keepEvents(1_000);
  for (let time = 0; time < 10; time += 1) await queue.add('job', 1);
  const entries = await streamed();
  const [third] = entries[2] as [string, string[]];
  await trim(4);
  const { heard, ids, of } = listen(live, { lastEventId: third });
  await until(() => ids('added').length === 4);
  expect(heard[0]).toEqual(['missed', {}, third]);
  expect(of('missed')).toHaveLength(1);
  expect(heard.at(-1)?.[2]).toBe(entries.at(-1)?.[0]);
});

test('trimmed up to its position, nothing is missing; nor for who reads what there is', async () => {
  const queue = live.queue();
  await queue.keepEvents(1_000);
  for (let time = 0; time < 5; time += 1) await queue.add('job', 1);
  const entries = await streamed();
  await trim(3);
  const here = listen(live, { lastEventId: entries[2]?.[0] as string });
  const all = listen(live, { lastEventId: '0' });
  await until(() => here.ids('added').length === 2 && all.ids('added').length === 3);
  expect([here.of('missed'), all.of('missed')]).toEqual([[], []]);
});

test('the stream keeps about as many messages as it was told', async () => {
  const queue = live.queue();
  await queue.keepEvents(100);
  for (let time = 0; time < 400; time += 1) await queue.add('job', 1);
  const length = await live.redis.xlen(keyOf('stream'));
  expect(length).toBeGreaterThanOrEqual(100);
  expect(length).toBeLessThanOrEqual(300);
});

test.each([{ lastEventId: '0' }, { lastEventId: '$' }, { lastEventId: '5-0' }])(
  'a queue that keeps no stream is NO_STREAM: $lastEventId',
  async (options) => {
    const { queueEvents, ids } = listen(live, options);
    await expect(queueEvents.waitUntilReady()).rejects.toMatchObject({ code: 'NO_STREAM' });
    await until(() => live.errors.length === 1);
    expect(live.errors[0]).toMatchObject({ code: 'NO_STREAM' });
    await expect(queueEvents.run()).rejects.toMatchObject({ code: 'NO_STREAM' });

    const queue = live.queue();
    await queue.keepEvents(10);
    const run = queueEvents.run();
    await queueEvents.waitUntilReady();
    const job = await queue.add('job', 1);
    await until(() => ids('added').length === 1);
    expect(ids('added')).toEqual([job.id]);
    await queueEvents.close();
    await run;
  },
);

test('switched off, the stream goes and its readers are told; who listens live goes on', async () => {
  const queue = live.queue();
  await queue.keepEvents(1_000);
  const reader = listen(live, { lastEventId: '$' });
  const listener = listen(live);
  await Promise.all([reader.queueEvents.waitUntilReady(), listener.queueEvents.waitUntilReady()]);
  await queue.keepEvents(0);
  expect(await live.redis.exists(keyOf('stream'))).toBe(0);
  expect(await live.redis.pttl(keyOf('audience'))).toBeGreaterThan(55_000);
  const job = await queue.add('job', 1);
  await until(() => listener.ids('added').length === 1 && live.errors.length === 1);
  expect(listener.ids('added')).toEqual([job.id]);
  expect(live.errors[0]).toMatchObject({ code: 'NO_STREAM' });

  // Switched on again, it goes on, and says that there is a gap if it had a position.
  await queue.keepEvents(1_000);
  const next = await queue.add('job', 1);
  await until(() => reader.ids('added').length === 1);
  expect(reader.ids('added')).toEqual([next.id]);
  expect(live.errors).toHaveLength(1);
});

test('the end of the queue is told to readers, though its stream goes with it', async () => {
  const queue = live.queue();
  await queue.keepEvents(1_000);
  const { queueEvents, of } = listen(live, { lastEventId: '$' });
  await queueEvents.waitUntilReady();
  await queue.obliterate();
  await until(() => of('obliterated').length === 1);
  await until(() => live.errors.length === 1);
  expect(live.errors[0]).toMatchObject({ code: 'NO_STREAM' });
});

test('a message of the channel that is lost is made up for by the next look', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  live.after(() => vi.useRealTimers());
  const queue = live.queue();
  await queue.keepEvents(1_000);
  const { queueEvents, ids } = listen(live, { lastEventId: '$' });
  const other = listen(live);
  await Promise.all([queueEvents.waitUntilReady(), other.queueEvents.waitUntilReady()]);
  await queue.add('job', 1);
  await until(() => ids('added').length === 1);
  await live.redis.xadd(keyOf('stream'), '*', 'm', '1700000000000\nactive\ta');
  await queue.getJobCounts();
  expect(ids('active')).toEqual([]);
  vi.advanceTimersByTime(3_000);
  await until(() => ids('active').length === 1);
});

test('a stream is kept though nobody listens, and a live listener needs no more than that', async () => {
  const queue = live.queue();
  await queue.keepEvents(1_000);
  await queue.add('job', 1);
  const { queueEvents, ids, of } = listen(live);
  await queueEvents.waitUntilReady();
  expect(await live.redis.get(keyOf('audience'))).toBe('1000');
  const job = await queue.add('job', 1);
  await until(() => ids('added').length === 1);
  expect([ids('added'), of('missed')]).toEqual([[job.id], []]);
  expect(queueEvents.lastEventId).toBeUndefined();
});

test.each([-1, 1.5, Number.NaN, '5', undefined])('keepEvents(%j) is refused', async (length) => {
  const queue = live.queue();
  const refused = await rejection(queue.keepEvents(length as number)); // prettier-ignore
  expect(String(refused)).toMatch(/^(Type|Range)Error: maxLength: expected a/);
  expect(await live.redis.exists(keyOf('audience'))).toBe(0);
});

test('each listener of a process reads for itself', async () => {
  const queue = live.queue();
  await queue.keepEvents(1_000);
  const job = await queue.add('job', 1);
  const first = listen(live, { lastEventId: '0' });
  const second = listen(live, { lastEventId: '0' });
  const late = gather(second.queueEvents);
  await until(() => first.heard.length === 2 && second.heard.length === 2 && late.length === 2);
  expect(first.ids('added')).toEqual([job.id]);
  expect(first.heard).toEqual(second.heard);
});
