// What each role really sends while it does all that it can, against what it is granted: nothing beyond that, which Redis would deny, and
// nothing of it in vain.
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { callersOf, ownCommands, type Role } from '../../src/access/roles.js';
import { commandsOf } from '../../src/access/rules.js';
import { checkQueue } from '../../src/doctor.js';
import { DelayedError } from '../../src/errors.js';
import type { Job } from '../../src/job.js';
import { queueKeys } from '../../src/keys.js';
import { QueueEvents } from '../../src/listening/queue-events.js';
import { Queue } from '../../src/queue.js';
import { getQueues } from '../../src/registry.js';
import * as catalogue from '../../src/scripts.js';
import type { ScriptName } from '../../src/script.js';
import { Worker } from '../../src/worker.js';
import { seed } from '../helpers/keyspace.js';
import { gate, liveRedis, quick, until } from '../helpers/live.js';
import { Monitor } from '../helpers/monitor.js';
import { rejection } from '../helpers/rejection.js';
import { bitOfEverything } from '../helpers/scenarios.js';

const live = liveRedis();

const names = new Map(
  Object.values(catalogue).flatMap((value) =>
    typeof value === 'object' && 'sha' in value ? [[value.sha, value.name] as const] : [],
  ),
);
const scriptNames = Object.keys(callersOf) as ScriptName[];
const scriptsOf = (role: Role): ScriptName[] =>
  scriptNames.filter((name) => callersOf[name].includes(role));

/** What the clients of one role send while they act; nobody else of the library is connected. */
async function sentBy(act: (scripts: ReadonlySet<ScriptName>) => Promise<unknown>) {
  const scripts = new Set<ScriptName>();
  await live.redis.script('FLUSH');
  const monitor = await Monitor.of(live.redis, ({ command, args, source }) => {
    if (command === 'evalsha' && source !== 'lua')
      scripts.add(names.get(args[0] ?? '') as ScriptName);
  });
  live.after(() => monitor.destroy());
  await live.redis.config('RESETSTAT');
  await act(scripts);
  await monitor.end();
  // MONITOR hides some commands.
  const stats = await live.redis.info('commandstats');
  const commands = new Set(Array.from(stats.matchAll(/^cmdstat_(\S+?):calls=[1-9]/gm), ([, name]) => name)); // prettier-ignore
  return { scripts: scriptNames.filter((name) => scripts.has(name)), commands };
}

/** Rights to commands that were not needed. */
const unused = (role: Role, { commands }: Awaited<ReturnType<typeof sentBy>>): string[] =>
  ownCommands[role].filter((command) => !commands.has(command));

/** As applications may set them: each costs a command more. */
const elsewhere = (role: Role): object => ({ ...live.as(role), db: 1, connectionName: 'mine' });

/** A queue in every state, filled by nobody of the library. */
async function fill(name: string): Promise<void> {
  const ids = Object.keys(bitOfEverything.jobs ?? {});
  const jobs = Object.fromEntries(ids.map((id) => [id, `["${id}",1,1]`]));
  await seed(live.redis, queueKeys(name), { ...bitOfEverything, jobs });
}

async function lookAll(queue: Queue, role: Role): Promise<void> {
  const connection = live.as(role);
  await queue.getJobs();
  for await (const _ of queue.scan('waiting'));
  for await (const _ of (await queue.getJob('a1'))?.dependents() ?? []);
  await (await queue.getJob('k2'))?.parents();
  await Promise.all([
    queue.hasMany(['a1']),
    queue.getJobPosition('w1'),
    queue.getOldestWaiting(),
    queue.isPaused(),
    queue.getJobCounts(),
    queue.getJobLogs('a1'),
    queue.getCounters(),
    queue.getWorkers(),
  ]);
  await getQueues({ connection });
  await checkQueue(queue, { records: true, recheckAfter: 0 });
  await live.redis.set(queue['store'].keys.audience, '100');
  await live.redis.xadd(queue['store'].keys.stream, '1-1', 'm', '1\npaused');
  for (const own of [connection, elsewhere(role)]) {
    const events = live.track(new QueueEvents(queue.name, { connection: own }));
    await events.waitUntilReady();
    await events.close();
  }
  const events = live.track(new QueueEvents(queue.name, { connection, lastEventId: '0' }));
  await events.waitUntilReady();
  await events.close();
}

test('no command that clients send themselves is one of a script, so that none hides another', () => {
  const inside = new Set(scriptNames.flatMap((name) => [...commandsOf(name)]));
  const own = Object.values(ownCommands).flat();
  expect(own.filter((command) => inside.has(command))).toEqual([]);
});

test('an observer looks, by all that it is granted and nothing else', async () => {
  await fill(live.name);
  const sent = await sentBy(async () => {
    const queue = live.track(new Queue(live.name, { connection: live.as('observer') }));
    await lookAll(queue, 'observer');
    await queue.close();
  });
  expect(sent.scripts).toEqual(scriptsOf('observer'));
  expect(unused('observer', sent)).toEqual([]);
});

test('a producer adds, acts and looks, by all that it is granted and nothing else', async () => {
  const seen = `${live.name}-seen`;
  await fill(seen);
  const sent = await sentBy(async () => {
    const connection = live.as('producer');
    await lookAll(live.track(new Queue(seen, { connection })), 'producer');
    const queue = live.queue();
    const parent = await queue.add('parent', 1);
    await queue.add('delayed', 1, { delay: 60_000 });
    await queue.add('goes', 1, { dependsOn: parent, onParentFailure: 'run' });
    await queue.add('fails', 1, { dependsOn: parent });
    await parent.log('row');
    await parent.updateProgress(1);
    await parent.updateMeta({ a: 1 });
    const ended = rejection(parent.waitUntilFinished({ timeout: 5_000 }));
    await parent.cancel();
    expect(await ended).toMatchObject({ name: 'JobCancelledError' });
    await until(async () => (await queue.getJobCounts()).deferred === 0);
    await parent.retry();
    await parent.remove();
    await queue.pause();
    await queue.resume();
    await queue.drain(true);
    await queue.keepEvents(10);
    await queue.close();
    const last = live.queue();
    await last.obliterate({ force: true });
    await last.close();
  });
  expect(sent.scripts).toEqual(scriptsOf('producer'));
  expect(unused('producer', sent)).toEqual([]);
});

/** What handlers can do, by the names of their jobs; those of others just complete. */
const deeds: Readonly<Record<string, (job: Job, signal: AbortSignal) => Promise<unknown>>> = {
  notes: async (job) => {
    await job.log('row');
    await job.updateProgress(1);
    await job.updateMeta({ a: 1 });
    await job.updateData(2);
    await Promise.all([job.getState(), job.getPosition(), job.parents(), job.clearLogs()]);
    for await (const _ of job.dependents());
    await Promise.all([
      expect(job.retry()).rejects.toMatchObject({ code: 'JOB_NOT_FINISHED' }),
      expect(job.remove()).rejects.toMatchObject({ code: 'JOB_ACTIVE' }),
      expect(job.waitUntilFinished({ timeout: 300 })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' }), // prettier-ignore
    ]);
  },
  retried: ({ attemptsMade }) =>
    attemptsMade === 0 ? Promise.reject(new Error('once more')) : Promise.resolve(1),
  later: async (job) => {
    if (job.data === 'later') return;
    await job.updateData('later');
    await job.moveToDelayed(Date.now() + 20);
    throw new DelayedError();
  },
  stopped: async (job, signal) => {
    await job.cancel();
    await once(signal, 'abort');
  },
  fails: () => Promise.reject(new Error('no')),
};

/** Puts a job under a lease of this queue whose worker does not know of it. */
async function strand(name: string): Promise<void> {
  const keys = queueKeys(name);
  const [lease = ''] = await live.redis.zrange(keys.leases, '0', '0');
  await live.redis
    .multi()
    .hset(keys.jobs, 'stray', '["stray",1,1]')
    .hset(keys.active, 'stray', `${lease}:1`)
    .hincrby(keys.held, lease, 1)
    .exec();
}

test('a worker works, keeps its queues in order, and its handlers act, by all that it is granted and nothing else', async () => {
  const old = `${live.name}-old`;
  await fill(old);
  const queue = live.queue();
  const parent = await queue.add('parent', 1);
  const failing = await queue.add('fails', 1);
  await queue.add('child', 1, { dependsOn: parent });
  await queue.add('doomed', 1, { dependsOn: failing });
  for (const name of ['notes', 'later', 'stopped']) await queue.add(name, 1);
  await queue.add('retried', 1, { attempts: 2 });
  const large = 'x'.repeat(200_000);
  await queue.addBulk(Array.from({ length: 4 }, () => ({ name: 'large', data: large })));
  await queue.close();
  const sent = await sentBy(async (scripts) => {
    const far = new Worker(live.name, () => 1, { connection: elsewhere('worker'), ...quick });
    live.track(far);
    await far.waitUntilReady();
    const held = gate();
    const worker = live.track(
      new Worker(
        [old, live.name],
        (job, _token, signal) =>
          job.name === 'held' ? held.opened : deeds[job.name]?.(job, signal),
        { connection: live.as('worker'), ...quick, concurrency: 8, closeTimeout: 0 },
      ),
    );
    await until(async () => (await live.redis.zcard(queueKeys(live.name).completed)) === 9);
    await strand(live.name);
    await until(() => scripts.has('scan'));
    await live.redis.hset(queueKeys(live.name).meta, 'tidied', 0);
    await until(() => scripts.has('tidy'));
    await live.redis.rpush(queueKeys(live.name).waiting, 'held');
    await live.redis.hset(queueKeys(live.name).jobs, 'held', '["held",1,1]');
    await until(async () => (await live.redis.hexists(queueKeys(live.name).active, 'held')) === 1);
    await worker.close();
    await far.close();
    held.open();
  });
  expect(sent.scripts).toEqual(scriptsOf('worker'));
  expect(unused('worker', sent)).toEqual([]);
});
