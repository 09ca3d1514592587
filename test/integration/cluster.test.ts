// Clusters are not supported, and that is said, by the options and by the server.
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { Cluster, Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { QueueEvents } from '../../src/listening/queue-events.js';
import { Queue } from '../../src/queue.js';
import { startRedis } from '../../src/testing/index.js';
import { Worker } from '../../src/worker.js';
import { accountLines } from '../helpers/accounts.js';
import { liveRedis, quick, until } from '../helpers/live.js';
import { rejection } from '../helpers/rejection.js';

const live = liveRedis();

test('an ioredis Cluster is refused as a connection', () => {
  const connection = new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true });
  const told = /^connection: expected one server, got an ioredis Cluster$/;
  expect(() => new Queue('q', { connection })).toThrow(told);
  expect(() => new Worker('q', () => 1, { connection })).toThrow(told);
  expect(() => new QueueEvents('q', { connection })).toThrow(told);
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** A server of a cluster that has no slots yet. */
async function clusterNode() {
  const busPort = await freePort();
  const config = { 'cluster-enabled': 'yes', 'cluster-port': busPort, user: accountLines() };
  const server = await startRedis({ config });
  live.after(() => server.stop());
  const redis = new Redis(server.connection);
  live.after(() => redis.disconnect());
  return { server, redis, busPort };
}

test('a server of a cluster in which another one holds the queue is told as unsupported', async () => {
  const [here, there] = await Promise.all([clusterNode(), clusterNode()]);
  await there.redis.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
  await here.redis.call('CLUSTER', 'MEET', '127.0.0.1', there.server.port, there.busPort);
  const moved = { code: 'UNSUPPORTED_SERVER', message: expect.stringMatching(/^\w+: the server is one of a cluster, where another one holds this queue$/) }; // prettier-ignore
  // Until the two know each other, the slots are nobody's, which passes.
  const state = async () => String(await here.redis.call('CLUSTER', 'INFO'));
  await until(async () => (await state()).startsWith('cluster_state:ok'), 15_000);
  const queue = live.queue({ connection: live.as('producer', here.server) });
  expect(await rejection(queue.add('job', 1))).toMatchObject(moved);
  live.worker(() => 1, { connection: live.as('worker', here.server), ...quick });
  await until(() => live.errors.some(({ message }) => /^open: .* of a cluster/.test(message)));
  expect(live.errors.every((error) => 'code' in error)).toBe(true);
});
