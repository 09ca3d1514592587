import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RedisNotFoundError, startRedis } from '../../src/testing/index.js';
import { findServer } from '../../src/testing/find-binary.js';
import { readSystem } from '../../src/testing/system.js';
import { compileTesting, type CompiledTesting } from './compiled.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lunaq-find-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(...path: readonly string[]): Promise<string> {
  const file = join(folder, ...path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, '#!/bin/sh\n');
  await chmod(file, 0o755);
  return file;
}

async function osRelease(text: string): Promise<string> {
  const file = join(folder, 'os-release');
  await writeFile(file, text);
  return file;
}

async function cachedProgram(): Promise<string> {
  return program('cache/servers', readSystem().key, 'usr/bin/redis-server');
}

describe('the search', () => {
  test('takes the option bin before REDIS_SERVER_BIN, and that before PATH', async () => {
    const first = await program('first');
    const second = await program('second');
    const third = await program('bin/redis-server');
    const env = { REDIS_SERVER_BIN: second, PATH: dirname(third) };
    expect(await findServer({ bin: first, env })).toEqual({
      file: first,
      env: {},
      source: 'named',
    });
    expect(await findServer({ env })).toEqual({ file: second, env: {}, source: 'named' });
    expect(await findServer({ env: { PATH: dirname(third) } })).toEqual({
      file: third,
      env: {},
      source: 'path',
    });
  });

  test('looks a bare name up on PATH', async () => {
    const file = await program('bin/keydb-server');
    const found = await findServer({ bin: 'keydb-server', env: { PATH: dirname(file) } });
    expect(found).toMatchObject({ file });
  });

  test('prefers redis-server to valkey-server, wherever they stand on PATH', async () => {
    const valkey = await program('one/valkey-server');
    const redis = await program('two/redis-server');
    const PATH = [dirname(valkey), dirname(redis)].join(delimiter);
    expect(await findServer({ env: { PATH } })).toMatchObject({ file: redis });
    await rm(redis);
    expect(await findServer({ env: { PATH } })).toMatchObject({ file: valkey });
  });

  test('takes what lies in the cache when PATH has none', async () => {
    const file = await cachedProgram();
    const libraries = join(dirname(file), '../lib/x86_64-linux-gnu');
    await mkdir(libraries, { recursive: true });
    const found = await findServer({ env: { PATH: '', LUNAQ_CACHE: join(folder, 'cache') } });
    if (found.source !== 'cache') throw new Error(`It was taken from: ${found.source}`);
    expect(found.file).toBe(file);
    expect(found.env['LD_LIBRARY_PATH']?.split(':')).toContain(libraries);
  });

  test.each([
    ['XDG_CACHE_HOME', 'xdg', 'xdg/lunaq'],
    ['HOME', 'home', 'home/.cache/lunaq'],
  ])('looks for the cache under %s', async (variable, value, cache) => {
    const file = await program(cache, 'servers', readSystem().key, 'usr/bin/redis-server');
    const found = await findServer({ env: { PATH: '', [variable]: join(folder, value) } });
    expect(found).toMatchObject({ file });
  });

  test('does not take a half-unpacked folder, nor a link into nothing', async () => {
    const key = readSystem().key;
    await program(`cache/servers/${key}.partial-AbCdEf/usr/bin/redis-server`);
    const link = join(folder, 'cache/servers', key, 'usr/bin/redis-server');
    await mkdir(dirname(link), { recursive: true });
    await symlink('redis-check-rdb', link);
    const env = { PATH: '', LUNAQ_CACHE: join(folder, 'cache'), REDIS_IMAGE: '' };
    await expect(findServer({ env })).rejects.toThrow(RedisNotFoundError);
  });
});

describe('when there is no server, the error', () => {
  test.each(['/nowhere/redis-server', 'no-such-server'])(
    'for REDIS_SERVER_BIN=%s names it and looks no further',
    async (bin) => {
      const path = await program('bin/redis-server');
      const attempt = startRedis({ env: { REDIS_SERVER_BIN: bin, PATH: dirname(path) } });
      await expect(attempt).rejects.toThrow(RedisNotFoundError);
      await expect(attempt).rejects.toMatchObject({
        code: 'REDIS_NOT_FOUND',
        looked: [`REDIS_SERVER_BIN: ${bin} is not a program that can be run`],
      });
    },
  );

  test('for the option bin does so too', async () => {
    const attempt = startRedis({ bin: join(folder, 'nothing') });
    await expect(attempt).rejects.toThrow(/option bin: .*nothing is not a program/);
  });

  test.each([
    ['ID=debian\nVERSION_CODENAME=trixie', 'sudo apt-get install redis-server'],
    ['ID=ubuntu\nID_LIKE=debian', 'universe'],
    ['ID=linuxmint\nID_LIKE="ubuntu debian"', 'universe'],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"', 'sudo dnf install redis'],
    ['ID=fedora', 'sudo dnf install valkey'],
    ['ID=alpine', 'apk add redis'],
    ['ID=arch', 'sudo pacman -S valkey'],
    ["ID='opensuse-leap'\nID_LIKE='suse opensuse'", 'sudo zypper install redis'],
    ['ID=darwin', 'brew install redis'],
    ['ID=plan9', 'see the Redis or Valkey documentation'],
  ])('on a system with %j says: %s', async (text, advice) => {
    const env = { PATH: folder, LUNAQ_CACHE: join(folder, 'cache'), REDIS_IMAGE: '' };
    const attempt = findServer({ env, osRelease: await osRelease(text) });
    await expect(attempt).rejects.toThrow(advice);
  });

  test('tells all that was looked at', async () => {
    const env = { PATH: folder, LUNAQ_CACHE: join(folder, 'cache'), REDIS_IMAGE: '' };
    const file = await osRelease('ID=alpine\nVERSION_ID=3.22.1\n');
    await expect(findServer({ env, osRelease: file })).rejects.toMatchObject({
      looked: [
        'REDIS_SERVER_BIN: not set',
        'PATH: neither redis-server nor valkey-server',
        `cache: nothing in ${folder}/cache/servers/alpine-3.22.1-${process.arch}`,
        'container: REDIS_IMAGE is empty',
        'packages: no apt-get and dpkg-deb on PATH to unpack some with',
      ],
      install: 'apk add redis',
    });
  });

  test('tells what a failing apt said', async () => {
    const apt = await program('bin/apt-get');
    await writeFile(apt, '#!/bin/sh\necho "E: No room left" >&2\nexit 100\n');
    await program('bin/dpkg-deb');
    const env = { PATH: dirname(apt), LUNAQ_CACHE: join(folder, 'cache'), REDIS_IMAGE: '' };
    const attempt = findServer({ env });
    await expect(attempt).rejects.toThrow(/packages: No room left/);
    const left = await readdir(join(folder, 'cache/servers'));
    expect(left).toEqual([]);
  });

  test('tells that the cache can not be written to', async () => {
    const apt = await program('bin/apt-get');
    await program('bin/dpkg-deb');
    const env = { PATH: dirname(apt), LUNAQ_CACHE: apt, REDIS_IMAGE: '' };
    await expect(findServer({ env })).rejects.toThrow('none of the cache folders');
  });
});

const systemPath = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const hasApt = ['apt-get', 'dpkg-deb'].every((name) => existsSync(join('/usr/bin', name)));

// The system's folders, but without the servers that may be installed there.
async function pathWithoutServers(): Promise<string> {
  const tools = join(folder, 'tools');
  await mkdir(tools);
  for (const parent of systemPath.filter((name) => existsSync(name))) {
    for (const name of await readdir(parent)) {
      if (/^(redis|valkey)-/.test(name)) continue;
      await symlink(join(parent, name), join(tools, name)).catch(() => {});
    }
  }
  return tools;
}

describe.skipIf(!hasApt)('on Debian and Ubuntu, packages', { timeout: 240_000 }, () => {
  let compiled: CompiledTesting;
  beforeAll(async () => {
    compiled = await compileTesting();
  });
  afterAll(() => compiled.remove());

  test('are unpacked once by three processes that all want them first', async () => {
    const cache = join(folder, 'cache');
    const servers = join(cache, 'servers');
    const env = { PATH: await pathWithoutServers(), LUNAQ_CACHE: cache, REDIS_IMAGE: '' };
    // The lock of a process that was killed half way must not stop anybody.
    await mkdir(servers, { recursive: true });
    await writeFile(join(servers, `${readSystem().key}.lock`), String(2 ** 22 + 1));

    const scripts = await Promise.all(
      Array.from({ length: 3 }, () =>
        compiled.run(
          `const { source } = await findServer();
          const server = await startRedis();
          await server.stop();
          print(source);`,
          env,
        ),
      ),
    );
    const sources = scripts.map(({ line }) => line);
    expect(sources.every((source) => source === '"unpacked"' || source === '"cache"')).toBe(true);
    expect(await readdir(servers)).toEqual([readSystem().key]);
    expect((await findServer({ env })).source).toBe('cache');

    const server = await startRedis({ env });
    await server.stop();
  });
});
