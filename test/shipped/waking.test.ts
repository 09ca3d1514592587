// Idle workers whose block ends in an odd way, and delayed jobs whose worker was away: the next job starts at once, not with the next
// sweep, which is far off in all of these.
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { startRedis } from '../../src/testing/server.js';
import { accountLines } from '../helpers/accounts.js';
import { liveRedis, pause, until } from '../helpers/live.js';
import { startProxy, type Proxy } from '../helpers/proxy.js';

const live = liveRedis();

/** No sweep comes to the rescue. */
const unswept = { stalledInterval: 120_000 };

/** Far less than until the next sweep or the end of a block, far more than a busy machine needs. */
const soon = 4_000;

/** Where connections of the proxy go may be changed. */
async function proxied(
  target: { host: string; port: number } = live.server,
): Promise<{ proxy: Proxy; connection: ReturnType<typeof live.as> }> {
  const proxy = await startProxy(target);
  live.after(() => proxy.stop());
  return { proxy, connection: live.as('everything', proxy) };
}

/** The server's number of a connection that blocks; waits for one. */
async function blocked(redis = live.redis): Promise<number> {
  let id = '';
  await until(async () => {
    const clients = (await redis.client('LIST')) as string;
    id = /^id=(\d+) .* flags=\w*b\w* .* cmd=blpop /m.exec(clients)?.[1] ?? '';
    return id !== '';
  });
  return Number(id);
}

/** A server with a replica that is in step, and connections to both. */
async function replicated() {
  const config = { 'repl-diskless-sync-delay': 0, user: accountLines() };
  const [master, replica] = await Promise.all([startRedis({ config }), startRedis({ config })]);
  live.after(() => Promise.all([master.stop(), replica.stop()]));
  const [old, promoted] = [new Redis(master.connection), new Redis(replica.connection)];
  live.after(() => [old, promoted].forEach((redis) => redis.disconnect()));
  await promoted.replicaof(master.host, master.port);
  const inStep = async (): Promise<boolean> =>
    /master_link_status:up/.test(await promoted.info('replication'));
  await until(inStep, 10_000);
  return { master, replica, old, promoted };
}

/** A worker that notes what it starts. */
function work(
  options: { connection?: { host: string; port: number }; lockDuration?: number } = {},
) {
  const started: string[] = [];
  live.worker((job) => void started.push(job.id), { ...unswept, ...options });
  const starts = (id: string): Promise<void> =>
    until(() => started.includes(id), soon, `${id} has started`);
  return { started, starts };
}

test('a block whose reply was lost, and the marker with it, is not sent again to wait for the next one', async () => {
  const { proxy, connection } = await proxied();
  const queue = live.queue();
  const { started, starts } = work({ connection });
  for (let round = 0; round < 3; round += 1) {
    await blocked();
    // The block that is under way now ends with this job; its successor loses its reply.
    const first = await queue.add('job', {});
    const dropped = proxy.dropNextReply('blpop');
    await starts(first.id);
    await blocked();
    const { id } = await queue.add('job', {});
    await dropped;
    await starts(id);
  }
  expect(started).toHaveLength(6);
}, 30_000);

test('a block that the server ends with UNBLOCKED, again and again, is followed by the next', async () => {
  const queue = live.queue();
  const { starts } = work();
  for (let round = 0; round < 5; round += 1) {
    expect(await live.redis.client('UNBLOCK', await blocked(), 'ERROR')).toBe(1);
    const job = await queue.add('job', {});
    await starts(job.id);
  }
}, 30_000);

test('an outage longer than the block time: the worker blocks again, and the next job starts at once', async () => {
  const server = await startRedis({ appendonly: true, appendfsync: 'always' });
  live.after(() => server.stop());
  const redis = new Redis({ ...server.connection, retryStrategy: () => 50 });
  redis.on('error', () => undefined);
  live.after(() => redis.disconnect());
  const { connection } = server;
  const started: string[] = [];
  // Blocks end with the period of the sweep; the lease ends meanwhile, too.
  const options = { connection, stalledInterval: 1_000, lockDuration: 500 };
  const worker = live.worker((job) => void started.push(job.id), options);
  const queue = live.queue({ connection });
  await queue.add('job', {});
  await until(() => started.length === 1);
  await blocked(redis);
  await server.kill();
  await pause(2_500);
  const meanwhile = queue.add('job', {});
  await pause(200);
  await server.restart();
  const waited = await meanwhile;
  await until(() => started.includes(waited.id));
  expect(worker.isRunning()).toBe(true);
  await blocked(redis);
  const { id } = await queue.add('job', {});
  await until(() => started.includes(id), soon);
  await blocked(redis);
}, 30_000);

test('a failover while the worker is blocked: it goes on with the promoted replica', async () => {
  const { master, replica, old, promoted } = await replicated();
  const target = { host: master.host, port: master.port };
  const { connection } = await proxied(target);
  const queue = live.queue({ connection });
  const { started, starts } = work({ connection });
  const before = await queue.add('job', {});
  await starts(before.id);
  await blocked(old);
  const completed = async () => await promoted.zcard(`lunaq:{${live.name}}:completed`);
  await until(async () => (await completed()) === 1); // replicas are told later

  // As Sentinel does it: the old master is told to follow, which ends its blocks with UNBLOCKED and its clients' connections.
  await promoted.replicaof('NO', 'ONE');
  target.port = replica.port;
  await old.replicaof(replica.host, replica.port);
  await old.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await blocked(promoted);
  const after = await queue.add('job', {});
  await starts(after.id);
  expect(started).toEqual([before.id, after.id]);
  await until(async () => (await completed()) === 2);
}, 30_000);

test('a failover that the client is only told of by READONLY: it is on the promoted replica soon', async () => {
  const { master, replica, old, promoted } = await replicated();
  const target = { host: master.host, port: master.port };
  const { connection } = await proxied(target);
  const queue = live.queue({ connection });
  const { starts } = work({ connection });
  await blocked(old);
  await promoted.replicaof('NO', 'ONE');
  target.port = replica.port;
  await old.replicaof(replica.host, replica.port);
  const { id } = await queue.add('job', {});
  await starts(id);
  expect(await promoted.hexists(`lunaq:{${live.name}}:jobs`, id)).toBe(1);
}, 30_000);

test('delayed jobs start in time although the connection is cut, again and again, while they wait', async () => {
  const { proxy, connection } = await proxied();
  const queue = live.queue();
  const { started } = work({ connection });
  const due = performance.now() + 1_500;
  await queue.addBulk([
    { name: 'job', data: {}, opts: { jobId: 'a', delay: 1_500 } },
    { name: 'job', data: {}, opts: { jobId: 'b', delay: 1_600 } },
  ]);
  for (let cut = 0; cut < 5; cut += 1) {
    await pause(200);
    proxy.cut();
  }
  expect(started).toEqual([]);
  await until(() => started.length === 2, due + soon - performance.now());
  expect(started).toEqual(['a', 'b']);
}, 30_000);

test('a delayed job that came due while the worker was away starts with the reconnect', async () => {
  const { proxy, connection } = await proxied();
  const queue = live.queue();
  // The outage is longer than all calls of the worker may take.
  const { started, starts } = work({ connection, lockDuration: 400 });
  await queue.add('job', {}, { jobId: 'known', delay: 500 });
  await blocked();
  proxy.refuse(true);
  proxy.cut();
  await queue.add('job', {}, { jobId: 'added meanwhile', delay: 300 });
  await pause(1_500);
  expect(started).toEqual([]);
  proxy.refuse(false);
  await starts('known');
  await starts('added meanwhile');
}, 30_000);
