// A codec that is required: nobody who can write to Redis slips in what is not encoded.
import { expect, test } from 'vitest';
import { QueueEvents } from '../../src/listening/queue-events.js';
import { mask } from '../helpers/codecs.js';
import { liveRedis, until } from '../helpers/live.js';
import { rejection } from '../helpers/rejection.js';

const live = liveRedis();
const codec = { ...mask('mask'), required: true };
const refused = (part: string) =>
  expect.stringMatching(
    new RegExp(`^${part} of job \\S+ can't be decoded: it is plain, and a codec is required$`),
  ) as string;

test('a plain job fails before its handler is called, and others go on', async () => {
  const queue = live.queue<string, string>({ codec });
  const given: string[] = [];
  const worker = live.worker<string, string>(
    async (job) => {
      given.push(job.data);
      await job.log('row');
      await job.updateProgress('far');
      return job.data;
    },
    { codec, autorun: false },
  );
  const slipped = await live.queue<string>().add('job', 'evil');
  const { id } = await queue.add('job', 'good', { meta: { a: 1 } });
  await worker.run({ burst: true });
  expect(given).toEqual(['good']);
  expect(await queue.getJob(id)).toMatchObject({ returnvalue: 'good', progress: 'far', meta: { a: 1 } }); // prettier-ignore
  expect((await queue.getJobLogs(id)).logs).toEqual(['row']);
  expect(await queue.getJobState(slipped.id)).toBe('failed');
  expect(await rejection(queue.getJob(slipped.id))).toMatchObject({ code: 'CODEC', message: refused('data') }); // prettier-ignore
  expect((await queue.getJobs()).map((job) => job.id)).toEqual([id]);
  expect(live.errors.splice(0)).toMatchObject([{ code: 'CODEC' }]);
});

test('plain results reach neither children, nor who waits, nor listeners', async () => {
  const queue = live.queue<unknown, string>({ codec });
  const events = live.track(
    new QueueEvents(live.name, { connection: live.as('observer'), codec: { ...codec } }),
  );
  await events.waitUntilReady();
  const parent = await queue.add('parent', undefined);
  const child = await queue.add('child', undefined, { dependsOn: parent });
  const ended = rejection(parent.waitUntilFinished({ timeout: 5_000 }));
  // Who has no codec completes it.
  await live.worker(() => 'evil', { autorun: false }).run({ burst: true });
  expect(await ended).toMatchObject({ code: 'CODEC', message: refused('result') });
  expect(await rejection(child.parents())).toMatchObject({ code: 'CODEC', message: refused('result') }); // prettier-ignore
  await until(() => live.errors.length > 0);
  expect(live.errors.splice(0)[0]).toMatchObject({ code: 'CODEC', message: refused('result') });
});
