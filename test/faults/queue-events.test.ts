// Events across faults: without a stream one is told that some were missed; with one, each is told once, in order.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Connection } from '../../src/connection.js';
import { enqueue, replay } from '../../src/scripts.js';
import { Child } from '../helpers/child.js';
import { listen } from '../helpers/events.js';
import { liveRedis, pause, until } from '../helpers/live.js';
import { startProxy } from '../helpers/proxy.js';

const live = liveRedis({ perTest: true, appendonly: true, appendfsync: 'always' });

const keyOf = (noun: string): string => `lunaq:{${live.name}}:${noun}`;

async function proxied(protocol: 2 | 3 = 3) {
  const proxy = await startProxy(live.server);
  live.after(() => proxy.stop());
  return { proxy, connection: { ...live.as('producer', proxy), protocol } };
}

async function heardBy(): Promise<number> {
  const [, count] = (await live.redis.pubsub('NUMSUB', keyOf('events'))) as [string, number];
  return count;
}

test.each([2, 3] as const)(
  'a cut connection: once it listens again it says that events may be missed, and since when, over RESP%i',
  async (protocol) => {
    const { proxy, connection } = await proxied(protocol);
    const { queueEvents, heard, of, ids } = listen(live, { connection });
    await queueEvents.waitUntilReady();
    const queue = live.queue();
    await queue.add('job', 1);
    await until(() => ids('waiting').length === 1);
    const last = heard.at(-1)?.[2];
    proxy.refuse(true);
    proxy.cut();
    await until(async () => (await heardBy()) === 0);
    await queue.add('job', 1);
    expect(of('missed')).toEqual([]);
    proxy.refuse(false);
    await queueEvents.waitUntilReady();
    await until(() => of('missed').length === 1);
    expect(heard.at(-1)).toEqual(['missed', {}, last]);
    const job = await queue.add('job', 1);
    await until(() => ids('added').length === 2);
    expect(ids('added')[1]).toBe(job.id);
    expect(of('missed')).toHaveLength(1);
  },
  30_000,
);

test.each([2, 3] as const)(
  'cut again and again, a reader of the stream hears each message once, in order, over RESP%i',
  async (protocol) => {
    const { proxy, connection } = await proxied(protocol);
    const queue = live.queue();
    await queue.keepEvents(10_000);
    const { queueEvents, of, ids } = listen(live, { connection, lastEventId: '$' });
    await queueEvents.waitUntilReady();
    const added: string[] = [];
    for (let cut = 0; cut < 12; cut += 1) {
      for (let time = 0; time < 10; time += 1) added.push((await queue.add('job', 1)).id);
      proxy.cut();
      added.push((await queue.add('job', 1)).id);
      await pause(cut * 10);
    }
    await until(() => ids('added').length >= added.length, 10_000);
    expect(ids('added')).toEqual(added);
    expect(of('missed')).toEqual([]);
  },
  30_000,
);

test('a page whose reply is lost is told once', async () => {
  const { proxy, connection } = await proxied();
  const queue = live.queue();
  await queue.keepEvents(1_000);
  const { queueEvents, of, ids } = listen(live, { connection, lastEventId: '0' });
  await queueEvents.waitUntilReady();
  const lost = proxy.dropNextReply(replay.sha);
  const job = await queue.add('job', 1);
  await lost;
  const other = await queue.add('job', 1);
  await until(() => ids('added').length === 2);
  expect([ids('added'), of('missed')]).toEqual([[job.id, other.id], []]);
});

test('an add whose reply is lost is sent again, and told once', async () => {
  const { proxy, connection } = await proxied();
  const { queueEvents, of, ids } = listen(live);
  await queueEvents.waitUntilReady();
  const queue = live.queue({ connection });
  const lost = proxy.dropNextReply(enqueue.sha);
  const job = await queue.add('job', 1);
  await lost;
  await queue.pause();
  await until(() => of('paused').length === 1);
  expect(ids('added')).toEqual([job.id]);
});

test('the subscription alone is killed on the server: it is made again, and a gap is told', async () => {
  const connection = { ...live.as('observer'), protocol: 2 as const };
  const { queueEvents, of, ids } = listen(live, { connection });
  await queueEvents.waitUntilReady();
  await live.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await until(() => of('missed').length === 1);
  const job = await live.queue().add('job', 1);
  await until(() => ids('added').length === 1);
  expect(ids('added')).toEqual([job.id]);
});

test('a connection that only listens and has gone silent is found out, and made again', async () => {
  const { proxy, connection: options } = await proxied(2);
  const connection = Connection.acquire(options);
  live.after(() => connection.release());
  const told: string[] = [];
  const leave = connection.subscribe(keyOf('events'), {
    onMessage: (message) => told.push(message),
    onSubscribed: () => told.push('subscribed'),
    onLost: () => told.push('lost'),
  });
  live.after(leave);
  await until(() => told.length === 1);
  await live.redis.publish(keyOf('events'), 'first');
  await connection.heard();
  expect(told).toEqual(['subscribed', 'first']);
  proxy.blackhole(true);
  await expect(connection.heard()).rejects.toThrow(/max retries/);
  proxy.cut();
  proxy.blackhole(false);
  await until(() => told.length === 4);
  expect(told.slice(2)).toEqual(['lost', 'subscribed']);
}, 30_000);

test('a server that was killed and restarted: live a gap is told, from the stream nothing is missed', async () => {
  const queue = live.queue();
  await queue.keepEvents(1_000);
  const listener = listen(live);
  const reader = listen(live, { lastEventId: '$' });
  await Promise.all([listener.queueEvents.waitUntilReady(), reader.queueEvents.waitUntilReady()]);
  const first = await queue.add('job', 1);
  await live.server.kill();
  await live.server.restart();
  const other = await queue.add('job', 1);
  await until(() => listener.of('missed').length === 1 && reader.ids('added').length === 2, 15_000);
  expect([reader.ids('added'), reader.of('missed')]).toEqual([[first.id, other.id], []]);
}, 30_000);

test('a server that comes back empty: who listens live goes on, a reader is told that there is no stream', async () => {
  const queue = live.queue();
  await queue.keepEvents(1_000);
  await queue.add('job', 1);
  const listener = listen(live);
  const reader = listen(live, { lastEventId: '$' });
  await Promise.all([listener.queueEvents.waitUntilReady(), reader.queueEvents.waitUntilReady()]);
  await live.redis.del(keyOf('audience'), keyOf('stream'));
  await live.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await until(() => listener.of('missed').length === 1);
  await queue.add('job', 1);
  await until(() => listener.ids('added').length > 0);
  await until(() => live.errors.some((error) => 'code' in error && error.code === 'NO_STREAM'));
});

test('a killed process that listened is forgotten within a minute, and then nothing is published', async () => {
  const script = fileURLToPath(new URL('../helpers/processes/listener.mjs', import.meta.url));
  const settings = { queue: live.name, connection: live.as('observer') };
  const child = new Child(fork(script, [JSON.stringify(settings)], { execArgv: [] }));
  live.after(() => child.kill());
  await child.sees('ready');
  const queue = live.queue();
  const job = await queue.add('job', 1);
  await child.sees('active', job.id);
  await child.kill('SIGKILL');
  const left = await live.redis.pttl(keyOf('audience'));
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(60_000);
  await live.redis.pexpire(keyOf('audience'), 1); // as when it has passed
  await until(async () => (await live.redis.exists(keyOf('audience'))) === 0);
  const raw = live.redis.duplicate();
  live.after(() => raw.disconnect());
  const heard: string[] = [];
  raw.on('message', (_, message: string) => heard.push(message));
  await raw.subscribe(keyOf('events'));
  await queue.add('job', 1);
  await live.redis.publish(keyOf('events'), 'last');
  await until(() => heard.length > 0);
  expect(heard).toEqual(['last']);
});
