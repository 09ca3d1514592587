// Redis is killed, and the last part of its append-only file is missing, as after a power cut. What it held is lost; all else must hold.
import { truncateSync } from 'node:fs';
import { bytesOf, growingLog, logIsWritten } from '../../helpers/append-log.js';
import { resumeAll, tellLapse } from './lapse.js';
import type { Play } from './stage.js';

/** ms between two looks at the file. */
const step = 10;

export const tail: Play = async (stage, { ms, part }) => {
  const { master, rest, alone } = stage;
  let cut = 0;
  let lost = 0;
  await alone(async () => {
    const { redis, server } = master;
    // The file stays the one that grows. The server forgets this when it is restarted.
    await redis.config('SET', 'auto-aof-rewrite-percentage', '0');
    await logIsWritten(redis);
    const file = growingLog(server);
    // What was acknowledged before it was looked at is within the size that it had.
    const looks = [{ at: Date.now(), size: bytesOf(file) }];
    const end = performance.now() + ms;
    while (performance.now() < end) {
      await rest(step);
      looks.push({ at: Date.now(), size: bytesOf(file) });
    }
    await server.kill();
    const [first, second] = looks as [(typeof looks)[0], (typeof looks)[0]?];
    const most = (second ?? first).size - first.size;
    const size = first.size + Math.floor(part * most);
    cut = bytesOf(file) - size;
    truncateSync(file, size);
    lost = await tellLapse(stage, first.at);
    await master.restart();
  });
  await resumeAll(stage);
  return `the last ${cut} bytes of the file were cut, with what was done within ${lost} ms`;
};
