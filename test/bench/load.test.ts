// `npm run load` in processes of its own, against private servers: what it reports, refuses, survives and leaves behind.
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test, vi } from 'vitest';
import { Queue } from '../../src/queue.js';
import { liveRedis, until } from '../helpers/live.js';

// Processes that start while others measure take their time.
vi.setConfig({ testTimeout: 60_000 });
const live = liveRedis({ perTest: true, appendonly: true, appendfsync: 'always' });
const script = resolve(import.meta.dirname, '../../bench/load.mjs');
const prefix = 'lunaq-load';

interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

interface Report {
  readonly interrupted: boolean;
  readonly jobs: Readonly<Record<string, number>> & {
    readonly refused: Readonly<Record<string, number>>;
  };
  readonly achieved: { readonly jobsPerSecond: number; readonly saturated: boolean };
  readonly latency: { readonly start: Quantiles; readonly completed: Quantiles };
  readonly redis: Readonly<Record<string, number>> & {
    readonly outages: { readonly count: number; readonly ms: number };
  };
  readonly errors: Readonly<Record<string, number>>;
  readonly ok: boolean;
}

interface Interval {
  readonly seconds: number;
  readonly done: number;
  readonly waiting: number | null;
}

/** A load test that runs. */
class Running {
  stdout = '';
  stderr = '';
  readonly #child;
  /** Resolves to the exit code. */
  readonly ended: Promise<number | null>;

  constructor(args: readonly string[], url?: string) {
    const { REDIS_URL: _, ...env } = process.env;
    this.#child = spawn(process.execPath, [script, ...args], {
      env: url === undefined ? env : { ...env, REDIS_URL: url },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((done) => this.#child.once('close', done));
    live.after(async () => {
      this.#child.kill('SIGKILL');
      await this.ended;
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  get #documents(): { interval?: Interval; report?: Report }[] {
    const whole = this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { interval?: Interval; report?: Report });
  }

  /** Waits for its end, and shows what it told when that is not 0. */
  async endsWell(): Promise<void> {
    const code = await this.ended;
    if (code !== 0) throw new Error(`exit ${code}\n${this.stdout.slice(-4_000)}\n${this.stderr}`);
  }

  get intervals(): Interval[] {
    return this.#documents.flatMap(({ interval }) => interval ?? []);
  }

  get report(): Report {
    const report = this.#documents.find((document) => document.report)?.report;
    if (!report) throw new Error(`no report:\n${this.stdout}\n${this.stderr}`);
    return report;
  }

  /** Waits until jobs are being done. */
  async works(): Promise<void> {
    await until(() => this.intervals.some(({ done }) => done > 0), 10_000, 'jobs are done');
  }
}

/** A load test of the server of this test. */
function start(...args: string[]): Running {
  const quick = ['--rate', '300', '--seconds', '2', '--interval', '0.2', '--json'];
  return new Running([...quick, ...args], live.server.url);
}

const noneAstray = { lost: 0, repeated: 0, unasked: 0, unconfirmed: 0, left: 0 };

test('each job is added and done once, the figures fit together, and no key stays', async () => {
  const load = start('--queues', '2', '--producers', '2', '--work', '0..2', '--bytes', '200');
  await load.endsWell();
  const { report } = load;
  expect(report.ok).toBe(true);
  expect(report.jobs).toMatchObject({ offered: 600, added: 600, done: 600, ran: 600 });
  expect(report.jobs).toMatchObject({ ...noneAstray, refused: {} });
  expect(report.latency.start.p50).toBeGreaterThan(0);
  expect(report.latency.start.p50).toBeLessThanOrEqual(report.latency.start.p99);
  expect(report.latency.start.p99).toBeLessThanOrEqual(report.latency.completed.max);
  expect(report.redis['scriptsPerJob']).toBeLessThan(report.redis['commandsPerJob'] ?? 0);
  expect(report.redis['netBytesPerJob']).toBeGreaterThan(200);
  expect(report.redis.outages).toEqual({ count: 0, ms: 0 });
  expect(load.intervals.length).toBeGreaterThan(7);
  expect(await live.redis.keys('*')).toEqual([]);
});

test('without a server of yours it starts one, and prints for people', async () => {
  const load = new Running(['--seconds', '2', '--rate', '100']);
  await load.endsWell();
  expect(load.stderr).toBe('');
  expect(load.stdout).toMatch(/^100 jobs\/s for 2 s on a private server/);
  expect(load.stdout).toMatch(/200 offered, 200 added, 200 done\n\s+0 lost, 0 repeated/);
});

test('a load that is too much is told as such, and all of it is worked on', async () => {
  const load = start('--workers', '1', '--concurrency', '1', '--work', '5', '--rate', '400');
  await load.endsWell();
  const { achieved, jobs } = load.report;
  expect(achieved.saturated).toBe(true);
  expect(achieved.jobsPerSecond).toBeLessThan(210);
  expect(jobs).toMatchObject({ added: 800, done: 800, ...noneAstray });
});

test('SIGINT in the middle ends it with a report and without keys', async () => {
  const load = start('--seconds', '60', '--work', '20', '--concurrency', '2');
  await load.works();
  load.kill('SIGINT');
  // What npm hands on once more is no second one.
  load.kill('SIGINT');
  await load.endsWell();
  const { interrupted, jobs } = load.report;
  expect(interrupted).toBe(true);
  expect(jobs['offered']).toBeLessThan(300 * 60);
  expect(jobs).toMatchObject({ lost: 0, repeated: 0, unasked: 0 });
  expect(jobs['added']).toBe(jobs['offered']);
  expect(await live.redis.keys('*')).toEqual([]);
});

test('a second SIGINT quits at once, and its processes end with it', async () => {
  const load = start('--seconds', '60', '--work', '4000', '--workers', '1');
  await until(() => load.intervals.length > 3, 10_000);
  load.kill('SIGINT');
  await new Promise((later) => {
    setTimeout(later, 700);
  });
  load.kill('SIGINT');
  expect(await load.ended).toBe(130);
  expect(load.stderr).toContain('quit at once');
  // Only this test is left.
  await until(async () => {
    const clients = await live.redis.client('LIST');
    return String(clients).trim().split('\n').length === 1;
  }, 10_000);
});

test('a server that is killed and restarted under it: each acknowledged job once, the outage told', async () => {
  const load = start('--seconds', '4', '--work', '1..3');
  await load.works();
  await live.server.kill();
  await new Promise((later) => {
    setTimeout(later, 500);
  });
  await live.server.restart();
  await load.endsWell();
  const { jobs, redis, errors } = load.report;
  expect(jobs).toMatchObject({ lost: 0, repeated: 0, unasked: 0, left: 0 });
  expect(jobs['offered']).toBe(1_200);
  expect(jobs['added']).toBeGreaterThan(600);
  expect(redis.outages.count).toBe(1);
  expect(redis.outages.ms).toBeGreaterThan(300);
  expect(Object.keys(errors).join('\n')).toContain('ECONNREFUSED');
  await until(async () => (await live.redis.keys('*').catch(() => ['?'])).length === 0);
});

test('jobs that the server forgets are lost: exit 1', async () => {
  const load = start('--workers', '1', '--concurrency', '1', '--work', '5', '--rate', '500');
  await until(() => load.intervals.some(({ waiting }) => (waiting ?? 0) > 50), 10_000);
  await live.redis.flushall();
  expect(await load.ended).toBe(1);
  expect(load.report.ok).toBe(false);
  expect(load.report.jobs['lost']).toBeGreaterThan(10);
});

test('a job that runs twice is repeated: exit 1', async () => {
  const load = start();
  await load.works();
  const queue = live.track(new Queue('load-1', { connection: live.server.connection, prefix }));
  await queue.add('load', { index: 7 }, { removeOnComplete: true });
  expect(await load.ended).toBe(1);
  expect(load.report.jobs).toMatchObject({ lost: 0, repeated: 1 });
});

test('a prefix with keys is refused, and these stay as they are', async () => {
  await live.redis.set(`${prefix}:of-somebody`, 'dear');
  const load = start();
  expect(await load.ended).toBe(2);
  expect(load.stderr).toContain(`--prefix: expected one without keys, got ${prefix}, which has`);
  expect(load.stderr).toContain(`${prefix}:of-somebody`);
  expect(await live.redis.keys('*')).toEqual([`${prefix}:of-somebody`]);
});

test('--keep leaves the queues', async () => {
  const load = start('--keep', '--prefix', 'kept*');
  await load.endsWell();
  expect(await live.redis.keys('*')).toContain('kept*:queues');
  const again = start('--prefix', 'kept*');
  expect(await again.ended).toBe(2);
});

test('it warns of what others feel, and of a server that evicts', async () => {
  await live.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  const load = start('--seconds', '2');
  await load.endsWell();
  expect(load.stderr).toMatch(
    /^load: 1 other client is connected: .*\nload: maxmemory-policy is allkeys-lru: .*\n$/,
  );
});

test('a password is never shown', async () => {
  await live.redis.config('SET', 'requirepass', 'S3same!');
  const url = live.server.url.replace('redis://', 'redis://:S3same%21@');
  const good = new Running(['--redis', url, '--seconds', '2', '--rate', '50']);
  expect(await good.ended).toBe(0);
  const bad = new Running(['--redis', url.replace('S3same', 'wrong-one'), '--seconds', '2']);
  expect(await bad.ended).toBe(1);
  expect(bad.stderr).toMatch(/^load: redis:\/\/127\.0\.0\.1:\d+: can't reach Redis: WRONGPASS/);
  for (const { stdout, stderr } of [good, bad])
    expect(stdout + stderr).not.toMatch(/S3same|wrong-one/);
});

test.each([
  ['--rate abc', '--rate: expected a number from 0.1 to 1000000, got "abc"'],
  ['--rate --json', '--rate: expected a value after it, got none'],
  ['--seconds 1', '--seconds: expected a number from 2 to 604800, got "1"'],
  ['--workers 0', '--workers: expected a whole number from 1 to 256, got "0"'],
  ['--work 9..2', '--work: expected ms up to 600000, or a..b with a up to b, got "9..2"'],
  ['--bytes 2', '--bytes: expected a whole number from 29 to 1000000, got "2"'],
  ['--prefix a{b', '--prefix: expected 1 to 200 bytes without braces'],
  ['--redis http://me:secret@host', '--redis: expected redis://'],
  ['--keep=1', '--keep: expected no value, got "1"'],
  ['--speed 3', '--speed: expected one of --redis, --rate,'],
  ['fast', 'expected flags only, got "fast"'],
])('misuse: %s', async (flags, message) => {
  const load = new Running(flags.split(' '));
  expect(await load.ended).toBe(2);
  expect(load.stderr).toMatch(/^load: .*\n$/);
  expect(load.stderr).toContain(message);
  expect(load.stderr).not.toContain('secret');
  expect(load.stdout).toBe('');
});

test('--help tells every flag', async () => {
  const load = new Running(['--help']);
  await load.endsWell();
  for (const flag of ['redis', 'rate', 'work', 'keep', 'json', 'interval'])
    expect(load.stdout).toContain(`--${flag} `);
});
