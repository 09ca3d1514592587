// Replies that never come: what the server did all the same is found and made good.
import { describe, expect, test } from 'vitest';
import { Worker } from '../../src/worker.js';
import { accountOf } from '../helpers/accounts.js';
import { startProxy } from '../helpers/proxy.js';
import { gate, liveRedis, pause, quick, until } from '../helpers/live.js';
import { claim, complete } from '../../src/scripts.js';

const live = liveRedis();

/**
 * A worker has claimed five jobs, and can't reach the server, which has taken its claim and whose answer was lost. `returns` lets it, when the
 * deadline of the call has passed.
 */
async function unansweredClaim() {
  const proxy = await startProxy(live.server);
  live.after(() => proxy.stop());
  const connection = live.as('everything', proxy);
  const queue = live.queue();
  const completed: string[] = [];
  const worker = live.worker(() => undefined, { connection, concurrency: 5, lockDuration: 600 });
  worker.on('completed', (job) => completed.push(job.id));
  await queue.add('first', {});
  await until(() => completed.length === 1);
  const dropped = proxy.dropNextReply(claim.sha);
  const jobs = await queue.addBulk(Array.from({ length: 5 }, () => ({ name: 'job', data: {} })));
  await dropped;
  proxy.refuse(true);
  const returns = async (): Promise<void> => {
    await pause(900);
    proxy.refuse(false);
  };
  return { worker, queue, jobs, completed, returns };
}

test('jobs of a claim whose answer never came, and whose deadline has passed, are handed back', async () => {
  const { queue, jobs, completed, returns } = await unansweredClaim();
  expect((await queue.getJobCounts()).active).toBe(5);
  await returns();
  await until(() => completed.length === jobs.length + 1, 5_000);
  for (const { id } of jobs) expect((await queue.getJob(id))?.attemptsMade).toBe(1);
  expect(await live.redis.exists(`lunaq:{${live.name}}:stalls`)).toBe(0); // not by the death of the lease
});

test('so they are though the worker was paused before the deadline', async () => {
  const { worker, queue, returns } = await unansweredClaim();
  await worker.pause(true);
  await returns();
  await until(async () => (await queue.getJobCounts()).waiting === 5);
});

/** Writes that the ttl of these jobs has ended. */
async function endTtl(...ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const traits = await live.redis.hget(`lunaq:{${live.name}}:traits`, id);
    expect(traits).toContain('"ends":');
    const ended = (traits ?? '').replace(/"ends":\d+/, '"ends":1000000000000');
    await live.redis.hset(`lunaq:{${live.name}}:traits`, id, ended);
  }
}

/** Makes a completed job active again under its token, as if nothing had come of its settle. */
async function undo(queue: string, id: string, token: string): Promise<void> {
  const key = (noun: string): string => `lunaq:{${queue}}:${noun}`;
  const [lease = ''] = token.split(':');
  const change = live.redis.multi().zrem(key('completed'), id).hdel(key('results'), id);
  await change.hset(key('active'), id, token).hincrby(key('held'), lease, 1).exec();
}

describe('a job whose worker knows nothing of it any more goes back', () => {
  test('once it can be looked for, and as long as it can not, other jobs run as ever', async () => {
    const { username } = accountOf('worker');
    await live.redis.acl('SETUSER', username, '-hscan');
    live.after(() => live.redis.acl('SETUSER', username, '+hscan'));
    live.after(() => live.redis.acl('LOG', 'RESET')); // denied on purpose
    const queue = live.queue();
    const tokens: string[] = [];
    live.worker((_, token) => void tokens.push(token), { ...quick, concurrency: 5 });
    const job = await queue.add('job', {});
    await until(async () => (await job.getState()) === 'completed');
    await undo(live.name, job.id, tokens[0] as string);
    for (let n = 0; n < 300; n += 1) {
      await queue.add('other', {});
      await pause(2);
    }
    await until(async () => (await queue.getJobCounts()).completed === 300);
    expect(tokens).toHaveLength(301);
    expect(live.errors.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('hscan'),
    );
    live.errors = [];
    await live.redis.acl('SETUSER', username, '+hscan');
    await until(async () => (await job.getState()) === 'completed');
  });

  test('and runs again, also after its ttl, since it has started', async () => {
    const queue = live.queue();
    const tokens: string[] = [];
    live.worker((_, token) => void tokens.push(token), quick);
    const job = await queue.add('job', {}, { ttl: 600_000 });
    await until(async () => (await job.getState()) === 'completed');
    await endTtl(job.id);
    await undo(live.name, job.id, tokens[0] as string);
    await until(() => tokens.length === 2);
    await until(async () => (await job.getState()) === 'completed');
  });

  test('though its worker, of two queues, has nothing to claim or to settle', async () => {
    const queue = live.queue();
    const tokens: string[] = [];
    const handler = (_: unknown, token: string) => void tokens.push(token);
    const connection = live.as('worker');
    live.track(new Worker([live.name, `${live.name}-b`], handler, { connection, ...quick }));
    const job = await queue.add('job', {});
    await until(async () => (await job.getState()) === 'completed');
    await undo(live.name, job.id, tokens[0] as string);
    await until(async () => (await job.getState()) === 'completed');
    expect(tokens).toHaveLength(2);
  });

  test('though all slots of its worker are taken for long', async () => {
    const queue = live.queue();
    const started: string[] = [];
    const tokens: string[] = [];
    const over = gate();
    live.worker(async ({ name }, token) => {
      started.push(name);
      tokens.push(token);
      if (name === 'long') await over.opened;
    });
    const job = await queue.add('job', {});
    await until(async () => (await job.getState()) === 'completed');
    await queue.add('long', {});
    await until(() => started.includes('long'));
    await undo(live.name, job.id, tokens[0] as string);
    await until(async () => (await job.getState()) === 'waiting');
    over.open();
    await until(async () => (await job.getState()) === 'completed');
    expect(started).toEqual(['job', 'long', 'job']);
  });
});

test('of such jobs, those whose ttl has ended meanwhile fail as expired, and never run', async () => {
  const proxy = await startProxy(live.server);
  live.after(() => proxy.stop());
  const connection = live.as('everything', proxy);
  const queue = live.queue();
  const ran: string[] = [];
  live.worker((job) => void ran.push(job.id), { connection, concurrency: 5, lockDuration: 600 });
  await queue.add('first', {}, { jobId: 'first' });
  await until(() => ran.length === 1);

  const dropped = proxy.dropNextReply(claim.sha);
  const ids = ['a', 'b', 'c', 'd'];
  const opts = { ttl: 600_000 };
  await queue.addBulk(ids.map((jobId) => ({ name: 'job', data: {}, opts: { jobId, ...opts } })));
  await dropped;
  proxy.refuse(true);
  expect((await queue.getJobCounts()).active).toBe(4);
  await endTtl('b', 'd');
  await pause(900); // past the deadline of the call
  proxy.refuse(false);
  await until(async () => (await queue.getJobCounts()).completed === 3, 5_000);
  await until(async () => (await queue.getJobCounts()).failed === 2, 5_000);
  expect(ran.toSorted()).toEqual(['a', 'c', 'first']);
  for (const id of ['b', 'd']) expect((await queue.getJob(id))?.failedReason).toBe('expired');
  expect(await live.redis.exists(`lunaq:{${live.name}}:stalls`)).toBe(0); // not by the death of the lease
});

test('a job that has run, and whose settle never came, runs again, also after its ttl', async () => {
  const proxy = await startProxy(live.server);
  live.after(() => proxy.stop());
  const connection = live.as('everything', proxy);
  const queue = live.queue();
  const end = gate();
  let starts = 0;
  const run = async (): Promise<void> => {
    starts += 1;
    await end.opened;
  };
  live.worker(run, { connection, lockDuration: 600 });
  const job = await queue.add('job', {}, { ttl: 600_000 });
  await until(() => starts === 1);
  await endTtl(job.id);
  proxy.refuse(true);
  proxy.cut();
  end.open();
  await pause(900); // past the deadline of the settle
  proxy.refuse(false);
  await until(async () => (await job.getState()) === 'completed', 5_000);
  expect(starts).toBe(2);
  expect(await live.redis.exists(`lunaq:{${live.name}}:stalls`)).toBe(0); // not by the death of the lease
});

test('a claim whose reply was lost is answered again: its jobs run once', async () => {
  const proxy = await startProxy(live.server);
  live.after(() => proxy.stop());
  const connection = live.as('everything', proxy);
  const queue = live.queue();
  const started: string[] = [];
  live.worker((job) => void started.push(job.id), { connection, concurrency: 10 });
  for (let round = 0; round < 5; round += 1) {
    const dropped = proxy.dropNextReply(claim.sha);
    const jobs = await queue.addBulk(Array.from({ length: 3 }, () => ({ name: 'job', data: {} })));
    await dropped;
    await until(() => jobs.every(({ id }) => started.includes(id)), 3_000);
  }
  await until(async () => (await queue.getJobCounts()).completed === 15);
  expect(started).toHaveLength(15);
});

test(
  'a settle whose outcome stays unknown holds up nothing: the worker goes on, and closes',
  { tags: ['timing'], timeout: 30_000 },
  async () => {
    const proxy = await startProxy(live.server);
    live.after(() => proxy.stop());
    const connection = live.as('everything', proxy);
    const queue = live.queue();
    const worker = live.worker(() => undefined, {
      connection,
      lockDuration: 60_000,
      closeTimeout: 60_000,
    });
    // The settle is applied, its reply lost; its copy is told `lost`; whether the lease lives can't be asked for 10 s.
    const dropped = proxy.dropNextReply(complete.sha);
    let cut = false;
    void proxy.dropNextReply((command) => {
      if (!cut && command.includes(complete.sha)) {
        cut = true;
        proxy.delay(100);
        setTimeout(() => {
          proxy.refuse(true);
          proxy.cut();
          proxy.delay(0);
        }, 150);
      }
      return false;
    });
    const job = await queue.add('job', {});
    await dropped;
    await until(() => live.errors.some(({ message }) => message.startsWith('renew:')), 12_000);
    expect(await queue.getJobState(job.id)).toBe('completed');
    proxy.refuse(false);
    const next = await queue.add('job', {});
    await until(async () => (await queue.getJobState(next.id)) === 'completed');
    const started = performance.now();
    await Promise.race([worker.close(), pause(3_000)]); // else it waits for a run that has ended
    expect(performance.now() - started).toBeLessThan(2_000);
  },
);

test('a burst runs also what a claim has taken whose answer never came', async () => {
  const proxy = await startProxy(live.server);
  live.after(() => proxy.stop());
  const connection = live.as('everything', proxy);
  const queue = live.queue();
  await queue.addBulk(Array.from({ length: 5 }, () => ({ name: 'job', data: {} })));
  const worker = live.worker(() => undefined, {
    connection,
    concurrency: 5,
    lockDuration: 600,
    autorun: false,
  });
  const dropped = proxy.dropNextReply(claim.sha);
  const run = worker.run({ burst: true });
  await dropped;
  proxy.refuse(true);
  await pause(900); // past the deadline of the call
  proxy.refuse(false);
  await run;
  expect(await queue.getJobCounts()).toMatchObject({ completed: 5, waiting: 0, active: 0 });
});
