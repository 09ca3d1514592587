import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, expect, test, vi } from 'vitest';
import { RedisStartError, startRedis, type RedisServerOptions } from '../../src/testing/index.js';
import { startRedisAt } from '../../src/testing/server.js';
import { startProxy } from '../helpers/proxy.js';

const cleanUp: (() => unknown)[] = [];

afterEach(async () => {
  for (const step of cleanUp.splice(0).toReversed()) await step();
});

async function start(options?: RedisServerOptions) {
  const server = await startRedis(options);
  cleanUp.push(() => server.stop());
  return server;
}

function connect(target: string) {
  const client = new Redis(target, { retryStrategy: null, lazyConnect: true });
  client.on('error', () => {});
  cleanUp.push(() => client.disconnect());
  return client;
}

test('a server is started and answers at its URL', async () => {
  const server = await start();
  expect(server.url).toBe(`redis://127.0.0.1:${server.port}`);
  const client = connect(server.url);
  expect(await client.ping()).toBe('PONG');
  expect(await client.info('server')).toContain(`process_id:${server.pid}\r\n`);
});

test('it listens on the loopback address only and writes no snapshots', async () => {
  const client = connect((await start()).url);
  expect(await client.config('GET', 'bind')).toEqual(['bind', '127.0.0.1']);
  expect(await client.config('GET', 'save')).toEqual(['save', '']);
  expect(await client.config('GET', 'appendonly')).toEqual(['appendonly', 'no']);
});

test.each(['plain', 'a b+c/@:%é"\\'])('the password %s is in the URL, and needed', async (word) => {
  const server = await start({ password: word });
  expect(await connect(server.url).ping()).toBe('PONG');
  const stranger = connect(`redis://127.0.0.1:${server.port}`);
  await expect(stranger.ping()).rejects.toThrow('NOAUTH');
  const fromFields = new Redis(server.connection);
  cleanUp.push(() => fromFields.disconnect());
  expect(await fromFields.ping()).toBe('PONG');
});

test('the password stands in a file that only its owner reads', async () => {
  const server = await start({ password: 'plain' });
  const { mode } = await stat(`${server.folder}/redis.conf`);
  expect(mode & 0o077).toBe(0);
});

test.each([{}, { password: 'a b+c/@:%é"\\' }])(
  'a unix socket instead of TCP, %o',
  async (extra) => {
    const server = await start({ socket: true, ...extra });
    expect(server.port).toBe(0);
    expect(server.path).toBe(`${server.folder}/redis.sock`);
    const client = connect(server.url);
    expect(await client.ping()).toBe('PONG');
    expect(await client.config('GET', 'port')).toEqual(['port', '0']);
  },
);

test('several servers run side by side and share nothing', async () => {
  const servers = await Promise.all(Array.from({ length: 5 }, () => start()));
  expect(new Set(servers.map(({ port }) => port)).size).toBe(5);
  expect(new Set(servers.map(({ folder }) => folder)).size).toBe(5);
  const clients = servers.map(({ url }) => connect(url));
  await Promise.all(clients.map((client, index) => client.set('index', index)));
  const values = await Promise.all(clients.map((client) => client.get('index')));
  expect(values).toEqual(['0', '1', '2', '3', '4']);
});

test('a port that somebody has taken is given up for the next one', async () => {
  const other = await start();
  const proxy = await startProxy(other); // answers as a Redis does, too
  cleanUp.push(() => proxy.stop());
  const former = await start();
  await former.stop();
  const ports = [other.port, proxy.port, former.port];
  const server = await startRedisAt(() => ports.shift() ?? 0, {});
  cleanUp.push(() => server.stop());
  expect(server.port).toBe(former.port);
  expect(await connect(server.url).info('server')).toContain(`process_id:${server.pid}\r\n`);
});

test('a named port that somebody has taken is an error, even if a Redis answers there', async () => {
  const { port } = await start();
  const attempt = startRedis({ port });
  await expect(attempt).rejects.toThrow(RedisStartError);
  await expect(attempt).rejects.toThrow(/in use/);
});

test('lines of redis.conf reach the server, several of one kind too', async () => {
  const server = await start({
    config: { maxmemory: '8mb', 'maxmemory-policy': 'allkeys-lru', user: ['ann on', 'bob on'] },
  });
  const client = connect(server.url);
  expect(await client.config('GET', 'maxmemory')).toEqual(['maxmemory', '8388608']);
  expect(await client.config('GET', 'maxmemory-policy')).toEqual([
    'maxmemory-policy',
    'allkeys-lru',
  ]);
  expect(await client.acl('USERS')).toEqual(['ann', 'bob', 'default']);
});

test('a server that does not come up is an error with its last words', async () => {
  const attempt = startRedis({ config: { 'no-such-directive': 1 } });
  await expect(attempt).rejects.toMatchObject({ code: 'REDIS_START_FAILED' });
  await expect(attempt).rejects.toThrow('no-such-directive');
});

test('a program that never answers is ended after the timeout', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lunaq-mute-'));
  cleanUp.push(() => rm(folder, { recursive: true }));
  const bin = join(folder, 'mute');
  await writeFile(bin, '#!/bin/sh\necho $$\nexec sleep 60\n', { mode: 0o755 });
  const attempt = startRedis({ bin, startTimeout: 200 });
  await expect(attempt).rejects.toThrow(/did not answer within 200 ms.*\n\d+$/);
  const pid = await attempt.then(String, (error: Error) => error.message.split('\n').at(-1));
  expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
});

test.each([
  [{ password: '' }, TypeError, 'password'],
  [{ appendfsync: 'always' }, TypeError, 'appendfsync'],
  [{ config: { port: 1 } }, TypeError, 'port'],
  [{ config: { user: 'a\nport 1' } }, TypeError, 'user'],
  [{ socket: true, port: 7000 }, TypeError, 'port'],
  [{ port: 0 }, RangeError, 'port'],
  [{ startTimeout: 0 }, RangeError, 'startTimeout'],
] as const)('the options %o are refused', async (options, kind, name) => {
  await expect(startRedis(options)).rejects.toThrow(kind);
  await expect(startRedis(options)).rejects.toThrow(name);
});

test('with appendonly the data survives kill() and restart()', async () => {
  const server = await start({ appendonly: true, appendfsync: 'always' });
  const { url, pid } = server;
  await connect(url).set('key', 'value');
  await server.kill();
  expect(server.pid).toBeUndefined();
  await expect(connect(url).ping()).rejects.toThrow('Connection is closed');
  await server.restart();
  expect(server.url).toBe(url);
  expect(server.pid).not.toBe(pid);
  expect(await connect(url).get('key')).toBe('value');
});

test('restart() waits until the data is loaded', async () => {
  const slow = { 'key-load-delay': 1000, 'loading-process-events-interval-bytes': 1024 };
  const server = await start({ appendonly: true, appendfsync: 'always', config: slow });
  const client = connect(server.url);
  const pipeline = client.pipeline();
  for (let index = 0; index < 300; index++) pipeline.set(`key:${index}`, 'x'.repeat(100));
  await pipeline.exec();
  await server.kill();
  const from = performance.now();
  await server.restart();
  expect(performance.now() - from).toBeGreaterThan(200);
  expect(await connect(server.url).dbsize()).toBe(300);
});

test('without appendonly a restarted server is empty', async () => {
  const server = await start();
  await connect(server.url).set('key', 'value');
  await server.restart();
  expect(await connect(server.url).dbsize()).toBe(0);
});

test('restart() ends a running server first, and it loses nothing', async () => {
  const server = await start({ appendonly: true });
  await connect(server.url).set('key', 'value');
  await server.restart();
  expect(await connect(server.url).get('key')).toBe('value');
});

test('kill(), restart() and stop() called at once take effect in that order', async () => {
  const server = await start();
  const first = server.pid;
  const steps = [server.kill(), server.restart()];
  await Promise.all(steps);
  expect(server.pid).toEqual(expect.any(Number));
  expect(server.pid).not.toBe(first);
  await Promise.all([server.restart(), server.kill(), server.stop()]);
  expect(server.pid).toBeUndefined();
  expect(existsSync(server.folder)).toBe(false);
});

test('stop() ends the server, removes its folder, and may be called again', async () => {
  const server = await start({ appendonly: true });
  await connect(server.url).set('key', 'value');
  expect(await readFile(`${server.folder}/redis.log`, 'utf8')).toContain('Ready to accept');
  await server.stop();
  expect(existsSync(server.folder)).toBe(false);
  expect(server.pid).toBeUndefined();
  await expect(connect(server.url).ping()).rejects.toThrow('Connection is closed');
  await server.stop();
  await expect(server.restart()).rejects.toThrow(RedisStartError);
});

test('stop() ends a server that is busy with a script', async () => {
  const server = await start({ config: { 'busy-reply-threshold': 1 } });
  const ended = connect(server.url)
    .eval('while true do end', 0)
    .catch((error: Error) => error.message);
  const client = connect(server.url);
  await vi.waitFor(() => expect(client.ping()).rejects.toThrow('BUSY'));
  await server.stop();
  expect(await ended).toBe('Connection is closed.');
});

test('stop() after kill() removes the folder', async () => {
  const server = await start();
  await server.kill();
  expect(existsSync(server.folder)).toBe(true);
  await server.stop();
  expect(existsSync(server.folder)).toBe(false);
});

test('a server is stopped at the end of its scope', async () => {
  const server = await start();
  await server[Symbol.asyncDispose]();
  expect(existsSync(server.folder)).toBe(false);
});
