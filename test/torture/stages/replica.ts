// A replica takes the master's place twice: as planned, when writes are held back until it has all, so nothing may be lost; and after the
// master was killed, when the replica was parted from it before. What came between is lost, and all else must hold.
import { resumeAll, tellLapse } from './lapse.js';
import type { Play } from './stage.js';

/** ms for which writes may be held back. */
const longestPause = 60_000;

export const replica: Play = async (stage, { ms }) => {
  const { master, crew, rest, alone } = stage;
  let lost = 0;
  await alone(async () => {
    const next = await master.replica();
    await master.redis.client('PAUSE', longestPause, 'WRITE');
    await master.passedOn(next);
    await next.redis.replicaof('NO', 'ONE');
    await master.giveWay(next, () => crew.cut());
  });
  await rest(2_000);
  await alone(async () => {
    const next = await master.replica();
    const from = Date.now();
    await master.passedOn(next);
    await next.redis.replicaof('NO', 'ONE');
    await rest(ms);
    await master.server.kill();
    lost = await tellLapse(stage, from);
    await master.giveWay(next, () => crew.cut());
  });
  await resumeAll(stage);
  return `one promoted as planned, one that lacked the last ${lost} ms`;
};
