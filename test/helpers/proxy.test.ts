import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startRedis, type RedisServer } from '../../src/testing/index.js';
import { startProxy, type Proxy } from './proxy.js';

let server: RedisServer;
let direct: Redis;
let proxy: Proxy;
const clients: Redis[] = [];
const sockets: Socket[] = [];

beforeAll(async () => {
  server = await startRedis();
  direct = new Redis(server.url);
});
afterAll(async () => {
  direct.disconnect();
  await server.stop();
});
beforeEach(async () => {
  proxy = await startProxy(server);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  for (const socket of sockets.splice(0)) socket.destroy();
  await proxy.stop();
  await direct.flushall();
});

/** A client that neither reconnects nor sends anything twice. */
async function connect(): Promise<Redis> {
  const client = new Redis(proxy.url, { retryStrategy: null, lazyConnect: true });
  client.on('error', () => {});
  clients.push(client);
  await client.connect();
  return client;
}

async function rawConnect(): Promise<Socket> {
  const socket = createConnection(proxy.port, proxy.host);
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

const lost = 'Connection is closed';
const isWaiting = Symbol('waiting');
const afterWhile = () => delay(60, isWaiting);

test('bytes pass unchanged in both directions', async () => {
  const client = await connect();
  const value = randomBytes(3_000_000);
  await client.set('key', value);
  const arrived = await direct.getBuffer('key');
  const returned = await client.getBuffer('key');
  expect([arrived, returned].map((bytes) => bytes?.equals(value))).toEqual([true, true]);
});

test('pipelined commands are answered in order', async () => {
  const client = await connect();
  const replies = await Promise.all(
    Array.from({ length: 1000 }, (_, index) => client.echo(`${index}`)),
  );
  expect(replies).toEqual(Array.from({ length: 1000 }, (_, index) => `${index}`));
});

test('a client that closes its half first still gets its replies', async () => {
  const socket = await rawConnect();
  socket.setEncoding('latin1');
  socket.end('PING\r\nECHO last\r\n');
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  expect(text).toBe('+PONG\r\n$4\r\nlast\r\n');
});

test('connections are counted, and cut() ends them all', async () => {
  const first = await connect();
  const second = await connect();
  expect(proxy.connections).toBe(2);
  const ends = [once(first, 'end'), once(second, 'end')];
  proxy.cut();
  await Promise.all(ends);
  expect(proxy.connections).toBe(0);
  expect(await (await connect()).ping()).toBe('PONG');
});

test('a client that leaves is gone on the server too', async () => {
  const client = await connect();
  const id = await client.client('ID');
  client.disconnect();
  await vi.waitFor(async () => expect(await direct.client('LIST', 'ID', id)).toBe(''));
  expect(proxy.connections).toBe(0);
});

test('a dropped reply: the command is executed once, its sender is cut off', async () => {
  const client = await connect();
  const dropped = proxy.dropNextReply();
  await expect(client.incr('key')).rejects.toThrow(lost);
  await dropped;
  expect(await direct.get('key')).toBe('1');
  expect(await (await connect()).incr('key')).toBe(2);
});

test('only the reply to a matching command is dropped, and only on its connection', async () => {
  const script = "return redis.call('INCR', KEYS[1])";
  const sha = createHash('sha1').update(script).digest('hex');
  await direct.script('LOAD', script);
  const client = await connect();
  const bystander = await connect();
  const dropped = proxy.dropNextReply(sha);
  expect(await client.incr('key')).toBe(1);
  await expect(client.evalsha(sha, 1, 'key')).rejects.toThrow(lost);
  await dropped;
  expect(await bystander.evalsha(sha, 1, 'key')).toBe(3);
});

test('a matcher sees one whole command at a time, however the chunks are cut', async () => {
  const seen: string[] = [];
  const dropped = proxy.dropNextReply((command) => {
    seen.push(command.toString());
    return command.includes('needle');
  });
  const socket = await rawConnect();
  socket.setNoDelay(true).resume();
  const closed = once(socket, 'close');
  socket.on('error', () => {});
  const requests = [
    'PING\r\n',
    '*1\r\n$4\r\nPING\r\n',
    '*3\r\n$3\r\nSET\r\n$6\r\nneedle\r\n$2\r\n\r\n\r\n',
  ];
  const bytes = requests.join('');
  for (let at = 0; at < bytes.length; at += 7) {
    socket.write(bytes.slice(at, at + 7));
    await delay(1);
  }
  await dropped;
  await closed;
  expect(seen).toEqual(requests);
  expect(await direct.get('needle')).toBe('\r\n');
});

test('a command behind a thousand others is executed though the first reply cuts it off', async () => {
  const client = await connect();
  const dropped = proxy.dropNextReply('last');
  const pipeline = client.pipeline();
  for (let index = 0; index < 1000; index++) pipeline.rpush('list', 'x'.repeat(1000));
  pipeline.rpush('list', 'last');
  await pipeline.exec().catch(() => {});
  await dropped;
  expect(await direct.lindex('list', -1)).toBe('last');
  expect(await direct.llen('list')).toBe(1001);
});

test('each call of dropNextReply() loses one reply', async () => {
  const both = Promise.all([proxy.dropNextReply('INCR'), proxy.dropNextReply('INCR')]);
  for (let attempt = 0; attempt < 2; attempt++) {
    const client = await connect();
    await expect(client.call('INCR', 'key')).rejects.toThrow(lost);
  }
  await both;
  expect(await (await connect()).call('INCR', 'key')).toBe(3);
});

test('delay() holds replies back and keeps their order when it ends', async () => {
  const client = await connect();
  proxy.delay(80);
  const from = performance.now();
  const order: string[] = [];
  const first = client.ping('first').then((text) => order.push(text));
  await vi.waitFor(async () => expect(await direct.info('clients')).toContain('connected_clients'));
  await delay(20);
  proxy.delay(0);
  const second = client.ping('second').then((text) => order.push(text));
  await Promise.all([first, second]);
  expect(performance.now() - from).toBeGreaterThan(75);
  expect(order).toEqual(['first', 'second']);
});

test('in a black hole nothing passes and nothing is closed, and later all of it does', async () => {
  const client = await connect();
  proxy.blackhole(true);
  const reply = client.incr('key');
  const newcomer = await rawConnect();
  newcomer.write('INCR key\r\n');
  expect(await Promise.race([reply, once(newcomer, 'data'), afterWhile()])).toBe(isWaiting);
  expect(await direct.get('key')).toBeNull();
  expect(client.status).toBe('ready');
  expect(proxy.connections).toBe(2);
  proxy.blackhole(false);
  await reply;
  await vi.waitFor(async () => expect(await direct.get('key')).toBe('2'));
});

test('one connection that is half-open hears nothing, the others go on', async () => {
  const victim = await connect();
  const other = await connect();
  const speak = proxy.halfOpen(0);
  const reply = victim.incr('key');
  expect(await other.ping()).toBe('PONG');
  expect(await Promise.race([reply, afterWhile()])).toBe(isWaiting);
  expect(await direct.get('key')).toBeNull();
  speak();
  expect(await reply).toBe(1);
});

test('in a black hole the server does not learn that a client has gone', async () => {
  const client = await connect();
  const id = await client.client('ID');
  proxy.blackhole(true);
  client.disconnect();
  await afterWhile();
  expect(await direct.client('LIST', 'ID', id)).not.toBe('');
  proxy.blackhole(false);
  await vi.waitFor(async () => expect(await direct.client('LIST', 'ID', id)).toBe(''));
});

test('refuse() turns new connections away and leaves the others', async () => {
  const client = await connect();
  proxy.refuse(true);
  await expect(connect()).rejects.toThrow(lost);
  expect(await client.ping()).toBe('PONG');
  proxy.refuse(false);
  expect(await (await connect()).ping()).toBe('PONG');
});

test('without a server behind it, clients are cut off', async () => {
  const other = await startRedis();
  const orphan = await startProxy(other);
  await other.stop();
  const socket = createConnection(orphan.port, orphan.host).on('error', () => {});
  await once(socket, 'close');
  expect(orphan.connections).toBe(0);
  await orphan.stop();
});

test('after stop() nobody listens', async () => {
  const other = await startProxy(server);
  await other.stop();
  const socket = createConnection(other.port, other.host);
  await expect(once(socket, 'connect')).rejects.toThrow('ECONNREFUSED');
});
