// The connection of the lease thread goes silent, or is refused, alone: all others work on.
import { Redis } from 'ioredis';
import { createConnection, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { queueKeys } from '../../src/keys.js';
import { renew } from '../../src/scripts.js';
import { startRedis } from '../../src/testing/server.js';
import { gate, liveRedis, pause, until } from '../helpers/live.js';
import { startProxy } from '../helpers/proxy.js';

const live = liveRedis();

/** A command with which a connection begins its work. */
const begins = /\r\n(?:evalsha\r\n\$40\r\n\w{40}|info|hello|client|script)\r\n/i;

/** Passes everything on; connections that begin with a renewal, but for saying who they are, are the thread's, and can be silenced. */
async function passing(
  port = live.server.port,
): Promise<{ port: number; threads: Socket[]; silent: Set<Socket> }> {
  const threads: Socket[] = [];
  const silent = new Set<Socket>();
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = createConnection(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined).on('close', () => open.delete(socket));
    }
    let begin = '';
    client.on('data', function watch(bytes: Buffer) {
      begin += bytes.toString('latin1');
      if (!begins.test(begin)) return;
      client.off('data', watch);
      if (begin.includes(renew.sha)) threads.push(client);
    });
    client.on('data', (bytes) => silent.has(client) || upstream.write(bytes));
    upstream.on('data', (bytes) => silent.has(client) || client.write(bytes));
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  live.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return { port: (server.address() as { port: number }).port, threads, silent };
}

test('it is noticed, and the lease is renewed over a new one', async () => {
  const { port, threads, silent } = await passing();
  const connection = live.as('worker', { host: '127.0.0.1', port });
  live.queue();
  live.worker(() => undefined, { connection, lockDuration: 1_500 });
  await until(() => threads.length === 1);
  silent.add(threads[0] as Socket);
  const started = performance.now();
  await until(() => threads.length === 2, 4_000);
  console.log(`thread on a new connection after ${(performance.now() - started).toFixed(0)} ms`);
  await pause(1_600);
  expect(threads).toHaveLength(2);
  expect(live.errors).toEqual([]);
});

test.each<[string, number, string[]]>([
  ['has another password now', 0, ['resetpass', '>another']],
  ['may not choose the database any more', 1, ['-select']],
])('the server refuses it, whose user %s: that is warned of once, without secrets, and the lease is renewed all the same', async (_, db, change) => {
  const server = await startRedis({ password: 'of all' });
  live.after(() => server.stop());
  const redis = new Redis({ ...server.connection, db });
  live.after(() => redis.disconnect());
  const user = { username: 'somebody', password: 'first secret' };
  await redis.call('ACL', 'SETUSER', user.username, 'on', `>${user.password}`, '~*', '&*', '+@all');
  const { port, threads } = await passing(server.port);
  const connection = { host: '127.0.0.1', port, ...user, db };
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on('warning', note);
  live.after(() => process.off('warning', note));
  const refusals = () => warnings.filter(({ message }) => message.includes('lease thread'));

  const queue = live.queue({ connection });
  const { opened, open } = gate();
  const worker = live.worker(() => opened, { connection, lockDuration: 1_000 });
  const completed: string[] = [];
  worker.on('completed', (job) => completed.push(job.id));
  const { id } = await queue.add('job', {});
  const keys = queueKeys(live.name);
  await until(async () => (await redis.hlen(keys.active)) === 1);
  await until(() => threads.length === 1);
  await redis.call('ACL', 'SETUSER', user.username, ...change);
  threads[0]?.destroy();
  await until(() => refusals().length === 1);
  expect(refusals()).toMatchObject([{ code: 'LUNAQ_NO_THREAD' }]);
  expect(refusals()[0]?.message).not.toMatch(/somebody|secret/);
  const deadline = async () => Number((await redis.zrange(keys.leases, '0', '0', 'WITHSCORES'))[1]);
  const before = await deadline();
  await until(async () => (await deadline()) > before + 2_000);
  open();
  await until(() => completed.includes(id));
  expect(refusals()).toHaveLength(1);
  expect(live.errors.filter(({ name }) => name === 'LeaseLostError')).toEqual([]);
}, 20_000); // prettier-ignore

test(
  'what the thread hears late of a job that was asked to stop cancels no later run of it',
  { timeout: 20_000 },
  async () => {
    const proxy = await startProxy(live.server);
    live.after(() => proxy.stop());
    const connection = live.as('everything', proxy);
    const queue = live.queue();
    const gates = [gate(), gate()];
    const runs: { token: string; signal: AbortSignal }[] = [];
    live.worker(
      async (_, token, signal) => {
        runs.push({ token, signal });
        await gates[runs.length - 1]?.opened;
        signal.throwIfAborted();
      },
      { connection, lockDuration: 6_000, lockRenewTime: 1_000 },
    );
    const job = await queue.add('job', null);
    await until(() => runs.length === 1);
    await pause(100);
    await job.cancel();
    await until(() => runs[0]?.signal.aborted === true);
    // The answer to the next renewal takes that long.
    proxy.delay(1_700);
    await pause(1_050);
    proxy.delay(0);
    gates[0]?.open();
    await until(async () => (await job.getState()) === 'cancelled');
    await queue.retryJob(job.id);
    await until(() => runs.length === 2);
    await pause(2_000);
    gates[1]?.open();
    await until(async () => (await job.getState()) === 'completed');
    const leases = runs.map(({ token }) => token.split(':')[0]);
    expect(leases[1]).toBe(leases[0]);
  },
);
