// Every option of startRedis with values that break careless code: told by its name, or taken.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RedisNotFoundError, RedisStartError, startRedis } from '../../src/testing/index.js';
import { Hostile, hostile } from '../helpers/hostile-values.js';

let folder: string;
/** A program that ends at once. */
let bin: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lunaq-hostile-'));
  bin = join(folder, 'none');
  await writeFile(bin, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
});
afterAll(() => rm(folder, { recursive: true }));

/** Why a start was not refused as it should be; the program never comes up. */
async function fault(options: unknown, names: RegExp): Promise<string | undefined> {
  try {
    const server = await startRedis(options as object);
    await server.stop();
    return 'started';
  } catch (error) {
    if ([RedisNotFoundError, RedisStartError, Hostile].some((kind) => error instanceof kind)) return undefined; // prettier-ignore
    const isCheck = error instanceof TypeError || error instanceof RangeError;
    return isCheck && names.test(error.message) && error.message.length < 300 ? undefined : String(error); // prettier-ignore
  }
}

const options = ['bin', 'socket', 'port', 'password', 'appendonly', 'appendfsync', 'config', 'startTimeout', 'env']; // prettier-ignore

test.each(options)('the option %s', async (option) => {
  const wrong: unknown[] = [];
  // No program at all asks for one that works.
  const values = hostile.filter(([what]) => option !== 'bin' || what !== 'undefined');
  for (const [what, make] of values) {
    const found = await fault({ bin, [option]: make() }, new RegExp(`^${option}: `));
    if (found !== undefined) wrong.push([what, found]);
  }
  expect(wrong).toEqual([]);
});

test('the options themselves, names that they do not have, and lines of the configuration', async () => {
  const wrong: unknown[] = [];
  for (const [what, make] of hostile) {
    const value = make();
    const name = typeof value === 'string' ? value : 'maxmemory';
    const found = [
      value !== undefined && typeof value !== 'object' && (await fault(value, /^options: /)),
      await fault({ bin, [`no ${name}`]: 1 }, /^"no .*": expected one of bin, /),
      await fault({ bin, config: { [name]: value } }, /^config: /),
      await fault({ bin, config: { maxmemory: [value] } }, /^config: /),
    ];
    if (found.some(Boolean)) wrong.push([what, found]);
  }
  expect(wrong).toEqual([]);
});

test('a password that can not be is not told', async () => {
  await expect(startRedis({ password: ['the secret'] as never })).rejects.toThrow(
    /^password: expected a non-empty string, got an object$/,
  );
  await expect(startRedis({ password: 'the\0secret' })).rejects.toThrow(/got a string$/);
});
