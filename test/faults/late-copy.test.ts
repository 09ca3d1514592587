// Copies of a call that a half-open connection delivers late: the client has sent the call again over another one, and has gone on since.
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import * as scripts from '../../src/scripts.js';
import { gate, liveRedis, until } from '../helpers/live.js';
import { startProxy } from '../helpers/proxy.js';

const live = liveRedis();

/** A queue whose connection loses the reply to one obliterate, and what delivers a late copy of all calls of that script. */
async function lossy() {
  const proxy = await startProxy(live.server);
  live.after(() => proxy.stop());
  const copies: Buffer[] = [];
  const lost = proxy.dropNextReply((command) => {
    const matches = command.includes(scripts.obliterate.sha);
    if (matches) copies.push(Buffer.from(command));
    return matches;
  });
  const queue = live.queue<number>({ connection: live.as('producer', proxy) });
  const deliver = async () => {
    await lost;
    expect(copies).toHaveLength(1);
    const late = new Redis({ ...live.server.connection });
    const words = copies.map((copy) => copy.toString('latin1').split('\r\n'));
    for (const copy of words) {
      const [name = '', ...args] = copy.filter((_, at) => at > 0 && at % 2 === 0);
      await late.call(name, ...args);
    }
    late.disconnect();
  };
  return { queue, deliver };
}

test('a late copy of obliterate destroys no queue that was begun since', async () => {
  const { queue, deliver } = await lossy();
  await queue.add('old', 1);
  await queue.obliterate();
  await queue.add('new', 2);
  await deliver();
  expect(await queue.getJobs('waiting')).toMatchObject([{ name: 'new', data: 2 }]);
});

test('a late copy of an obliterate that was refused is refused when no job is active any more', async () => {
  const { queue, deliver } = await lossy();
  const { opened, open } = gate();
  live.worker(() => opened);
  await queue.add('job', 1);
  await until(async () => (await queue.getJobCounts()).active === 1);
  await expect(queue.obliterate()).rejects.toMatchObject({ code: 'JOB_ACTIVE' });
  open();
  await until(async () => (await queue.getJobCounts()).completed === 1);
  await deliver();
  expect(await queue.getJobs('completed')).toMatchObject([{ name: 'job', data: 1 }]);
});
