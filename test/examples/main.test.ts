// The main job as a user runs it.
import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startRedis } from '../../src/testing/index.js';
import { childrenOf, hasProc, killAll, runs, start } from './program.js';

// Whole programs, some of which wait for a lease to end, on machines that do other things too.
vi.setConfig({ testTimeout: 60_000 });

/** A line that tells that some files were counted, and others were not. */
const counting = /, count [1-9][\d,]* of [\d,]+,/;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lunaq-main-test-'));
});

afterEach(async () => {
  killAll();
  await rm(folder, { recursive: true });
});

/** Many regular files for little room on the disk: links to one text that takes some ms to count. */
async function manyFiles(count: number, bytes: number): Promise<void> {
  const text = join(folder, '0.txt');
  await writeFile(text, 'apple pear '.repeat(Math.ceil(bytes / 11)));
  for (let n = 1; n < count; n++) await link(text, join(folder, `${n}.txt`));
}

test('it counts texts, names what failed by reason, and leaves out what is too large', async () => {
  await mkdir(join(folder, 'deep/.git'), { recursive: true });
  await writeFile(join(folder, 'a.txt'), 'Moon moon, earth; x');
  await writeFile(join(folder, 'deep/b.txt'), 'moon ÉTÉ été constructor __proto__\n');
  await writeFile(join(folder, 'deep/.git/c.txt'), 'moon');
  await writeFile(join(folder, 'empty'), '');
  await writeFile(join(folder, 'picture'), Buffer.from([1, 0, 2]));
  await writeFile(join(folder, 'latin1'), Buffer.from([0x65, 0xe9]));
  await writeFile(join(folder, 'a.js.map'), 'moon');
  await writeFile(join(folder, 'large'), Buffer.alloc(1024 * 1024 + 1, 'moon '));
  await writeFile(join(folder, 'largest'), 'moon '.repeat(1024 * 1024).slice(0, 1024 * 1024));
  await symlink(join(folder, 'a.txt'), join(folder, 'link'));

  const { code, output } = await start('main.js', [folder]).ended;

  expect(output).toMatch(/^Counting words below .* with 2 worker processes and a private Redis\n/);
  const moons = Math.floor((1024 * 1024) / 5) + 3;
  // The text of the largest file is cut within its last word.
  expect(output).toContain(
    [
      'Top words',
      `     ${moons.toLocaleString('en')}  moon`,
      '           2  été',
      '           1  constructor',
      '           1  earth',
      '           1  proto',
      '',
      'Failed',
      '           1  a source map, such as',
      '              a.js.map',
      '           1  binary, such as',
      '              picture',
      '           1  not UTF-8, such as',
      '              latin1',
      '',
      'Left out',
      '           1  larger than 1 MiB',
      '',
      `${(moons + 5).toLocaleString('en')} words, 5 different ones, in 4 files`,
    ].join('\n'),
  );
  // 2 folders, 7 files, a merge for each folder and the last one.
  expect(output).toMatch(/\n12 jobs in \S+ s: \S+ jobs\/s, \S+ µs of Redis CPU per job\n$/);
  expect(code).toBe(0);
});

test('names of files can be of any length and do nothing to the terminal', async () => {
  const long = Array.from({ length: 3 }, () => 'long-'.repeat(40)).join('/');
  await mkdir(join(folder, long), { recursive: true });
  await writeFile(join(folder, long, 'a.txt'), 'moon');
  await writeFile(join(folder, 'new\nline \u001b[31mred \u202e.txt'), 'moon');
  await writeFile(join(folder, 'bell\u0007 \u009b1A'), Buffer.alloc(1));
  await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0x2e])]), 'moon');

  const { code, output } = await start('main.js', [folder]).ended;

  expect(output).toContain('           2  moon\n');
  expect(output).toContain('              bell\\u{7} \\u{9b}1A\n');
  expect(output).toContain('Left out\n           1  unreadable\n');
  // oxlint-disable-next-line no-control-regex -- they are what must not be there
  expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(code).toBe(0);
});

test('an empty folder is no error, a missing one is', async () => {
  const empty = await start('main.js', [folder]).ended;
  expect(empty).toMatchObject({
    code: 0,
    output: expect.stringContaining('\n0 words, 0 different ones, in 0 files\n'),
  });
  const missing = await start('main.js', [join(folder, 'none')]).ended;
  expect(missing).toEqual({ code: 1, output: `no folder ${join(folder, 'none')}\n` });
});

test.runIf(hasProc)('Ctrl-C ends it with 130 and leaves no process behind', async () => {
  await manyFiles(4_000, 500_000);
  const program = start('main.js', [folder]);
  await program.until(counting);
  const children = childrenOf(program.pid);
  expect(children.length).toBeGreaterThanOrEqual(3);

  program.kill('SIGINT');
  const { code, output } = await program.ended;

  expect(output).toMatch(/\nStopped\n$/);
  expect(output).not.toMatch(/Error|ended|\n +at /);
  expect(code).toBe(130);
  expect(children.filter((child) => runs(child.pid))).toEqual([]);
});

test.runIf(hasProc)('when a worker process is killed, the other one does its jobs', async () => {
  await manyFiles(1_000, 100_000);
  const program = start('main.js', [folder]);
  await program.until(counting);
  const worker = childrenOf(program.pid).find((child) => child.name.includes('node'));
  process.kill(worker?.pid ?? 0, 'SIGKILL');

  const { code, output } = await program.ended;

  expect(output).toContain(`worker process ${worker?.pid} has ended (SIGKILL)\n`);
  expect(output).toContain('   9,091,000  apple\n');
  expect(output).toContain('   9,091,000  pear\n');
  expect(code).toBe(0);
});

test('on a given Redis an interrupted run is gone on with, and the end leaves nothing there', async () => {
  await using server = await startRedis();
  const client = new Redis(server.url);
  await manyFiles(1_500, 55_000);
  const env = { REDIS_URL: server.url };
  const first = start('main.js', [folder], env);
  await first.until(counting);
  first.kill('SIGINT');
  expect(await first.ended).toMatchObject({ code: 130 });
  expect(await client.keys('lunaq:*:active')).toEqual([]);
  const [counted = ''] = await client.keys('lunaq:{count-*}:completed');
  expect(await client.zcard(counted)).toBeGreaterThan(0);
  const ended = await client.keys('lunaq:*:completed');
  const before = await Promise.all(ended.map((key) => client.zcard(key)));
  const done = before.reduce((sum, count) => sum + count, 0);

  const { code, output } = await start('main.js', [folder], env).ended;

  // One folder, 1,500 files, 6 merges of 250, one of those, and the last one.
  expect(output).toContain(`\n${(1_509 - done).toLocaleString('en')} jobs in `);
  expect(output).toContain('   7,500,000  apple\n');
  expect(code).toBe(0);
  expect(await client.keys('*')).toEqual([]);
  client.disconnect();
});

test('a Redis that is not there is told in one line', async () => {
  const { code, output } = await start('main.js', [folder, '--redis', 'redis://127.0.0.1:1']).ended;
  expect(output).toMatch(/^Counting .*\nconnect ECONNREFUSED 127\.0\.0\.1:1\n$/);
  expect(code).toBe(1);
});
