// Warnings at the start, by real servers with other settings.
import { expect, test } from 'vitest';
import { Connection } from '../../src/connection.js';
import { deadlineIn } from '../../src/deadline.js';
import { executeOne } from '../../src/execute.js';
import { queueKeys } from '../../src/keys.js';
import type { QueueOptions } from '../../src/options.js';
import { Queue } from '../../src/queue.js';
import { callOf } from '../../src/script.js';
import { count } from '../../src/scripts.js';
import { startRedis, type RedisServerOptions } from '../../src/testing/index.js';
import { liveRedis, until } from '../helpers/live.js';
import { rejection } from '../helpers/rejection.js';

const live = liveRedis();
live.deniesOnPurpose = true;

interface Warned extends Error {
  readonly code?: string;
}

/** Gathers warnings until the test ends. */
function gather(): Warned[] {
  const warnings: Warned[] = [];
  const note = (warning: Warned): void => void warnings.push(warning);
  process.on('warning', note);
  live.after(() => process.off('warning', note));
  return warnings;
}

async function serverOf(options: RedisServerOptions) {
  const server = await startRedis(options);
  live.after(() => server.stop());
  return server.connection;
}

test.each([
  [{ appendonly: true, appendfsync: 'always' }, 'always', undefined],
  [{ appendonly: true }, 'everysec', undefined],
  [{ appendonly: true }, 'always', /appendfsync everysec/],
  [{}, 'everysec', /no append-only file/],
  [{}, undefined, undefined],
] as const)('a server with %j, and the wish %s: %s', async (settings, durability, told) => {
  const warnings = gather();
  const connection = await serverOf({ ...settings, config: { 'maxmemory-policy': 'allkeys-lru' } });
  const options: QueueOptions = { connection, ...(durability && { durability }) };
  for (let n = 0; n < 3; n += 1) live.track(new Queue(`q${n}`, options));
  // What comes after the durability of a later queue has been looked at, too.
  await until(() => warnings.some(({ code }) => code === 'LUNAQ_EVICTION'));
  const last = live.track(new Queue('last', options));
  await last.add('job', {});
  await last.getJobCounts();
  const wanted = [told ?? []].flat().map((pattern) => expect.stringMatching(pattern) as string);
  await until(
    () => warnings.filter(({ code }) => code === 'LUNAQ_DURABILITY').length >= wanted.length,
  );
  expect(
    warnings.filter(({ code }) => code === 'LUNAQ_DURABILITY').map(({ message }) => message),
  ).toEqual(wanted);
  expect(warnings.filter(({ code }) => code === 'LUNAQ_EVICTION')).toHaveLength(1);
});

test('a user who may not ask for appendfsync is told that it was not checked', async () => {
  const warnings = gather();
  await live.redis.config('SET', 'appendonly', 'yes');
  live.after(() => live.redis.config('SET', 'appendonly', 'no'));
  live.queue({ durability: 'always' });
  await until(() =>
    warnings.some(
      ({ code, message }) => code === 'LUNAQ_DURABILITY' && /not be checked/.test(message),
    ),
  );
});

test('a server that knows no flags of scripts is told as unsupported', async () => {
  const connection = Connection.acquire(live.as('producer'));
  live.after(() => connection.release());
  const call = callOf(count, queueKeys(live.name), {});
  // A line before them, and this server does not know them either.
  const script = {
    ...call.script,
    name: 'paused' as const,
    source: `\n${call.script.source}`,
    sha: '0'.repeat(40),
  };
  const error = await rejection(executeOne(connection, { ...call, script }, deadlineIn(2_000)));
  expect(error).toMatchObject({
    code: 'UNSUPPORTED_SERVER',
    message: expect.stringMatching(/Redis 7\.0 or newer/),
  });
});

test.each(['never', true, 1])('durability %j is refused', (durability) => {
  expect(() => new Queue('q', { durability: durability as never })).toThrow(
    /^durability: expected everysec or always/,
  );
});
