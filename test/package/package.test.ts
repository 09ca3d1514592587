// How the package is found: by require, installed from its tarball, and inside one bundled file far from any
// node_modules, where scripts and the lease thread must come along.
import { execFile } from 'node:child_process';
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis, type RedisServer } from '../../src/testing/index.js';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
let server: RedisServer;
let folder: string;

/** Adds a job whose handler blocks the event loop for thrice its lease, and prints how it ended. */
const program = `
  const queue = new Queue('bundled', { connection: process.argv[2] });
  const worker = new Worker('bundled', () => {
    const end = Date.now() + 1500;
    while (Date.now() < end);
    return 'kept its lease';
  }, { connection: process.argv[2], lockDuration: 500, stalledInterval: 100 });
  worker.on('error', (error) => console.log('error', error.message));
  const ended = new Promise((resolve) => worker.on('completed', (job, result) => resolve(result)));
  queue.add('block', { n: 1 });
  ended.then(async (result) => {
    await worker.close();
    await queue.close();
    console.log(result);
  });
`;

beforeAll(async () => {
  server = await startRedis();
  folder = await realpath(await mkdtemp(join(tmpdir(), 'lunaq-package-')));
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

/** Runs the program, and meanwhile looks how close the deadline of its lease came, in ms. */
async function runsIn(file: string): Promise<{ printed: string; closest: number }> {
  const redis = new Redis(server.url);
  const ended = run(process.execPath, [file, server.url], { timeout: 20_000 });
  let closest = Number.POSITIVE_INFINITY;
  const over = new AbortController();
  const finish = ended.finally(() => over.abort());
  while (!over.signal.aborted) {
    const [[, active], [, leases], [, time]] = (await redis
      .multi()
      .hlen('lunaq:{bundled}:active')
      .zrange('lunaq:{bundled}:leases', '0', '0', 'WITHSCORES')
      .time()
      .exec()) as [[null, number], [null, string[]], [null, string[]]];
    const now = Number(time[0]) * 1_000 + Number(time[1]) / 1_000;
    if (active > 0) closest = Math.min(closest, Number(leases[1]) - now);
    await sleep(20);
  }
  redis.disconnect();
  return { printed: (await finish).stdout.trim(), closest };
}

function expectKept({ printed, closest }: { printed: string; closest: number }): void {
  expect(printed).toBe('kept its lease');
  expect(closest).toBeGreaterThan(0);
  expect(closest).toBeLessThan(500);
}

test('is loaded by require from CommonJS, in a clone', async () => {
  const code =
    "const { Queue, Worker } = require('lunaq'); console.log(typeof Queue, typeof Worker)";
  const { stdout } = await run(process.execPath, ['-e', code], { cwd: root });
  expect(stdout.trim()).toBe('function function');
});

test('works when installed from its tarball', async () => {
  const { stdout } = await run(
    'npm',
    ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder],
    {
      cwd: root,
    },
  );
  const modules = join(folder, 'app/node_modules');
  await mkdir(modules, { recursive: true });
  await run('tar', ['-xzf', join(folder, stdout.trim()), '-C', folder]);
  await cp(join(folder, 'package'), join(modules, 'lunaq'), { recursive: true });
  for (const name of ['ioredis', 'commander'])
    await symlink(join(root, 'node_modules', name), join(modules, name));
  const file = join(folder, 'app/main.cjs');
  await writeFile(file, `const { Queue, Worker } = require('lunaq');${program}`);
  expectKept(await runsIn(file));

  // As npm does.
  const { bin } = JSON.parse(await readFile(join(modules, 'lunaq/package.json'), 'utf8')) as {
    bin: { lunaq: string };
  };
  await chmod(join(modules, 'lunaq', bin.lunaq), 0o755);
  await mkdir(join(modules, '.bin'));
  await symlink(join('../lunaq', bin.lunaq), join(modules, '.bin/lunaq'));
  const app = { cwd: join(folder, 'app') };
  await writeFile(join(app.cwd, 'package.json'), '{}');
  await writeFile(join(app.cwd, 'handlers.cjs'), 'exports.handler = (job) => job.name;');
  const lunaq = ['--no-install', 'lunaq', '--url', server.url];
  await run('npx', [...lunaq, 'add', 'installed', 'x', '--id', 'a'], app);
  await run('npx', [...lunaq, 'worker', 'handlers.cjs', 'installed', '--burst'], app);
  const { stdout: shown } = await run('npx', [...lunaq, 'job', 'installed', 'a', '--json'], app);
  expect(JSON.parse(shown)).toMatchObject({ state: 'completed', returnvalue: 'x' });
});

test('works in one bundled file, without node_modules', { tags: ['timing'] }, async () => {
  const entry = join(folder, 'entry.mjs');
  await writeFile(
    entry,
    `import { Queue, Worker } from ${JSON.stringify(join(root, 'dist/index.js'))};${program}`,
  );
  const bundle = await rolldown({ input: entry, platform: 'node' });
  const alone = join(folder, 'alone');
  await mkdir(alone);
  await bundle.write({ file: join(alone, 'bundle.mjs'), format: 'esm' });
  await bundle.close();
  expectKept(await runsIn(join(alone, 'bundle.mjs')));
});
