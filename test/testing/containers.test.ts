// No engine is needed here: an HTTP server on a unix socket answers as one would, and in the place of testcontainers stands a module
// whose containers are process groups. What runs in them is the true script and a real server. The last test takes a true engine.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { findImage, type Testcontainers } from '../../src/testing/docker.js';
import { findServer } from '../../src/testing/find-binary.js';
import { RedisNotFoundError, RedisStartError } from '../../src/testing/index.js';
import { startRedisAt, type RedisServerOptions } from '../../src/testing/server.js';
import { readSystem } from '../../src/testing/system.js';
import { until } from '../helpers/live.js';
import { wrapServer, type Wrapped } from '../helpers/servers.js';
import { compileTesting } from './compiled.js';

let program: Wrapped;
let programPath: string; // what a container has as its PATH
let folder: string;
let env: Record<string, string>;
let containers: Container[];
let nextPort = randomInt(5000, 9000);
const cleanUp: (() => unknown)[] = [];

beforeAll(async () => {
  program = await wrapServer('');
  await symlink(program.bin, join(program.bin, '../redis-server'));
  programPath = [join(program.bin, '..'), process.env['PATH']].join(':');
});
afterAll(() => program[Symbol.asyncDispose]());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lunaq-containers-'));
  containers = [];
  env = {
    PATH: folder,
    LUNAQ_CACHE: join(folder, 'cache'),
    DOCKER_HOST: await engine((request, reply) => {
      reply.writeHead(request.url === '/_ping' ? 200 : 404).end('OK');
    }),
  };
});
afterEach(async () => {
  for (const step of cleanUp.splice(0).toReversed()) await step();
  await rm(folder, { recursive: true });
});

/** Answers where Docker would, and tells where that is. */
async function engine(listener: RequestListener): Promise<string> {
  const socket = join(folder, 'docker.sock');
  await rm(socket, { force: true });
  const server = createServer(listener).listen(socket);
  await once(server, 'listening');
  cleanUp.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `unix://${socket}`;
}

class Container {
  readonly plan: Record<string, unknown>;
  #words: string[] = [];
  #child: ChildProcess | undefined;
  isRemoved = false;

  constructor(image: string) {
    this.plan = { image };
    containers.push(this);
  }
  withNetworkMode(network: string) {
    this.plan['network'] = network;
    return this;
  }
  withBindMounts(mounts: { source: string; target: string }[]) {
    this.plan['mounts'] = mounts;
    return this;
  }
  withUser(user: string) {
    this.plan['user'] = user;
    return this;
  }
  withEntrypoint(words: string[]) {
    this.#words.unshift(...words);
    return this;
  }
  withCommand(words: string[]) {
    this.#words.push(...words);
    return this;
  }
  async start() {
    const [file = '', ...args] = this.#words;
    this.#child = spawn(file, args, {
      env: { PATH: programPath },
      detached: true,
      stdio: 'ignore',
    });
    return this;
  }
  get isRunning() {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }
  /** As an engine does with the first process of a container, whose end is the end of all in it. */
  async stop() {
    const child = this.#child;
    if (child?.pid === undefined) throw new Error('It never ran');
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {} // all have ended
    if (this.isRunning) await once(child, 'exit');
    this.isRemoved = true;
  }
}

const load = async (): Promise<Testcontainers> => ({ GenericContainer: Container });

async function start(options: RedisServerOptions = {}, loader: () => Promise<unknown> = load) {
  const server = await startRedisAt(() => nextPort++, { env, ...options }, loader);
  cleanUp.push(() => server.stop());
  return server;
}

function connect(target: string) {
  const client = new Redis(target, { retryStrategy: null, lazyConnect: true });
  client.on('error', () => {});
  cleanUp.push(() => client.disconnect());
  return client;
}

async function findSource(): Promise<string> {
  return (await findServer({ env, loadTestcontainers: load })).source;
}

async function put(file: string, text: string): Promise<string> {
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, text, { mode: 0o755 });
  return file;
}

test('a container is taken after PATH and the cache, before packages', async () => {
  await put(join(folder, 'apt-get'), '#!/bin/sh\nexit 100\n');
  await put(join(folder, 'dpkg-deb'), '#!/bin/sh\nexit 100\n');
  expect(await findSource()).toBe('container');
  const cached = join(folder, 'cache/servers', readSystem().key, 'usr/bin/redis-server');
  await put(cached, '#!/bin/sh\n');
  expect(await findSource()).toBe('cache');
  await put(join(folder, 'valkey-server'), '#!/bin/sh\n');
  expect(await findSource()).toBe('path');
});

test('the image is the one that REDIS_IMAGE names', async () => {
  expect(await findImage(env, load)).toMatchObject({ image: 'redis:7.4-alpine' });
  env['REDIS_IMAGE'] = 'valkey/valkey:8';
  expect(await findImage(env, load)).toMatchObject({ image: 'valkey/valkey:8' });
});

test('its server has one life: start, kill, restart at the same place, stop', async () => {
  const server = await start({ appendonly: true, appendfsync: 'always', password: 'a b' });
  const { url, port } = server;
  const mounts = [{ source: server.folder, target: server.folder }];
  const user = `${process.getuid?.()}:${process.getgid?.()}`;
  expect(containers[0]?.plan).toEqual({ image: 'redis:7.4-alpine', network: 'host', mounts, user });
  expect(server.pid).toBeUndefined();
  await connect(url).set('key', 'value');

  await server.kill();
  expect(containers[0]?.isRemoved).toBe(true);
  await expect(connect(url).ping()).rejects.toThrow('Connection is closed');

  await server.restart();
  expect(server.port).toBe(port);
  expect(await connect(url).get('key')).toBe('value');
  await server.restart(); // of one that runs
  expect(await connect(url).get('key')).toBe('value');

  await server.stop();
  expect(containers).toHaveLength(3);
  expect(containers.every(({ isRemoved }) => isRemoved)).toBe(true);
  expect(existsSync(server.folder)).toBe(false);
  await expect(connect(url).ping()).rejects.toThrow('Connection is closed');
});

test('a container whose server has ended by itself is removed', async () => {
  const server = await start();
  await connect(server.url)
    .shutdown('NOSAVE')
    .catch(() => {});
  await until(() => containers[0]?.isRemoved === true);
});

test('a unix socket in its folder is reached from here', async () => {
  const server = await start({ socket: true });
  expect(await connect(server.url).ping()).toBe('PONG');
});

test('a port that somebody has taken is given up for the next one', async () => {
  const other = await start();
  nextPort = other.port;
  const server = await start();
  expect(server.port).toBeGreaterThan(other.port);
  expect(containers[1]?.isRemoved).toBe(true);
});

test('what a server in a container says before it ends is in the error', async () => {
  const attempt = start({ config: { 'no-such-directive': 1 } });
  await expect(attempt).rejects.toThrow(/redis:7.4-alpine ended instead of listening/);
  await expect(attempt).rejects.toThrow(/no-such-directive/);
});

test('an image that can not be had is an error, and leaves no folder', async () => {
  let place = '';
  class Unavailable extends Container {
    override withBindMounts(mounts: { source: string; target: string }[]) {
      place = mounts[0]?.source ?? '';
      return super.withBindMounts(mounts);
    }
    override async start(): Promise<never> {
      throw new Error('pull access denied');
    }
  }
  const attempt = start({}, async () => ({ GenericContainer: Unavailable }));
  await expect(attempt).rejects.toThrow(RedisStartError);
  await expect(attempt).rejects.toThrow('No container of redis:7.4-alpine could be started: pull');
  expect(place).toContain('lunaq-redis-');
  expect(existsSync(place)).toBe(false);
});

test('an engine that does not stop a container is an error of kill(), not a wait', async () => {
  class Stubborn extends Container {
    refusals = 1;
    override async stop() {
      if (this.refusals-- > 0) throw new Error('permission denied');
      await super.stop();
    }
  }
  const server = await start({}, async () => ({ GenericContainer: Stubborn }));
  cleanUp.push(() => containers[0]?.stop());
  await expect(server.kill()).rejects.toThrow('permission denied');
});

test('testcontainers is imported lazily, and its container ends with a killed parent', async () => {
  const compiled = await compileTesting();
  cleanUp.push(() => compiled.remove());
  const options = JSON.stringify({ env });
  const missing = await compiled.run(
    `await findServer(${options}).catch((error) => print(error.looked));`,
  );
  expect(JSON.parse(missing.line)).toContain('container: testcontainers is not installed');

  await compiled.install(
    'testcontainers',
    `import { spawn } from 'node:child_process';
    const words = [];
    export class GenericContainer {
      withNetworkMode() { return this; }
      withBindMounts() { return this; }
      withUser() { return this; }
      withEntrypoint(more) { words.unshift(...more); return this; }
      withCommand(more) { words.push(...more); return this; }
      async start() { spawn(words[0], words.slice(1), { detached: true, stdio: 'ignore' }).unref(); }
    }`,
  );
  const { child, line } = await compiled.run(
    `const { url, folder } = await startRedis(${options});
    print({ url, folder });
    setInterval(() => {}, 1000);`,
    { ...process.env, PATH: programPath },
  );
  const server: { url: string; folder: string } = JSON.parse(line);
  expect(await connect(server.url).ping()).toBe('PONG');
  child.kill('SIGKILL');
  await until(() => !existsSync(server.folder));
  const answers = () =>
    connect(server.url)
      .ping()
      .then(Boolean, () => false);
  await until(async () => !(await answers()), 10_000, 'the end of the container');
});

const noModule = async () => ({});
test.each([
  ['no socket', { DOCKER_HOST: 'unix:///nowhere/docker.sock' }, load, /docker.sock: .*ENOENT/],
  [
    'an engine elsewhere',
    { DOCKER_HOST: 'tcp://far:2375' },
    load,
    /tcp:\/\/far:2375 is not a unix/,
  ],
  ['no image', { REDIS_IMAGE: '' }, load, /REDIS_IMAGE is empty/],
  ['some other module', {}, noModule, /testcontainers has no GenericContainer/],
] as const)('for want of a container the error tells of %s', async (_, more, loader, reason) => {
  const attempt = findServer({ env: { ...env, ...more }, loadTestcontainers: loader });
  await expect(attempt).rejects.toThrow(RedisNotFoundError);
  await expect(attempt).rejects.toMatchObject({
    looked: expect.arrayContaining([expect.stringMatching(reason)]),
  });
});

test.each<[string, RequestListener, RegExp]>([
  ['is silent', () => {}, /no answer in 1 s/],
  ['is no engine', (_, reply) => void reply.writeHead(502).end(), /_ping gave 502/],
])('for want of a container the error tells of a socket that %s', async (_, listener, reason) => {
  const DOCKER_HOST = await engine(listener);
  let loads = 0;
  const counting = () => {
    loads++;
    return load();
  };
  const attempt = findServer({ env: { ...env, DOCKER_HOST }, loadTestcontainers: counting });
  await expect(attempt).rejects.toThrow(reason);
  expect(loads).toBe(0);
});

const whyNot = await findImage(process.env).then(
  () => undefined,
  (error: unknown) => (error instanceof Error ? error.message : String(error)),
);
const notRun = whyNot === undefined ? '' : ` (not run: ${whyNot})`;
test.skipIf(whyNot !== undefined)(
  `a true container has the same life${notRun}`,
  { timeout: 300_000 },
  async () => {
    const { PATH: _, ...elsewhere } = process.env;
    const options = { appendonly: true, appendfsync: 'always', startTimeout: 30_000 } as const;
    const onlyContainers = { ...elsewhere, REDIS_SERVER_BIN: '', LUNAQ_CACHE: join(folder, 'no') };
    const server = await startRedisAt(() => nextPort++, { env: onlyContainers, ...options });
    cleanUp.push(() => server.stop());
    expect(server.pid).toBeUndefined();
    await connect(server.url).set('key', 'value');
    await server.kill();
    await expect(connect(server.url).ping()).rejects.toThrow('Connection is closed');
    await server.restart();
    expect(await connect(server.url).get('key')).toBe('value');
    await server.stop();
    expect(existsSync(server.folder)).toBe(false);
  },
);
