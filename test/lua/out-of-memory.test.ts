import { afterEach, beforeEach, expect, test } from 'vitest';
import { Connection } from '../../src/connection.js';
import { execute } from '../../src/execute.js';
import { expected } from '../helpers/keyspace.js';
import { bitOfEverything, scenarios } from '../helpers/scenarios.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer({ config: { 'maxmemory-policy': 'noeviction' } });
const adds = new Set(['enqueue', 'schedule', 'defer']);
const isAdd = ({ name }: { name: string }) => adds.has(name);
let connection: Connection;

/** From now on the server holds more than it may; it does not even have the scripts. */
async function fillUp(): Promise<void> {
  await server.redis.script('FLUSH');
  await server.redis.config('SET', 'maxmemory', '1');
  await expect(server.redis.set('more', '1')).rejects.toThrow('OOM');
}

beforeEach(() => {
  connection = Connection.acquire(server.server.url);
});
afterEach(async () => {
  connection.release();
  await server.redis.config('SET', 'maxmemory', '0');
});

test.each(scenarios.filter(isAdd))('$name is refused whole, and says so', async ({ call }) => {
  const queue = await server.queue(bitOfEverything);
  await fillUp();
  const [answer] = await execute(connection, [call(queue)]);
  expect(answer).toMatchObject({ error: { code: 'OUT_OF_MEMORY' } });
  expect(await queue.state()).toEqual(expected(bitOfEverything));
});

test.each(scenarios.filter((scenario) => !isAdd(scenario)))('$name works', async ({ call }) => {
  const rich = await server.queue(bitOfEverything);
  await rich.send(call(rich));
  const poor = await server.queue(bitOfEverything);
  await fillUp();
  const [answer] = await execute(connection, [call(poor)]);
  expect(answer).toHaveProperty('reply');
  expect(await poor.state()).toEqual(await rich.state());
});
