// A worker that has taken a queue's marker while all its slots are taken, or when it is paused, puts it back, also when its lease is found dead
// just then.
import { expect, test } from 'vitest';
import { Connection } from '../../src/connection.js';
import { Cycle, type CycleHooks } from '../../src/cycle.js';
import { queueKeys } from '../../src/keys.js';
import { workerSettings } from '../../src/options.js';
import type { JobId, Token } from '../../src/script.js';
import { Slots } from '../../src/slots.js';
import { liveRedis, until } from '../helpers/live.js';

const live = liveRedis();

function ignored(): void {
  // Not looked at here.
}

const hooks: CycleHooks = {
  start: ignored,
  holds: () => false,
  held: () => 0,
  leaseLost: ignored,
  leased: ignored,
  renewed: ignored,
  claimed: ignored,
  late: ignored,
  settled: ignored,
  ended: ignored,
  stop: ignored,
  error: (error) => {
    throw error;
  },
};

/** The cycle of a worker whose only slot is taken, with a lease; a job waits, and its marker was taken. */
async function fullWorker() {
  const queue = live.queue();
  const keys = queueKeys(queue.name);
  const connection = Connection.acquire(live.redis);
  const settings = workerSettings({ concurrency: 1 });
  const slots = new Slots(connection, settings);
  const cycle = new Cycle(connection, keys, settings, slots, hooks);
  slots.join(cycle, 1);
  slots.busy = 1;
  cycle.claim();
  cycle.askAgain(true, 1);
  await until(() => cycle.lease !== undefined);
  await cycle.idle();
  await queue.add('job', null);
  await live.redis.del(keys.wake);
  const close = async (): Promise<void> => {
    cycle.stopClaiming();
    await cycle.idle();
    await cycle.close();
    connection.release();
  };
  return { cycle, keys, close };
}

test.each(['by the claim that puts it back', 'before, with a settle still to be sent'])(
  'when the lease was found dead %s',
  async (when) => {
    const { cycle, keys, close } = await fullWorker();
    await live.redis.zadd(keys.leases, 0, String(cycle.lease?.id));
    if (when.startsWith('before')) {
      cycle.lease?.die();
      const item = { id: 'a' as JobId, token: 'L:1' as Token, outcome: '' } as const;
      cycle.settles.add({ kind: 'complete', item, retention: { age: '', count: undefined } });
    }
    cycle.askAgain(true, 1);
    await cycle.idle();
    expect(await live.redis.llen(keys.wake)).toBe(1);
    await close();
  },
);

test('when the lease was found dead, and the worker is paused', async () => {
  const { cycle, keys, close } = await fullWorker();
  cycle.lease?.die();
  cycle.stopClaiming();
  cycle.askAgain(true, 1);
  await cycle.idle();
  expect(await live.redis.llen(keys.wake)).toBe(1);
  await close();
});
