// A full disk: Redis may not write its file beyond a size. First it waits for the disk each second and refuses writes until there is room,
// when it is told to rewrite the file; then it ends itself at once, and comes back when there is room. Nothing may be lost.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { bytesOf, growingLog, rewriteLog } from '../../helpers/append-log.js';
import { infoOf } from '../master.js';
import type { Play } from './stage.js';

const run = promisify(execFile);
/** Bytes that are left on the disk. */
const room = 20_000;

export const disk: Play = async ({ master, rest, alone, signal }, { ms }) => {
  const { redis } = master;
  let refused = 0;
  const limit = async (bytes: number | 'unlimited'): Promise<void> => {
    await run('prlimit', ['--pid', String(master.server.pid), `--fsize=${bytes}:unlimited`]);
  };
  const fill = (): Promise<void> => limit(bytesOf(growingLog(master.server)) + room);
  const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
    while (!signal.aborted && !(await condition())) await rest(20);
  };
  const status = async (): Promise<string | undefined> =>
    (await infoOf(redis, 'persistence'))['aof_last_write_status'];
  await alone(async () => {
    await redis.config('SET', 'appendfsync', 'everysec');
    await fill();
    await until(async () => (await status()) === 'err');
    const since = performance.now();
    await rest(ms);
    refused = performance.now() - since;
    await limit('unlimited');
    await until(async () => (await status()) === 'ok');
    await rewriteLog(redis);
    await redis.config('SET', 'appendfsync', 'always');
  });
  await rest(ms);
  await alone(async () => {
    await fill();
    await until(() => master.server.pid === undefined);
    await master.restart();
  });
  return `no room for ${Math.round(refused)} ms, and once until a restart`;
};
