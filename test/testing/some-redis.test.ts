import { expect, test } from 'vitest';
import { Redis } from 'ioredis';
import { someRedis } from '../../src/testing/index.js';

const given = 'redis://given.example:1';
const env = { ...process.env, REDIS_URL: 'redis://environment.example:1' };

test.each([
  [['--redis', given]],
  [[`--redis=${given}`]],
  [['run', '--jobs', '10', '--redis', given, 'more']],
])('the arguments %j go before REDIS_URL', async (argv) => {
  const redis = await someRedis({ argv, env });
  expect(redis).toMatchObject({ url: given, isPrivate: false });
  await redis.stop();
});

test('REDIS_URL goes before a private server', async () => {
  const redis = await someRedis({ argv: ['--redistribute'], env });
  expect(redis).toMatchObject({ url: env.REDIS_URL, isPrivate: false });
});

test('without either, a private server is started with the other options', async () => {
  const redis = await someRedis({ argv: [], env: { ...env, REDIS_URL: '' }, password: 'plain' });
  expect(redis.isPrivate).toBe(true);
  const client = new Redis(redis.url);
  expect(await client.ping()).toBe('PONG');
  client.disconnect();
  await redis.stop();
});

test.each([[['--redis']], [['--redis=']], [['--redis', '--jobs']]])(
  'the arguments %j lack a URL',
  async (argv) => {
    await expect(someRedis({ argv, env })).rejects.toThrow(TypeError);
  },
);
