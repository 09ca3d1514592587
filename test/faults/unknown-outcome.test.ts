// A call that was done while its answer was lost, and no server came back before its deadline.
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { Connection } from '../../src/connection.js';
import { deadlineIn } from '../../src/deadline.js';
import { execute } from '../../src/execute.js';
import { queueKeys } from '../../src/keys.js';
import { callOf, type CallRow, type JobId, type RecordText } from '../../src/script.js';
import { enqueue } from '../../src/scripts.js';
import { startRedis } from '../../src/testing/index.js';
import { startProxy } from '../helpers/proxy.js';

test('an add whose answer is lost ends as unknown, never as not done, and its repetition adds nothing', async () => {
  await using server = await startRedis();
  const proxy = await startProxy(server);
  const redis = new Redis(server.url);
  const connection = Connection.acquire(proxy.url);
  const keys = queueKeys('unknown');
  const call = callOf(
    enqueue,
    keys,
    { call: 'producer:enqueue' as CallRow, number: 1, schema: 1, distinct: 1 },
    [{ id: 'a' as JobId, record: '["a",1,1]' as RecordText, traits: '' }],
  );
  try {
    expect(await connection.ready(deadlineIn(2_000))).toBe(true);
    const dropped = proxy.dropNextReply(enqueue.sha);
    proxy.refuse(true);
    const [lost] = await execute(connection, [call], deadlineIn(700));
    await dropped;
    expect(lost).toMatchObject({ error: { code: 'UNKNOWN_OUTCOME' } });
    expect(await redis.hkeys(keys.jobs)).toEqual(['a']);
    proxy.refuse(false);
    const [again] = await execute(connection, [call], deadlineIn(5_000));
    expect(again).toMatchObject({ reply: ['added'] });
    expect(await redis.lrange(keys.waiting, 0, 9)).toEqual(['a']);
  } finally {
    connection.release();
    redis.disconnect();
    await proxy.stop();
  }
});
