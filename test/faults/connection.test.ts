// Connections are cut, go silent, are refused; scripts are flushed.
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { QueueEvents } from '../../src/listening/queue-events.js';
import { Load, patience, rounds, timeLimit, unharmed } from '../helpers/load.js';
import { startProxy, type Proxy } from '../helpers/proxy.js';
import { liveRedis, pause, until } from '../helpers/live.js';

const live = liveRedis();

async function proxied(): Promise<{ proxy: Proxy; connection: ReturnType<typeof live.as> }> {
  const proxy = await startProxy(live.server);
  live.after(() => proxy.stop());
  return { proxy, connection: live.as('everything', proxy) };
}

/** Ends once a worker of this connection sits in its block. */
async function untilBlocked(): Promise<void> {
  await until(async () => /cmd=blpop/.test((await live.redis.client('LIST')) as string));
}

test(
  'cut 20 times under load: every job is done, exactly one settle each is accepted',
  async () => {
    const { proxy, connection } = await proxied();
    const load = new Load(live, { connection });
    for (let cut = 0; cut < rounds(20); cut += 1) {
      await load.flows(50);
      proxy.cut();
      await load.recovers();
    }
    const verdict = await load.judge('cut');
    expect(verdict).toMatchObject(unharmed);
    expect(verdict.refused.size).toBe(0);
  },
  timeLimit,
);

test('three drops within three seconds, all while idle: the next job still starts at once', async () => {
  const { proxy, connection } = await proxied();
  const queue = live.queue();
  const done: string[] = [];
  live.worker((job) => void done.push(job.id), { connection, stalledInterval: 10_000 });
  for (let drop = 0; drop < 3; drop += 1) {
    await untilBlocked();
    proxy.cut();
    await pause(800);
  }
  await untilBlocked();
  const started = performance.now();
  const job = await queue.add('job', {});
  await until(() => done.includes(job.id), 3_000);
  console.log(`start after three drops: ${(performance.now() - started).toFixed(1)} ms`);
});

test('a marker that was taken by a lost block wakes the worker all the same', async () => {
  const { proxy, connection } = await proxied();
  const queue = live.queue();
  const done: string[] = [];
  live.worker((job) => void done.push(job.id), { connection, stalledInterval: 10_000 });
  await untilBlocked();
  for (let round = 0; round < 3; round += 1) {
    proxy.cut();
    const job = await queue.add('job', {});
    await until(() => done.includes(job.id), 3_000);
  }
});

test(
  'half open under load: found out within the socket time-out, and all goes on over new connections',
  async () => {
    const { proxy, connection } = await proxied();
    const load = new Load(live, { connection, worker: { lockDuration: 2_000 } });
    for (let round = 0; round < rounds(1); round += 1) {
      await load.flows();
      proxy.silence();
      await load.recovers();
    }
    const verdict = await load.judge('half-open');
    expect(verdict).toMatchObject(unharmed);
    expect(live.errors.some(({ message }) => /socket timeout/i.test(message))).toBe(true);
  },
  timeLimit,
);

test('half open while idle: the next job starts as soon as the silence is found out', async () => {
  const { proxy, connection } = await proxied();
  const queue = live.queue();
  const done: string[] = [];
  live.worker(({ id }) => void done.push(id), { connection });
  await untilBlocked();
  proxy.silence();
  const started = performance.now();
  const job = await queue.add('job', {});
  await until(() => done.includes(job.id), 10_000);
  console.log(`idle in silence: started after ${(performance.now() - started).toFixed(0)} ms`);
}, 30_000);

/** Connections by what they are for, as CLIENT LIST shows them: those of the worker are named, the thread's has no name. */
const purposes = {
  commands: / name=load (?!.* cmd=blpop )/,
  blocking: / name=load .* cmd=blpop /,
  subscriber: / name=events .* flags=P /,
  thread: / name= .* cmd=evalsha /,
};

test(
  '50 connections killed on the server under load, of each kind: nothing is lost',
  async () => {
    const connection = { ...live.as('everything'), connectionName: 'load' };
    const load = new Load(live, { connection, work: 5, every: 40 });
    const listening = { ...live.as('observer'), protocol: 2 as const, connectionName: 'events' };
    const events = live.track(new QueueEvents(live.name, { connection: listening }));
    const heard = new Set<string>();
    events.on('completed', ({ jobId }) => heard.add(jobId));
    const kinds = Object.entries(purposes);
    const killed: Record<string, number> = {};
    for (let kills = 0; kills < rounds(50);) {
      const [kind, shown] = kinds[kills % kinds.length] as (typeof kinds)[number];
      let id = '';
      const found = async (): Promise<boolean> => {
        const lines = ((await live.redis.client('LIST')) as string).split('\n');
        id = / ?id=(\d+)/.exec(lines.find((line) => shown.test(line)) ?? '')?.[1] ?? '';
        return id !== '';
      };
      await until(found, patience, `a connection: ${kind}`);
      const gone = (await live.redis.call('CLIENT', 'KILL', 'ID', id)) as number;
      killed[kind] = (killed[kind] ?? 0) + gone;
      kills += gone;
      if (kind === 'thread') await load.flows(10);
    }
    await load.recovers();
    const told = heard.size;
    await until(() => heard.size > told, patience);
    const verdict = await load.judge('connections-killed');
    console.log(`killed: ${JSON.stringify(killed)}`);
    expect(verdict).toMatchObject(unharmed);
    expect(verdict.refused.size).toBe(0);
  },
  timeLimit,
);

test('SCRIPT FLUSH at any moment is invisible', async () => {
  const queue = live.queue();
  const completed: string[] = [];
  live
    .worker(
      async (job) => {
        await pause(1);
        if (job.name === 'fails' && job.attemptsMade === 0) throw new Error('once');
      },
      { concurrency: 20, lockDuration: 300 },
    )
    .on('completed', (job) => completed.push(job.id));
  const flush = { going: true };
  const flusher = new Redis({ ...live.server.connection });
  const flushing = (async () => {
    while (flush.going) {
      await flusher.script('FLUSH');
      await pause(2);
    }
    flusher.disconnect();
  })();
  const ids: string[] = [];
  for (let round = 0; round < 30; round += 1) {
    const jobs = await queue.addBulk([
      ...Array.from({ length: 10 }, () => ({ name: 'job', data: {} })),
      { name: 'later', data: {}, opts: { delay: 20 } },
      { name: 'fails', data: {}, opts: { attempts: 2 } },
    ]);
    ids.push(...jobs.map(({ id }) => id));
  }
  await until(() => completed.length === ids.length, 10_000);
  flush.going = false;
  await flushing;
  expect(live.errors).toEqual([]);
  expect(new Set(completed).size).toBe(ids.length);
}, 30_000);
