// Scenarios of more than one queue, of workers that are lost, and of those who listen and look.
import assert from 'node:assert/strict';
import { checkQueue } from '../../src/doctor.js';
import { QueueEvents } from '../../src/listening/queue-events.js';
import { getQueues } from '../../src/registry.js';
import { pause } from '../helpers/live.js';
import { comesTrue, type Play } from './play.js';
import type { Scenario } from './scenarios.js';

/** What a crash left to be asked for is due after 5 s: as if that time had passed. */
async function checkNow(play: Play, label: string): Promise<void> {
  const { deferred } = play.keysOf(label);
  for (const id of await play.redis.zrange(deferred, '0', '-1'))
    await play.redis.zadd(deferred, 'XX', 1, id);
}

/** What only a sweep finds: a child whose check is due, and a parent whose dependents somebody did not live to tell. */
async function healedBySweeps(play: Play): Promise<void> {
  const { redis } = play;
  const [{ releasing }, { deferred }] = [play.keysOf('a'), play.keysOf('b')];
  await redis.hset(releasing, 'good', 'completed');
  await redis.zadd(deferred, 'XX', 1, 'kept');
  await comesTrue(async () => Number(await redis.zscore(deferred, 'kept')) > 1);
  await comesTrue(async () => (await redis.exists(releasing)) === 0);
}

/** A graph over two queues: parents complete, fail, are put back, cancelled, removed; children do what their policy says. */
export const graph: Scenario = async (play) => {
  const [a, b] = [play.queue('a'), play.queue('b')];
  let repaired = false;
  const acts = {
    bad: () => Promise.reject(new Error('bad')),
    again: () => (repaired ? 'repaired' : Promise.reject(new Error('not yet'))),
  };
  play.worker(acts, { labels: ['a'] });
  play.worker(acts, { labels: ['b'] });
  await a.pause();
  await a.addBulk(
    ['good', 'bad', 'again', 'stopped'].map((jobId) => ({
      name: 'job',
      data: '',
      opts: { jobId },
    })),
  );
  const of = (...ids: string[]) => ids.map((id) => ({ queue: a.name, id }));
  await b.addBulk([
    { name: 'job', data: '', opts: { jobId: 'one', dependsOn: of('good') } },
    { name: 'job', data: '', opts: { jobId: 'two', dependsOn: of('bad', 'good'), onParentFailure: 'run' } }, // prettier-ignore
    { name: 'job', data: '', opts: { jobId: 'three', dependsOn: of('bad') } },
    { name: 'job', data: '', opts: { jobId: 'four', dependsOn: 'three' } },
    { name: 'job', data: '', opts: { jobId: 'kept', dependsOn: of('again'), onParentFailure: 'wait' } }, // prettier-ignore
    { name: 'job', data: '', opts: { jobId: 'five', dependsOn: of('stopped') } },
    { name: 'job', data: '', opts: { jobId: 'gone', dependsOn: of('good') } },
  ]);
  const last = { jobId: 'last', dependsOn: ['one', 'two'].map((id) => ({ queue: b.name, id })) };
  await a.add('job', '', last);
  await b.remove('gone');
  await a.cancel('stopped');
  await a.resume();
  await play.reaches('again', 'failed', 'a');
  await play.reaches('one', 'completed', 'b');
  await healedBySweeps(play);
  repaired = true;
  await a.retryJob('again');
  const started = performance.now();
  let checked = false;
  const ends = { one: 'completed', two: 'completed', three: 'failed', four: 'failed', kept: 'completed', five: 'failed' }; // prettier-ignore
  await comesTrue(async () => {
    if (!checked && performance.now() - started > 1_500) {
      checked = true;
      await checkNow(play, 'a');
      await checkNow(play, 'b');
    }
    for (const [id, state] of Object.entries(ends))
      if ((await play.outside('b').getJobState(id)) !== state) return false;
    return (await play.outside('a').getJobState('last')) === 'completed';
  });
  await play.worksOn('a', 'b');
};

/** A waiting job is held under a lease that is dead, as a claim of a worker that has died would have left it. */
async function loseWithWorker(play: Play, id: string, mark = ''): Promise<void> {
  const { waiting, active, held, leases, meta, stopping } = play.keysOf('q');
  const lease = 'dead-lease-dead-lease-dead-lease-dead-lease-1234';
  const calls = play.redis.multi().lrem(waiting, 1, id).hset(active, id, `${lease}:1${mark}`);
  calls.hincrby(held, lease, 1).zadd(leases, 0, lease).hset(meta, 'token', 1);
  if (mark) calls.zadd(stopping, 0, `${lease}\t${id}`);
  await calls.exec();
}

/** Jobs were lost with a worker: one for the first time, one too often, one that was asked to stop; then a worker loses its own lease. */
export const lost: Scenario = async (play) => {
  const queue = play.queue();
  await queue.keepEvents(1_000);
  const ids = ['lost', 'poison', 'asked'];
  await queue.addBulk(ids.map((jobId) => ({ name: 'job', data: '', opts: { jobId } })));
  await play.redis.hset(play.keysOf('q').stalls, 'poison', 2);
  await loseWithWorker(play, 'lost');
  await loseWithWorker(play, 'poison');
  await loseWithWorker(play, 'asked', '!cancelled');
  play.mayRepeat.add('held');
  play.mayBeTold.push(/^the result of job held was refused/);
  play.worker({
    held: async () => {
      if (play.runsOf('held') > 1) return 'held at last';
      await comesTrue(() => play.runsOf('held') > 1);
      return 'in vain';
    },
  });
  await play.reaches('lost', 'completed');
  await play.reaches('poison', 'failed');
  await play.reaches('asked', 'cancelled');
  await queue.add('job', '', { jobId: 'held' });
  await comesTrue(() => play.runsOf('held') === 1);
  const { leases } = play.keysOf('q');
  for (const lease of await play.redis.zrange(leases, '0', '-1'))
    await play.redis.zadd(leases, 'XX', 0, lease);
  await play.reaches('held', 'completed');
  await play.worksOn('q');
};

/** A worker of three queues collects their markers. */
export const manyQueues: Scenario = async (play) => {
  const labels = ['a', 'b', 'c'];
  play.worker({}, { labels, concurrency: 1 });
  for (const round of [1, 2])
    await Promise.all(
      labels.map((label) =>
        play
          .queue(label)
          .addBulk(
            [1, 2].map((n) => ({ name: 'job', data: '', opts: { jobId: `${label}${round}${n}` } })),
          ),
      ),
    );
  for (const label of labels)
    for (const id of ['11', '12', '21', '22']) await play.reaches(`${label}${id}`, 'completed', label); // prettier-ignore
  await play.worksOn('a', 'b', 'c');
};

/** Somebody reads the stream of events: none is lost, none comes twice. */
export const listening: Scenario = async (play) => {
  const queue = play.queue();
  await queue.keepEvents(1_000);
  const heard: string[] = [];
  const { connection } = play;
  const events = play.track(new QueueEvents(queue.name, { connection, lastEventId: '0' }));
  const live = play.track(new QueueEvents(queue.name, { connection }));
  events.on('added', ({ jobId }) => heard.push(`added ${jobId}`));
  events.on('completed', ({ jobId }) => heard.push(`completed ${jobId}`));
  await live.waitUntilReady();
  play.worker();
  await queue.addBulk(['a', 'b', 'c'].map((jobId) => ({ name: 'job', data: '', opts: { jobId } })));
  for (const id of ['a', 'b', 'c']) await play.reaches(id, 'completed');
  await play.worksOn('q');
  await comesTrue(() => heard.length >= 8);
  await pause(20);
  const words = ['added', 'completed'].flatMap((word) => ['a', 'afterwards', 'b', 'c'].map((id) => `${word} ${id}`)); // prettier-ignore
  assert.deepEqual(heard.toSorted(), words);
};

/** Somebody looks at a queue in every way; what is read is what is there. */
export const looking: Scenario = async (play) => {
  const queue = play.queue();
  const { connection } = play;
  await queue.addBulk(['a', 'b', 'c'].map((jobId) => ({ name: 'job', data: '', opts: { jobId } })));
  await queue.add('job', '', { jobId: 'd', dependsOn: 'a' });
  const job = await queue.getJob('a');
  await play.redis.zadd(play.keysOf('q').leases, Date.now() + 3_600_000, 'somebody');
  await job?.log('one');
  const dependents: string[] = [];
  for await (const { id } of job?.dependents() ?? []) dependents.push(id);
  const scanned: string[] = [];
  for await (const { id } of queue.scan('waiting')) scanned.push(id);
  assert.deepEqual(
    {
      dependents,
      scanned: scanned.toSorted(),
      counts: (await queue.getJobCounts()).waiting,
      listed: await queue.getJobIds('waiting'),
      position: await queue.getJobPosition('b'),
      oldest: (await queue.getOldestWaiting())?.id,
      paused: await queue.isPaused(),
      parents: (await (await queue.getJob('d'))?.parents())?.map(({ id }) => id),
      logs: (await queue.getJobLogs('a')).logs,
      has: await queue.hasMany(['a', 'zz']),
      workers: await queue.getWorkersCount(),
      known: (await getQueues({ connection })).includes(queue.name),
      completed: (await queue.getCounters()).total.completed,
      healthy: (await checkQueue(queue, { recheckAfter: 0, records: true })).ok,
    },
    {
      dependents: ['d'],
      scanned: ['a', 'b', 'c'],
      counts: 3,
      listed: ['c', 'b', 'a'],
      position: 1,
      oldest: 'a',
      paused: false,
      parents: ['a'],
      logs: ['one'],
      has: [true, false],
      workers: 1,
      known: true,
      completed: 0,
      healthy: true,
    },
  );
  await queue.obliterate();
};
