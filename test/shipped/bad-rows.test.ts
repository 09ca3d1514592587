// Rows that nobody can read, as a broken client or a hand in the database leaves them: no maintenance stops at one.
import { expect, test } from 'vitest';
import { queueKeys } from '../../src/keys.js';
import { edge, open, seed, type State } from '../helpers/keyspace.js';
import { liveRedis, until } from '../helpers/live.js';

const live = liveRedis();

const record = '["job",{},1700000000000]';
const dead = 'dead';

/** What a sweep is to do, once for the jobs a…, once for b…: all that ends in -0 has something to do with its neighbour in -1. */
const roles = ['promoted', 'expired', 'lost', 'lostTooOften', 'evicted', 'asks', 'told'] as const;
const ids = roles.flatMap((role) => [`${role}-0`, `${role}-1`]);
const both = <Value>(role: string, value: Value): Record<string, Value> => ({
  [`${role}-0`]: value,
  [`${role}-1`]: value,
});

function work(name: string): State {
  const at = (child: string, parent: string): string =>
    edge(`${name}/${child}`, `${name}/${parent}`);
  const asks = [at('asks-0', 'done'), at('asks-1', 'done')];
  const told = [at('told-0', 'end'), at('told-1', 'end')];
  return {
    meta: { schema: 1, token: 9 },
    jobs: Object.fromEntries([...ids, 'done', 'end'].map((id) => [id, record])),
    waiting: ['expired-0', 'expired-1'],
    delayed: both('promoted', 'now-1000'),
    expiring: both('expired', 'now-1000'),
    active: { ...both('lost', `${dead}:5`), ...both('lostTooOften', `${dead}:5`) },
    held: { [dead]: 4 },
    leases: { [dead]: 0 },
    stalls: both('lostTooOften', 2),
    traits: { 'expired-1': '{"ttl":1}', 'lostTooOften-1': '{"failAge":60000}' },
    completed: { ...both('evicted', 'now-9000'), done: 'now-9000', end: 'now-9000' },
    evicting: both('evicted', 'now-1000'),
    deferred: { ...both('asks', 'now-1000'), ...both('told', 'now+60000') },
    awaiting: open(...asks, ...told),
    dependents: Object.fromEntries(told.map((text) => [`end\t${text}`, 0])),
    watched: { end: 'parent' },
    releasing: { end: 'completed' },
    calls: { [`${dead}:claim`]: '3 now claimed\ndead:5\nlost-0' },
    workers: { [dead]: 'now {}' },
  };
}

const retained = (value: string) =>
  Object.fromEntries(['keep', 'skip'].flatMap((what) => [[`${what} completed`, value], [`${what} failed`, value]])); // prettier-ignore
const unreadable = Object.fromEntries(roles.map((role) => [`${role}-0`, 'not json']));
const harms: [what: string, rows: State][] = [
  ['records', { jobs: unreadable }],
  ['records of another form', { jobs: Object.fromEntries(Object.keys(unreadable).map((id) => [id, '{"a":[1]}'])) }],
  ['traits', { traits: unreadable }],
  ['attempts and losses', { attempts: unreadable, stalls: unreadable }],
  ['rows of callers and workers', { calls: { 'dead:claim': 'odd', odd: 'odd' }, workers: { dead: 'odd', odd: 'odd' }, leases: { dead: 'now-1000' } }],
  ['tokens', { active: { odd: 'odd', 'lost-0': '', 'lostTooOften-0': '::!' } }],
  ['edges', { awaiting: { odd: 0, 'odd\todd': 0 }, dependents: { 'end\todd': 0 } }],
  ["edges of another's parent", { dependents: { [`end\t${edge('far/child', 'far/parent')}`]: 0 } }],
  ['counts of held jobs', { held: { [dead]: 'odd', odd: '1.5' } }],
  ['marks in meta', { meta: { schema: 'one', token: 'odd', swept: 'odd', ...retained('odd') } }],
  ['marks in meta that are too great, or negative', { meta: { schema: '', token: '9'.repeat(40), swept: '-1', ...retained('-5') } }],
  ['outcomes and failures', { outcomes: unreadable, failures: unreadable, results: unreadable }],
]; // prettier-ignore

test.each(harms)('unreadable %s stop no sweep: neighbours are promoted, expired, reclaimed, failed, evicted, told', async (_, rows) => {
  const queue = live.queue();
  const keys = queueKeys(live.name, 'lunaq');
  await seed(live.redis, keys, work(live.name));
  await seed(live.redis, keys, rows);
  const completed: string[] = [];
  live
    .worker(() => 'done', { lockDuration: 500, stalledInterval: 50, concurrency: 4 })
    .on('completed', (job) => completed.push(job.id));
  const states = async (): Promise<unknown> =>
    Object.fromEntries(
      await Promise.all(roles.map(async (role) => [role, await queue.getJobState(`${role}-1`)])),
    );
  const wanted = {
    promoted: 'completed',
    expired: 'failed',
    lost: 'completed',
    lostTooOften: 'failed',
    evicted: 'unknown',
    asks: 'completed',
    told: 'completed',
  };
  let last: unknown;
  await until(async () => JSON.stringify(last = await states()) === JSON.stringify(wanted), 12_000).catch(() => undefined);
  expect(last).toEqual(wanted);
  await until(async () => (await live.redis.hlen(keys.releasing)) === 0);
  await queue.obliterate({ force: true });
}, 25_000); // prettier-ignore

test('unreadable records stop neither clean nor retryJobs', async () => {
  const queue = live.queue();
  const keys = queueKeys(live.name, 'lunaq');
  const good = ['good-0', 'good-1'];
  const all = Object.fromEntries(['bad', ...good].map((id) => [id, id === 'bad' ? 'odd' : record]));
  await seed(live.redis, keys, { meta: { schema: 1 }, jobs: all, waiting: Object.keys(all) });
  expect(await queue.clean(0, 0, 'waiting')).toEqual(good);
  await queue.obliterate();
  await seed(live.redis, keys, {
    meta: { schema: 1 },
    jobs: all,
    traits: { bad: '{"child":true}' },
    failed: { bad: 1, 'good-0': 2, 'good-1': 3 },
  });
  expect(await queue.retryJobs()).toBe(2);
  expect(await queue.getJobCounts()).toMatchObject({ waiting: 2, failed: 1 });
});
