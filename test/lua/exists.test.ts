import { expect, test } from 'vitest';
import { exists } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

const before: State = {
  jobs: { w: '["w"]', a: '["a"]', c: '["c"]', d: '["d"]', big: 'x'.repeat(100_000) },
  traits: { big: '{"size":100000}' },
  waiting: ['gone', 'w', 'big'],
  tombstones: { gone: 1 },
  active: { a: 'L:8' },
  held: { L: 1 },
  leases: { L: 'now+30000' },
  completed: { c: 'now-10000' },
  delayed: { d: 'now+60000' },
};
const each = (...ids: string[]) => ids.map((id) => ({ id }));

async function serverTime(): Promise<number> {
  const [seconds = 0, micros = 0] = await server.redis.time();
  return seconds * 1_000 + Math.floor(micros / 1_000);
}

test('tells of each job whether it is stored, in any state, and changes nothing', async () => {
  const queue = await server.queue(before);
  const items = each('w', 'gone', 'a', 'c', 'd', 'zz', 'big', 'w');
  const { stored } = await queue.run(exists, {}, items);
  expect(stored).toEqual([true, false, true, true, true, false, true, true]);
  expect(await queue.state()).toEqual(expected(before));
});

test('tells the time at which that was so', async () => {
  const queue = await server.queue(before);
  const earliest = await serverTime();
  const { time } = await queue.run(exists, {}, each('w'));
  expect(time).toBeGreaterThanOrEqual(earliest);
  expect(time).toBeLessThanOrEqual(await serverTime());
});

test('tells the time alone when nothing is asked for', async () => {
  const queue = await server.queue();
  const { time, stored } = await queue.run(exists, {});
  expect(stored).toEqual([]);
  expect(Math.abs(time - (await serverTime()))).toBeLessThan(5_000);
  expect(await queue.state()).toEqual({});
});

test('reads no large record, and each of its hashes once', async () => {
  const ids = Array.from({ length: 256 }, (_, at) => `job-${at}`);
  const large = ids.slice(0, 255);
  const all = (value: string) => Object.fromEntries(large.map((id) => [id, value]));
  const queue = await server.queue({
    jobs: { ...all('x'.repeat(2_000)), 'job-255': '["small"]' },
    traits: all('{"size":2000}'),
  });
  const monitor = await server.redis.monitor();
  const commands: string[][] = [];
  const done = new Promise<void>((resolve) => {
    monitor.on('monitor', (_time: string, command: string[], source: string) => {
      if (source === 'lua') commands.push(command);
      if (command[0]?.toUpperCase() === 'ECHO') resolve();
    });
  });
  const { stored } = await queue.run(exists, {}, each(...ids));
  await server.redis.echo('done');
  await done;
  monitor.disconnect();
  expect(stored).toEqual(ids.map(() => true));
  const { jobs, traits } = queue.keys;
  expect(commands).toEqual([
    ['TIME'],
    ['EXISTS', traits],
    ['HMGET', traits, ...ids],
    ['HMGET', jobs, ...large.map(() => ''), 'job-255'],
  ]);
});
