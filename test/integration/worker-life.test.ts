// A worker from run to close: concurrency, bursts, pauses, the ways it ends.
import { expect, test } from 'vitest';
import { crowd, gate, liveRedis, pause, until } from '../helpers/live.js';

const live = liveRedis();

function many(count: number, name = 'job'): { name: string; data: unknown }[] {
  return Array.from({ length: count }, () => ({ name, data: {} }));
}

test('concurrency is kept to, and may be changed while running', async () => {
  const queue = live.queue();
  const seen = crowd(5);
  const worker = live.worker(seen.handler, { concurrency: 3 });
  await queue.addBulk(many(40));
  await until(async () => (await queue.getJobCounts()).completed === 40);
  expect(seen.most).toBe(3);

  worker.concurrency = 8;
  await queue.addBulk(many(80));
  await until(async () => (await queue.getJobCounts()).completed === 120);
  expect(seen.most).toBe(8);

  worker.concurrency = 1;
  await until(() => seen.running === 0);
  seen.most = 0;
  await queue.addBulk(many(10));
  await until(async () => (await queue.getJobCounts()).completed === 130);
  expect(seen.most).toBe(1);
  expect(() => {
    worker.concurrency = 0;
  }).toThrow(/concurrency: expected a whole number from 1/);
});

test('a concurrency above the limit of one call is reached', async () => {
  const queue = live.queue();
  const { opened, open } = gate();
  let running = 0;
  live.worker(
    async () => {
      running += 1;
      await opened;
    },
    { concurrency: 600 },
  );
  await queue.addBulk(many(700));
  await until(() => running === 600);
  await pause(50);
  expect(running).toBe(600);
  open();
  await until(async () => (await queue.getJobCounts()).completed === 700);
});

test('with autorun off, nothing runs until run()', async () => {
  const queue = live.queue();
  const worker = live.worker(() => undefined, { autorun: false });
  await queue.add('job', {});
  await pause(200);
  expect(worker.isRunning()).toBe(false);
  expect(await queue.getJobCounts()).toMatchObject({ waiting: 1 });
  void worker.run();
  expect(worker.isRunning()).toBe(true);
  await expect(worker.run()).rejects.toThrow(TypeError);
  await until(async () => (await queue.getJobCounts()).completed === 1);
  await worker.close();
  await expect(worker.run()).rejects.toMatchObject({ code: 'CLOSED' });
});

test('a burst ends when all that can be claimed is done, retries without delay included', async () => {
  const queue = live.queue();
  await queue.addBulk([
    ...many(300),
    { name: 'fails', data: {}, opts: { attempts: 4 } },
    { name: 'later', data: {}, opts: { delay: 60_000 } },
  ]);
  const worker = live.worker(
    (job) => {
      if (job.name === 'fails' && job.attemptsMade < 3) throw new Error('again');
    },
    { autorun: false, concurrency: 10 },
  );
  await worker.run({ burst: true });
  expect(await queue.getJobCounts()).toMatchObject({ completed: 301, waiting: 0, delayed: 1 });
  await queue.addBulk(many(5));
  await pause(100);
  expect(await queue.getJobCounts()).toMatchObject({ completed: 301, waiting: 5 });
  await worker.run({ burst: true });
  expect(await queue.getJobCounts()).toMatchObject({ completed: 306, waiting: 0 });
});

test('a burst runs delayed jobs whose time has come', async () => {
  const queue = live.queue();
  await live.worker(() => undefined, { autorun: false }).run({ burst: true }); // has just swept
  await queue.addBulk(many(3).map((job) => ({ ...job, opts: { delay: 30 } })));
  await pause(60);
  await live
    .worker(() => undefined, { autorun: false, stalledInterval: 60_000 })
    .run({ burst: true });
  expect(await queue.getJobCounts()).toMatchObject({ completed: 3, delayed: 0 });
});

test.each(['the child of a parent that expires', 'a delayed job whose time has come'])(
  'a burst of a worker that has just swept runs %s',
  async (what) => {
    const queue = live.queue();
    const ran: string[] = [];
    const worker = live.worker(({ id }) => void ran.push(id), { autorun: false });
    await worker.run({ burst: true });
    if (what.startsWith('a delayed')) await queue.add('job', null, { jobId: 'a', delay: 50 });
    else {
      await queue.add('job', null, { jobId: 'parent', ttl: 50 });
      const opts = { dependsOn: 'parent', onParentFailure: 'run' } as const;
      await queue.add('job', null, { jobId: 'a', ...opts });
    }
    await pause(100);
    await worker.run({ burst: true });
    expect(ran).toEqual(['a']);
  },
);

test('a burst on an empty or a paused queue ends at once', async () => {
  const queue = live.queue();
  await live.worker(() => undefined, { autorun: false }).run({ burst: true });
  await queue.add('job', {});
  await queue.pause();
  await live.worker(() => undefined, { autorun: false }).run({ burst: true });
  expect(await queue.getJobCounts()).toMatchObject({ waiting: 1 });
});

test('a burst waits for suspects that it may not take yet', async () => {
  const queue = live.queue();
  const jobs = await queue.addBulk(many(20));
  const key = (noun: string): string => `lunaq:{${live.name}}:${noun}`;
  for (const { id } of jobs) {
    await live.redis.multi().lrem(key('waiting'), 1, id).zadd(key('suspects'), Date.now(), id)
      .hset(key('stalls'), id, 1).exec(); // prettier-ignore
  }
  const order: string[] = [];
  const worker = live.worker((job) => void order.push(job.id), { autorun: false, concurrency: 20 });
  await worker.run({ burst: true });
  expect(order).toHaveLength(20);
});

/** A lease of somebody who has died; holding the job, if one is given. */
async function diedWith(id?: string): Promise<void> {
  const key = (noun: string): string => `lunaq:{${live.name}}:${noun}`;
  const dying = live.redis.multi().zadd(key('leases'), Date.now() - 1_000, 'gone');
  dying.hdel(key('meta'), 'swept'); // so that the next sweep is not too early
  if (id !== undefined)
    dying.lrem(key('waiting'), 1, id).hset(key('active'), id, 'gone:0').hset(key('held'), 'gone', 1); // prettier-ignore
  await dying.exec();
}

test.each(['there', 'made by it'])(
  'a burst runs what a worker has left that died before, over a connection that is %s',
  async (how) => {
    const { id } = await live.queue().add('job', {});
    await diedWith(id);
    const ran: string[] = [];
    const worker = live.worker((job) => void ran.push(job.id), {
      connection: { ...live.as('worker'), connectionName: how },
      autorun: false,
      lockDuration: 500,
    });
    if (how === 'there') await worker.waitUntilReady();
    await worker.run({ burst: true });
    expect(ran).toEqual([id]);
  },
);

test('a burst waits for no lease that holds nothing, and for none when it is closed', async () => {
  const queue = live.queue();
  await diedWith();
  const slow = {
    connection: { ...live.as('worker'), connectionName: 'fresh' },
    autorun: false,
    lockDuration: 60_000,
  };
  const start = performance.now();
  await live.worker(() => undefined, slow).run({ burst: true });

  const { id } = await queue.add('job', {});
  await diedWith(id);
  const worker = live.worker(() => undefined, slow);
  const ended = worker.run({ burst: true }).then(() => 'ended');
  expect(await Promise.race([ended, pause(500)])).toBeUndefined();
  await worker.close();
  expect(await ended).toBe('ended');
  expect(performance.now() - start).toBeLessThan(10_000);
});

test('a burst of a paused queue does not wait for what nobody may run', async () => {
  const queue = live.queue();
  const { id } = await queue.add('job', {});
  await queue.pause();
  await diedWith(id);
  const start = performance.now();
  const worker = live.worker(() => undefined, { autorun: false, lockDuration: 30_000 });
  await worker.run({ burst: true });
  expect(performance.now() - start).toBeLessThan(5_000);
});

test('a burst waits no longer than until another worker has taken jobs back', async () => {
  const queue = live.queue();
  live.worker(() => undefined, { lockDuration: 500 });
  await pause(1_000); // until it may declare leases dead
  const { id } = await queue.add('job', {}, { delay: 60_000 });
  await live.redis.zrem(`lunaq:{${live.name}}:delayed`, id);
  await diedWith(id);
  const start = performance.now();
  const connection = { ...live.as('worker'), connectionName: 'fresh' };
  const slow = { connection, autorun: false, lockDuration: 30_000 };
  await live.worker(() => undefined, slow).run({ burst: true });
  expect(performance.now() - start).toBeLessThan(8_000);
  expect(await queue.getJobState(id)).toBe('completed');
});

test(
  'closing a burst ends it: what runs is finished, nothing more is claimed',
  { tags: ['timing'] },
  async () => {
    const queue = live.queue();
    await queue.addBulk(many(200));
    let ran = 0;
    const worker = live.worker(
      async () => {
        ran += 1;
        await pause(20);
      },
      { autorun: false, concurrency: 2 },
    );
    const burst = worker.run({ burst: true });
    await until(() => ran >= 6);
    await worker.close();
    await burst;
    expect(ran).toBeLessThan(12);
    expect(await queue.getJobCounts()).toMatchObject({
      completed: ran,
      waiting: 200 - ran,
      active: 0,
    });
  },
);

test('pausing a burst holds it until resume', async () => {
  const queue = live.queue();
  await queue.addBulk(many(40));
  let ran = 0;
  const worker = live.worker(
    async () => {
      ran += 1;
      await pause(10);
    },
    { autorun: false, concurrency: 2 },
  );
  const burst = worker.run({ burst: true });
  await until(() => ran >= 4);
  await worker.pause();
  const before = ran;
  await pause(100);
  expect(ran).toBe(before);
  worker.resume();
  await burst;
  expect(ran).toBe(40);
});

test('a second burst of a worker that is paused is held until resume, too', async () => {
  const queue = live.queue();
  const worker = live.worker(() => undefined, { autorun: false });
  await worker.run({ burst: true });
  await queue.add('job', {});
  await worker.pause();
  const burst = worker.run({ burst: true });
  expect(await Promise.race([burst.then(() => 'ended'), pause(200)])).toBeUndefined();
  worker.resume();
  await burst;
  expect(await queue.getJobCounts()).toMatchObject({ completed: 1, waiting: 0 });
});

test('nothing is claimed after a burst, though its worker was paused and resumed at its end', async () => {
  const queue = live.queue();
  let ran = 0;
  const worker = live.worker(() => void (ran += 1), { autorun: false });
  for (let round = 0; round < 60; round += 1) {
    await queue.add('job', {});
    const burst = worker.run({ burst: true });
    await pause((round % 12) / 2);
    void worker.pause(true);
    worker.resume();
    await burst;
    const before = ran;
    await queue.add('job', {});
    await pause(15);
    expect(ran).toBe(before);
  }
});

test('pause lets what runs finish, and claims nothing until resume', async () => {
  const queue = live.queue();
  let began = 0;
  const worker = live.worker(() => {
    began += 1;
    return pause(100);
  });
  await queue.addBulk(many(3));
  await until(() => began === 1);
  const early = worker.pause(true);
  await early;
  expect(worker.isPaused()).toBe(true);
  expect(await queue.getJobCounts()).toMatchObject({ active: 1, waiting: 2 });
  await worker.pause();
  expect(await queue.getJobCounts()).toMatchObject({ active: 0, waiting: 2, completed: 1 });
  await pause(300);
  expect(await queue.getJobCounts()).toMatchObject({ waiting: 2 });
  worker.resume();
  await until(async () => (await queue.getJobCounts()).completed === 3);
});

test('a paused worker leaves jobs to another at once', { tags: ['timing'] }, async () => {
  const queue = live.queue();
  const idle = live.worker(() => 'paused one', { stalledInterval: 10_000 });
  await until(async () => /cmd=blpop/.test((await live.redis.client('LIST')) as string));
  await idle.pause();
  live.worker(() => 'other', { stalledInterval: 10_000 });
  await pause(50);
  const started = performance.now();
  const job = await queue.add('job', {});
  await until(async () => (await queue.getJobState(job.id)) === 'completed', 4_000);
  expect(performance.now() - started).toBeLessThan(500);
  expect((await queue.getJob(job.id))?.returnvalue).toBe('other');
});

test('pausing and resuming again and again neither loses a job nor runs one twice', async () => {
  const queue = live.queue();
  const ran: string[] = [];
  const worker = live.worker(
    async (job) => {
      ran.push(job.id);
      await pause(1);
    },
    { concurrency: 4, stalledInterval: 10_000 },
  );
  for (let round = 0; round < 30; round += 1) {
    await queue.addBulk(many(5));
    if (round % 3 === 0) await worker.pause();
    else void worker.pause(true);
    worker.resume();
  }
  await until(async () => (await queue.getJobCounts()).completed === 150);
  expect(new Set(ran).size).toBe(ran.length);
});

test(
  'a paused queue is not worked on; what is active goes on; resume wakes its workers at once',
  { tags: ['timing'] },
  async () => {
    const queue = live.queue();
    const { opened, open } = gate();
    live.worker(() => opened, { stalledInterval: 10_000 });
    const first = await queue.add('job', {});
    await until(async () => (await first.getState()) === 'active');
    await queue.pause();
    await queue.add('job', {});
    open();
    await until(async () => (await first.getState()) === 'completed');
    await pause(100);
    expect(await queue.getJobCounts()).toMatchObject({ waiting: 1, completed: 1 });
    const resumed = performance.now();
    await queue.resume();
    await until(async () => (await queue.getJobCounts()).completed === 2);
    expect(performance.now() - resumed).toBeLessThan(500);
  },
);

test('a worker of an older version says so once, leaves markers alone, and works again when it may', async () => {
  const queue = live.queue();
  const meta = `lunaq:{${live.name}}:meta`;
  const { schema } = await live.redis.hgetall(meta);
  await live.redis.hset(meta, 'schema', '99');
  let ran = 0;
  live.worker(() => void (ran += 1));
  await until(() => live.errors.length > 0);
  await live.redis.rpush(`lunaq:{${live.name}}:wake`, '1');
  await pause(500);
  expect(live.errors).toMatchObject([{ code: 'OUTDATED' }]);
  expect(await live.redis.llen(`lunaq:{${live.name}}:wake`)).toBe(1);
  await live.worker(() => undefined, { autorun: false }).run({ burst: true });
  if (schema === undefined) await live.redis.hdel(meta, 'schema');
  else await live.redis.hset(meta, 'schema', schema);
  await queue.add('job', {});
  await until(() => ran === 1);
});

test('pause() resolves when the worker is resumed, busy or not, and then tells nothing', async () => {
  const queue = live.queue();
  await queue.addBulk(many(8));
  let started = 0;
  const worker = live.worker(
    async () => {
      started += 1;
      await pause(started === 1 ? 300 : 600);
    },
    { concurrency: 2 },
  );
  await until(() => started === 2);
  let told = 0;
  worker.on('paused', () => (told += 1));
  const paused = worker.pause();
  worker.resume();
  const from = performance.now();
  await paused;
  expect(performance.now() - from).toBeLessThan(200);
  expect(told).toBe(0);
});

test('pause() resolves when the worker is closed by force, though its handler never ends', async () => {
  const queue = live.queue();
  await queue.add('job', null);
  const never = gate();
  let started = false;
  const worker = live.worker(() => {
    started = true;
    return never.opened;
  });
  await until(() => started);
  const paused = worker.pause();
  await worker.close(true);
  await paused;
  expect(worker.isRunning()).toBe(false);
});
