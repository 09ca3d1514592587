// A password, and what jobs hold, in nothing that is shown, logged or thrown.
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import type { Worker as Thread } from 'node:worker_threads';
import { expect, test, vi } from 'vitest';
import { QueueEvents } from '../../src/listening/queue-events.js';
import { Queue } from '../../src/queue.js';
import { startRedis } from '../../src/testing/index.js';
import { Worker } from '../../src/worker.js';
import { lunaq, start } from '../cli/command.js';
import { gate, liveRedis, pause, quick, until } from '../helpers/live.js';
import { rejection } from '../helpers/rejection.js';

const live = liveRedis();
live.deniesOnPurpose = true;

/** Nothing that is encoded, so that it can't hide. */
const secret = 'Marker0Secret';

/** Everything that can be seen of a value, with its causes and what it holds. */
function seen(value: unknown): string {
  let json = '';
  try {
    json = JSON.stringify(value) ?? '';
  } catch {
    // Circular: nobody gets to see it so.
  }
  return `${inspect(value, { depth: 20, showHidden: true })}\n${String(value)}\n${json}`;
}

/** What was shown anywhere until the test ends. */
function overhear(): { all: () => string } {
  const shown: unknown[] = [];
  const note = (...values: unknown[]): void => void shown.push(...values);
  process.on('warning', note);
  const spies = (['error', 'warn', 'log'] as const).map((name) => vi.spyOn(console, name).mockImplementation(note)); // prettier-ignore
  live.after(() => {
    process.off('warning', note);
    for (const spy of spies) spy.mockRestore();
  });
  return { all: () => shown.map(seen).join('\n') };
}

const local = { host: '127.0.0.1', password: secret };

const ways: [what: string, connection: () => object | string][] = [
  [
    'a password that is wrong',
    () => ({ ...local, port: live.server.port, username: 'the-worker' }),
  ],
  [
    'one that is wrong, over RESP2',
    () => ({ ...local, port: live.server.port, username: 'me', protocol: 2 as const }),
  ],
  ['one that nobody asked for', () => ({ ...local, port: live.server.port })],
  ['a URL with a wrong one', () => `redis://the-worker:${secret}@127.0.0.1:${live.server.port}`],
  ['a server that is not there', () => ({ ...local, port: 1 })],
  ['a URL where no server is', () => `redis://me:${secret}@127.0.0.1:1`],
  [
    'a server without TLS',
    () => ({ ...local, port: live.server.port, tls: { passphrase: secret } }),
  ],
  ['an unknown database', () => ({ ...live.as('everything'), db: 9_999 })],
];

test.each(ways)('%s is shown nowhere', async (_, connection) => {
  const { all } = overhear();
  const place = { connection: connection() as never };
  const queue = live.track(new Queue(live.name, place));
  // Without a listener, so that its errors are logged.
  const worker = new Worker(live.name, () => 1, { ...place, ...quick });
  const events = live.track(new QueueEvents(live.name, place));
  const ready = [queue, worker].map((one) => rejection(one.waitUntilReady()).catch(() => undefined)); // prettier-ignore
  await until(() => live.errors.length > 0, 1_000).catch(() => undefined);
  await pause(100);
  const running = [queue, worker, events].map(seen);
  await Promise.all([queue.close(), worker.close(true), events.close()]);
  void Promise.all(ready);
  const told = [...live.errors, queue, worker, events].map(seen);
  expect([...running, ...told, all()].filter((text) => text.includes(secret))).toEqual([]);
});

test.each([
  `redis://:${secret}@127.0.0.1:port`,
  `redis://:${secret}@[bad`,
  `redis://u:${secret}@host:99999999`,
  `rediss://:${secret}@`,
  `redis://:${secret}%ZZ@127.0.0.1:1`,
  `://:${secret}@x`,
])('a URL that can not be read is refused without its password', async (url) => {
  const { all } = overhear();
  const errors = [
    () => new Queue('q', { connection: url }),
    () => new Worker('q', () => 1, { connection: url }),
    () => new QueueEvents('q', { connection: url }),
  ].map((make) => {
    try {
      return make();
    } catch (error) {
      return error;
    }
  });
  for (const error of errors) {
    expect(error).toBeInstanceOf(TypeError);
    expect(seen(error)).toMatch(/^TypeError: connection: expected a URL/);
    expect(seen(error)).not.toContain(secret);
  }
  const { stdout, stderr } = await lunaq(live, ['info', '--url', url, '--debug']);
  expect(stdout + stderr + all()).not.toContain(secret);
});

test('a working connection is shown by none that uses it', async () => {
  const account = { username: 'marked', password: secret };
  await live.redis.acl('SETUSER', 'marked', 'on', `>${secret}`, '~*', '&*', '+@all');
  live.after(() => live.redis.acl('DELUSER', 'marked'));
  const { all } = overhear();
  const connection = { ...live.server.connection, ...account };
  const queue = live.track(new Queue<object>(live.name, { connection }));
  const jobs: unknown[] = [];
  const worker = new Worker(live.name, (job) => void jobs.push(seen(job)), {
    ...quick,
    connection,
  });
  live.track(worker);
  jobs.push(await queue.add('job', {}));
  await until(() => jobs.length === 2);
  await live.redis.acl('SETUSER', 'marked', '-hset');
  jobs.push(await rejection(queue.add('job', {})));
  expect(jobs.at(-1)).toMatchObject({ code: 'NO_PERMISSION' });
  const shown = [queue, worker, ...jobs, ...live.errors].map(seen);
  expect([...shown, all()].filter((text) => text.includes(secret))).toEqual([]);
  await live.redis.acl('SETUSER', 'marked', '+@all');
});

test('what a job holds is in no error of the library', async () => {
  const { all } = overhear();
  const queue = live.queue({ limits: { dataBytes: 100 } });
  const { jobs, results } = queue['store'].keys;
  const errors: unknown[] = [await rejection(queue.add('job', secret.repeat(100)))];
  await live.redis.hset(jobs, 'broken', `${secret}["n",`, 'worse', `["n",1,1,{"a":${secret}}]`);
  await live.redis.rpush(`lunaq:{${live.name}}:waiting`, 'broken', 'worse');
  const failed: unknown[] = [];
  errors.push(await queue.getJob('broken').catch((error: unknown) => error));
  await queue.getJobs(['waiting']).catch((error: unknown) => void errors.push(error));
  live.worker(() => 1).on('failed', (_job, error) => void failed.push(error));
  await until(() => failed.length === 2);
  await live.redis.hset(results, 'worse', `{"returnvalue":${secret}`);
  errors.push(await queue.getJob('worse').catch((error: unknown) => error));
  const shown = [...errors, ...failed, ...live.errors].map((error) => (error instanceof Error ? seen(error) : '')); // prettier-ignore
  expect([...shown, all()].filter((text) => text.includes(secret))).toEqual([]);
  live.errors = [];
});

/** A user of this server with the secret as its password. */
async function marked(): Promise<object> {
  await live.redis.acl('SETUSER', 'marked', 'on', `>${secret}`, '~*', '&*', '+@all');
  live.after(() => live.redis.acl('DELUSER', 'marked'));
  return { ...live.server.connection, username: 'marked', password: secret };
}

/** What every user of the machine, and those who get its reports, may read of a process. */
function readable(pid: number): string {
  const files = ['cmdline', 'environ', 'comm'].map((name) => `/proc/${pid}/${name}`);
  return files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('\n');
}

test('a process tells no password by its arguments, its environment, or a report of Node', async () => {
  const server = await startRedis({ password: secret });
  live.after(() => server.stop());
  const connection = await marked();
  live.track(new Worker(live.name, () => 1, { connection, ...quick }));
  const events = live.track(new QueueEvents(live.name, { connection }));
  await events.waitUntilReady();
  const { title, argv, execArgv, env } = process;
  const report = JSON.stringify(process.report.getReport());
  const texts = [readable(process.pid), readable(server.pid ?? 0), report, seen({ title, argv, execArgv, env }), seen(events)]; // prettier-ignore
  expect(texts.filter((text) => text.includes(secret))).toEqual([]);
});

test('a lease thread that crashes tells no password, and leases are renewed without it', async () => {
  const { all } = overhear();
  const born = once(process, 'worker') as Promise<[Thread]>;
  const connection = await marked();
  const held = gate();
  const queue = live.track(new Queue(live.name, { connection }));
  live.track(new Worker(live.name, () => held.opened, { connection, ...quick }));
  const job = await queue.add('job', {});
  const [thread] = await born;
  const crashed = once(thread, 'error');
  thread.postMessage({ kind: 'keep' });
  const [error] = (await crashed) as [Error];
  expect(error).toBeInstanceOf(TypeError);
  const begun = performance.now();
  await until(() => performance.now() - begun > 1.5 * quick.lockDuration);
  held.open();
  await until(async () => (await job.getState()) === 'completed');
  const texts = [error, thread, ...live.errors].map(seen);
  expect([...texts, all()].filter((text) => text.includes(secret))).toEqual([]);
  expect(live.errors).toEqual([]);
});

const url = `redis://me:${secret}@127.0.0.1:1`;

/** Where it is typed by mistake, too, and its exit code. */
const calls: [args: string[], code: number][] = [
  [['worker', '--help', '--url', url], 0],
  [['inf', '--url', url], 2],
  [[url], 2],
  [['info', `--ulr=${url}`], 2],
  [['info', '--interval', url], 2],
  [['add', 'q', 'job', url, '--url', url], 1],
  [['worker', url, 'q', '--url', url, '--debug'], 1],
  [['info', '--cacert', url, '--cert', url, '--url', url], 2],
];

test('the command tells no password, however it is called', async () => {
  const ended = await Promise.all(
    calls.map(async ([args]) => await lunaq(live, args, { env: { REDIS_URL: url } })),
  );
  expect(ended.map(({ code }) => code)).toEqual(calls.map(([, code]) => code));
  expect(ended.filter(({ stdout, stderr }) => (stdout + stderr).includes(secret))).toEqual([]);
});

test.runIf(process.platform === 'linux')('ps shows no password of a command', async () => {
  await marked();
  const { host, port } = live.server;
  const args = ['info', '--interval', '0.1', '--url', `redis://marked:${secret}@${host}:${port}`];
  const view = start(live, args);
  await view.until(/Updated/);
  const shown = readFileSync(`/proc/${view.pid}/cmdline`, 'utf8');
  expect(shown).toMatch(/^lunaq info --interval 0\.1 --url redis:\/\/marked:\*\*\*@/);
  expect(shown).not.toContain(secret);
});
