// The disk is full: the server may not write its append-only file beyond a size. A file size limit stands for it; a write
// fails in the middle, as on a disk without room.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bytesOf, growingLog, rewriteLog } from '../helpers/append-log.js';
import { Live, pause, quick, until } from '../helpers/live.js';
import { Load, patience, rounds, timeLimit, unharmed } from '../helpers/load.js';
import { wrapServer, type Wrapped } from '../helpers/servers.js';

const run = promisify(execFile);
let patient: Wrapped;

beforeAll(async () => {
  // A server that hears of a write that is too long as an error, not by a signal that ends it.
  patient = await wrapServer("trap '' XFSZ");
});
afterAll(() => patient[Symbol.asyncDispose]());

/** Room for so many more bytes; by default for any number. */
async function giveRoom({ server }: Live, bytes?: number): Promise<void> {
  const limit = bytes === undefined ? 'unlimited' : bytesOf(growingLog(server)) + bytes;
  await run('prlimit', ['--pid', String(server.pid), `--fsize=${limit}:unlimited`]);
}

async function full(
  appendfsync: 'always' | 'everysec',
  spoil: (live: Live, load: Load) => Promise<void>,
) {
  const live = new Live({ bin: patient.bin, appendonly: true, appendfsync });
  await live.start();
  live.begin();
  try {
    const load = new Load(live);
    for (let round = 0; round < rounds(2); round += 1) {
      await load.flows();
      await giveRoom(live, 20_000);
      await spoil(live, load);
      await load.recovers();
    }
    return await load.judge(`disk-full,appendfsync=${appendfsync}`);
  } finally {
    await live.end();
    await live.stop();
  }
}

/** The server refuses writes for longer than a lease can go without a renewal; then there is room again. */
async function refuse(live: Live, load: Load): Promise<void> {
  await until(
    () =>
      live.redis.set('room', 1).then(
        () => false,
        ({ message }: Error) => message.startsWith('MISCONF'),
      ),
    patience,
    'MISCONF',
  );
  const before = load.accepted.size;
  await pause(1.3 * quick.lockDuration);
  expect(load.accepted.size - before).toBeLessThanOrEqual(20);
  await giveRoom(live);
}

test(
  'appendfsync everysec: the server refuses writes (MISCONF); they wait until there is room',
  async () => {
    const verdict = await full('everysec', refuse);
    expect(verdict).toMatchObject(unharmed);
    expect(verdict.refused.size).toBe(0);
  },
  timeLimit,
);

// Redis (7.0.15, 8.0.2) and Valkey (8.0) take back a write that was cut short by the full disk, and go on behind it: that leaves a hole of
// NULs in a file that was begun by a rewrite, and the next start refuses it.
test(
  'appendfsync everysec: rewritten once there is room, the file has all that was acknowledged when the server is killed after it',
  async () => {
    const verdict = await full('everysec', async (live, load) => {
      await giveRoom(live);
      await rewriteLog(live.redis);
      await giveRoom(live, 20_000);
      await refuse(live, load);
      await until(
        async () => /aof_last_write_status:ok/.test(await live.redis.info('persistence')),
        patience,
        'room',
      );
      await rewriteLog(live.redis);
      await load.recovers();
      // With this, all that is acknowledged is in the file.
      await live.redis.config('SET', 'appendfsync', 'always');
      await live.server.kill();
      await live.server.restart();
    });
    expect(verdict).toMatchObject(unharmed);
    expect(verdict.refused.size).toBe(0);
  },
  timeLimit,
);

test(
  'appendfsync always: the server ends itself; started again with room, it has all that it acknowledged',
  async () => {
    const verdict = await full('always', async (live) => {
      await until(() => live.server.pid === undefined, patience, 'the server ends');
      expect(await readFile(join(live.server.folder, 'redis.log'), 'utf8')).toMatch(
        /AOF write error/i,
      );
      await live.server.restart();
    });
    expect(verdict).toMatchObject(unharmed);
    expect(verdict.refused.size).toBe(0);
  },
  timeLimit,
);
