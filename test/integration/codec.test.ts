// Jobs that are stored encoded: what Redis holds, who can read it, and what becomes of jobs that a worker can't decode.
import { createSecretKey, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { aes } from '../../examples/codecs/aes.js';
import { gzip } from '../../examples/codecs/gzip.js';
import { checkQueue } from '../../src/doctor.js';
import { CodecError, UnrecoverableError } from '../../src/errors.js';
import type { Job } from '../../src/job.js';
import type { JobOptions } from '../../src/job-options.js';
import { QueueEvents } from '../../src/listening/queue-events.js';
import { Queue } from '../../src/queue.js';
import type { JobId } from '../../src/script.js';
import { Worker } from '../../src/worker.js';
import type { Codec } from '../../src/codec.js';
import { allOf, held, mask } from '../helpers/codecs.js';
import { listen } from '../helpers/events.js';
import { gate, liveRedis, until } from '../helpers/live.js';
import { rejection } from '../helpers/rejection.js';

const live = liveRedis();
const secret = 'the-secret';

/** Keys named after letters. */
function keyring(...ids: readonly string[]) {
  return new Map(ids.map((id) => [id, createSecretKey(randomBytes(32))]));
}

/** Exchanges the rows of two jobs. */
async function swap(column: string, ...ids: readonly [string, string]): Promise<void> {
  const key = `lunaq:{${live.name}}:${column}`;
  const [a = '', b = ''] = await live.redis.hmget(key, ...ids);
  await live.redis.hset(key, ids[0], b ?? '', ids[1], a ?? '');
}

describe('with a codec', () => {
  const codec = aes(keyring('k'), 'k');

  test('nothing that a user has given is readable in Redis or on its channels, and all is read as before', async () => {
    const channels = live.redis.duplicate();
    live.after(() => channels.disconnect());
    const published: string[] = [];
    channels.on('pmessage', (_pattern, _channel, message: string) => void published.push(message));
    await channels.psubscribe('*');
    const queue = live.queue<string, string>({ codec, defaultJobOptions: { meta: { secret } } });
    await queue.keepEvents(1_000);
    const { of, queueEvents } = listen(live, { codec });
    await queueEvents.waitUntilReady();
    const worker = live.worker<string, string>(
      async (job) => {
        await job.log(`${secret} row`);
        await job.updateProgress({ secret });
        await job.updateMeta({ ...job.meta, run: job.attemptsMade });
        if (job.attemptsMade === 0) throw new Error(`${secret} reason`);
        await job.updateData(`${job.data}, changed`);
        return `${secret} result of ${job.data}`;
      },
      { codec },
    );
    const job = await queue.add('plain name', secret, { attempts: 2, description: 'plain words' });
    expect(await job.waitUntilFinished({ timeout: 5_000 })).toBe(
      `${secret} result of ${secret}, changed`,
    );
    await until(() => of('completed').length > 0);
    expect(of('completed')).toMatchObject([{ returnvalue: `${secret} result of ${secret}, changed` }]); // prettier-ignore
    expect(of('progress')).toMatchObject([{ data: { secret } }, { data: { secret } }]);
    const stored = await queue.getJob(job.id);
    expect(stored).toMatchObject({
      name: 'plain name',
      data: `${secret}, changed`,
      returnvalue: `${secret} result of ${secret}, changed`,
      progress: { secret },
      meta: { secret, run: 1 },
      description: 'plain words',
    });
    expect(stored?.opts.meta).toEqual({ secret });
    expect(stored?.history).toMatchObject([{ failedReason: `${secret} reason` }]);
    expect(stored?.stacktrace[0]).toContain(`${secret} reason`);
    expect(await queue.getJobLogs(job.id)).toEqual({
      logs: [`${secret} row`, `${secret} row`],
      count: 2,
    });
    await worker.close();
    const all = `${await held(live)}${published.join('\n')}`;
    expect(all).toContain('plain name');
    expect(all).toContain('plain words');
    expect(all.match(/~aes-gcm:/g)?.length).toBeGreaterThan(10);
    expect(all).not.toContain(secret);
    const { problems } = await checkQueue(queue.name, { connection: live.as('observer'), records: true }); // prettier-ignore
    expect(problems.filter(({ severity }) => severity === 'broken')).toEqual([]);
  });

  test('what parents end with reaches children of other queues, inline or read from there', async () => {
    const parents = live.queue<string, string>({ name: `${live.name}-parents`, codec });
    const children = live.queue<string>({ codec });
    live.worker<string, string>(
      (job) => {
        if (job.data === 'fails') throw new UnrecoverableError(`${secret} failed`);
        return `${secret} ${job.data}`;
      },
      { name: `${live.name}-parents`, codec },
    );
    const large = 'x'.repeat(70_000);
    const dependsOn = await parents.addBulk(
      ['small', large, 'fails'].map((data) => ({ name: 'parent', data })),
    );
    const child = await children.add('child', '', { dependsOn, onParentFailure: 'run' });
    await until(async () => (await child.getState()) === 'waiting');
    expect(await held(live)).not.toContain(secret);
    live.worker<string>(
      async (job) =>
        (await job.parents()).map((parent) => parent.returnvalue ?? parent.failedReason),
      { codec },
    );
    expect(await child.waitUntilFinished({ timeout: 5_000 })).toEqual([
      `${secret} small`,
      `${secret} ${large}`,
      `${secret} failed`,
    ]);
  });

  test('the reason of a cancel is encoded, and reaches the handler', async () => {
    const queue = live.queue({ codec });
    const began = gate();
    const told = gate<unknown>();
    live.worker<unknown, void>(
      async (_job, _token, signal) => {
        began.open();
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
        });
        told.open((signal.reason as Error).message);
        throw signal.reason;
      },
      { codec },
    );
    const job = await queue.add('job', 1);
    await began.opened;
    await queue.cancel(job.id, { reason: secret });
    expect(await told.opened).toBe(secret);
    await until(async () => (await job.getState()) === 'cancelled');
    expect((await queue.getJob(job.id))?.failedReason).toBe(secret);
    expect(await held(live)).not.toContain(secret);
  });

  test('a job whose id was taken is encoded for the id that it gets', async () => {
    const [queue, other] = [live.queue({ codec }), live.queue({ codec })];
    const { id } = await queue.add('job', 1);
    expect(id.endsWith('0000')).toBe(true);
    await other.add('job', 2, { jobId: id.replace(/0$/, '1') });
    const job = await queue.add('job', 3);
    expect(job.id.endsWith('0002')).toBe(true);
    expect((await queue.getJob(job.id))?.data).toBe(3);
  });

  test('limits are those of the JSON, as without a codec', async () => {
    const limits = { dataBytes: 100, resultBytes: 100, progressBytes: 100, metaBytes: 100, logRowBytes: 100 }; // prettier-ignore
    const queue = live.queue<string, string>({ codec, limits });
    const [fits, large] = ['x'.repeat(98), 'x'.repeat(99)];
    const job = await queue.add('job', fits, { meta: { a: 'x'.repeat(92) } });
    await job.updateProgress(fits);
    await job.updateMeta({ b: 'x'.repeat(92) });
    await job.log('x'.repeat(200));
    const TOO_LARGE = { code: 'TOO_LARGE' };
    await expect(queue.add('job', large)).rejects.toMatchObject(TOO_LARGE);
    await expect(job.updateData(large)).rejects.toMatchObject(TOO_LARGE);
    await expect(job.updateProgress(large)).rejects.toMatchObject(TOO_LARGE);
    await expect(job.updateMeta({ b: 'x'.repeat(93) })).rejects.toMatchObject(TOO_LARGE);
    const worker = live.worker<string, string>(({ data }) => data, { codec, limits, autorun: false }); // prettier-ignore
    await worker.run({ burst: true });
    expect(await queue.getJob(job.id)).toMatchObject({ data: fits, returnvalue: fits, progress: fits }); // prettier-ignore
    expect((await queue.getJobLogs(job.id)).logs).toEqual(['x'.repeat(100)]);
  });
});

describe('plain and encoded jobs, and those of several codecs,', () => {
  test('stand beside each other in one queue', async () => {
    const [a, b] = [mask('a'), mask('b')];
    const options = [{}, { codec: a }, { codec: [b, a] }, { codec: gzip }, {}];
    const long = 'x'.repeat(2_000);
    for (const [at, option] of options.entries())
      await live.queue(option).add('job', { at, long }, { jobId: `${at}` });
    const read: unknown[] = [];
    const worker = live.worker((job) => void read.push(job.data), {
      codec: [{ ...a, encode: () => undefined }, b, gzip],
      autorun: false,
    });
    await worker.run({ burst: true });
    expect(read).toEqual(options.map((_, at) => ({ at, long })));
    const stored = await held(live);
    for (const name of ['a', 'b', 'gzip']) expect(stored).toContain(`~${name}:`);
  });

  test('are written anew by updateData and updateMeta, under a new key too', async () => {
    const keys = keyring('old');
    const before = live.queue<string>({ codec: aes(keys, 'old') });
    const { id } = await before.add('job', secret, { meta: { a: secret } });
    keys.set('new', createSecretKey(randomBytes(32)));
    const queue = live.queue<string>({ codec: aes(keys, 'new') });
    const job = await queue.getJob(id);
    await job?.updateData(`${job.data} 2`);
    keys.delete('old');
    expect(await queue.getJob(id)).toMatchObject({ data: `${secret} 2`, meta: { a: secret } });
    await job?.updateMeta({ b: secret });
    expect((await queue.getJob(id))?.meta).toEqual({ b: secret });
    expect(await held(live)).not.toContain(secret);
  });
});

describe('a worker that can not decode', () => {
  const keys = keyring('k');
  const codec = aes(keys, 'k');
  const stranger = aes(keyring('k'), 'k');
  const forgetful = aes(keyring('other'), 'other');

  test.each<[string, Codec | undefined, RegExp]>([
    [
      'without a codec',
      undefined,
      /^data of job \S+ can't be decoded: there is no codec "aes-gcm"$/,
    ],
    ['with another codec', gzip, /there is no codec "aes-gcm"$/],
    ['without the key', forgetful, /codec aes-gcm: unknown key "k"$/],
    ['with a wrong key', stranger, /codec aes-gcm: not what was encrypted here under key "k"$/],
  ])('%s fails those jobs alone, and they run once it can', async (_, wrong, reason) => {
    const queue = live.queue<string, string>({ codec });
    const plain = live.queue<string, string>();
    const opts: JobOptions = { removeOnFail: true };
    for (let at = 0; at < 10; at += 1) {
      await queue.add('secret', secret, { ...opts, jobId: `s${at}` });
      await plain.add('plain', 'plain', { jobId: `p${at}` });
    }
    const failed: unknown[] = [];
    const run = async (option: { codec?: Codec }): Promise<void> => {
      const worker = live.worker<string, string>((job) => `${job.data} done`, {
        autorun: false,
        concurrency: 4,
        ...option,
      });
      worker.on('failed', (_job, error) => void failed.push(error));
      await worker.run({ burst: true });
      await worker.close();
    };
    await run(wrong ? { codec: wrong } : {});
    // None is gone, whatever its retention: nobody has had a look at it.
    expect(await queue.getJobCounts('completed', 'failed')).toEqual({ completed: 10, failed: 10 });
    const job = await queue.getJob('s3');
    expect(job?.failedReason).toMatch(reason);
    expect(job?.data).toBe(secret);
    expect(failed).toHaveLength(10);
    for (const error of failed) {
      expect(error).toMatchObject({ name: 'QueueError', code: 'CODEC' });
      expect(allOf(error)).not.toContain(secret);
      for (const key of keys.values()) expect(allOf(error)).not.toContain(key.export().toString('hex')); // prettier-ignore
    }
    expect(await held(live)).not.toContain(secret);
    await queue.retryJob('s3');
    expect(await queue.retryJobs()).toBe(9);
    await run({ codec });
    expect((await queue.getJob('s3'))?.returnvalue).toBe(`${secret} done`);
    expect(await held(live)).not.toContain(secret);
    expect((await queue.getJobCounts()).completed).toBe(20);
    expect(live.errors).toEqual([]);
  });

  test('leaves a job with attempts to others', async () => {
    const queue = live.queue<string, string>({ codec });
    const job = await queue.add('job', secret, { attempts: 2, backoff: { type: 'fixed', delay: 1 } }); // prettier-ignore
    const worker = live.worker<string, string>(() => 'never', { autorun: false });
    const failed = new Promise<unknown>((resolve) => {
      worker.once('failed', (_job, error) => resolve(error));
    });
    void worker.run();
    expect(await failed).toMatchObject({ code: 'CODEC' });
    await worker.close();
    live.worker<string, string>(({ data }) => data, { codec });
    expect(await job.waitUntilFinished({ timeout: 5_000 })).toBe(secret);
    expect((await queue.getJob(job.id))?.attemptsMade).toBe(2);
  });

  test('fails the attempt whose result can not be encoded, and does not tell why in plain', async () => {
    const broken: Codec = {
      ...codec,
      encode: () => {
        throw new CodecError('the keys are locked');
      },
    };
    const queue = live.queue<string, string>({ codec });
    const [returns, throws] = await queue.addBulk([
      { name: 'returns', data: secret },
      { name: 'throws', data: secret },
    ]);
    const worker = live.worker<string, string>(
      {
        returns: (job) => job.data,
        throws: (job) => {
          throw new Error(job.data);
        },
      },
      { codec: broken, autorun: false },
    );
    await worker.run({ burst: true });
    expect((await queue.getJob(returns?.id ?? ''))?.failedReason).toBe(
      `failure of job ${returns?.id} can't be encoded: codec aes-gcm: the keys are locked`,
    );
    expect((await queue.getJob(throws?.id ?? ''))?.failedReason).toBe(
      `failure of job ${throws?.id} can't be encoded: codec aes-gcm: the keys are locked`,
    );
    expect(await held(live)).not.toContain(secret);
    const producer = live.queue<string>({ codec: broken });
    await expect(producer.add('job', secret)).rejects.toMatchObject({ code: 'CODEC' });
    await expect(producer.cancel('none', { reason: secret })).rejects.toMatchObject({ code: 'CODEC' }); // prettier-ignore
    expect((await queue.getJobCounts()).waiting).toBe(0);
  });

  test('survives a compressed bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(65 * 1024 * 1024)).toString('base64url');
    const queue = live.queue<string>();
    const { id } = await queue.add('job', 'x');
    const spoilt = `["job","~gzip:${bomb}",1,{},{"data":"encoded"}]`;
    await live.redis.hset(`lunaq:{${live.name}}:jobs`, id, spoilt);
    await live.redis.hset(`lunaq:{${live.name}}:traits`, id, `{"size":${spoilt.length}}`);
    const worker = live.worker<string>(() => undefined, { codec: gzip, autorun: false });
    await worker.run({ burst: true });
    expect(await rejection(queue.getJob(id))).toMatchObject({ code: 'CODEC' });
    expect((await queue.getJobCounts()).failed).toBe(1);
  });
});

describe('an encrypted text', () => {
  const codec = aes(keyring('k'), 'k');

  test('is refused in the place of another job’s', async () => {
    const queue = live.queue<string, string>({ codec });
    const worker = live.worker<string, string>(
      async (job) => {
        await job.log(secret);
        await job.updateProgress(job.data);
        await job.updateMeta({ of: job.data });
        if (job.name === 'throws') throw new Error(job.data);
        return job.data;
      },
      { codec, autorun: false },
    );
    for (const name of ['returns', 'throws'])
      for (const at of [1, 2]) await queue.add(name, 'x'.repeat(9), { jobId: `${name}${at}` });
    await worker.run({ burst: true });
    for (const [column, name] of [
      ['jobs', 'returns'],
      ['progress', 'returns'],
      ['results', 'returns'],
      ['failures', 'throws'],
    ] as const) {
      await swap(column, `${name}1`, `${name}2`);
      for (const at of [1, 2])
        expect(await rejection(queue.getJob(`${name}${at}`))).toMatchObject({
          code: 'CODEC',
          message: expect.stringMatching(/: codec aes-gcm: not what was encrypted here/) as string,
        });
      await swap(column, `${name}1`, `${name}2`);
      expect((await queue.getJob(`${name}1`))?.data).toBe('x'.repeat(9));
    }
    await swap('logs', 'returns1', 'returns2');
    expect(await rejection(queue.getJobLogs('returns1'))).toMatchObject({ code: 'CODEC' });
  });
});

describe('who has no codec', () => {
  const codec = mask('m');

  test('is told so by every way to a payload, at once, and acts on jobs all the same', async () => {
    const queue = live.queue<string, string>({ codec });
    const others = live.queue<string, string>();
    const job = await queue.add('job', secret, { jobId: 'a' });
    const CODEC = { name: 'QueueError', code: 'CODEC', ids: ['a'] };
    expect(await rejection(others.getJob('a'))).toMatchObject(CODEC);
    expect(await rejection(others.add('job', 'x', { jobId: 'a' }))).toMatchObject(CODEC);
    expect(await others.getJobs('waiting')).toEqual([]);
    expect(live.errors.splice(0)).toMatchObject([CODEC]);
    expect(await others.getJobIds('waiting')).toEqual(['a']);
    expect(await others.getOldestWaiting()).toMatchObject({ id: 'a', name: 'job' });
    const awaited = others.add('job', 'plain', { jobId: 'b' }).then((own) => own.waitUntilFinished({ timeout: 5_000 })); // prettier-ignore
    const refused = rejection(awaited);
    const worker = live.worker<string, string>(() => secret, { codec, autorun: false });
    await until(async () => (await queue.getJobCounts()).waiting === 2);
    await worker.run({ burst: true });
    // Its result is known to be there, and can't be read: who waits is not left waiting.
    expect(await refused).toMatchObject({ ...CODEC, ids: ['b'] });
    expect(await job.waitUntilFinished({ timeout: 5_000 })).toBe(secret);
    await others.retryJob('a');
    await others.cancel('a');
    expect(await others.clean(0, 10, 'cancelled')).toEqual(['a']);
  });

  test('hears of events that it can decode; the others are errors', async () => {
    const { of, queueEvents } = listen(live);
    await queueEvents.waitUntilReady();
    const queue = live.queue<string, string>({ codec });
    live.worker<string, string | undefined>(
      (job: Job<string>) => (job.name === 'tells' ? secret : undefined),
      { codec },
    );
    await queue.add('tells', secret, { jobId: 'a' });
    await queue.add('tells nothing', secret, { jobId: 'b' });
    await until(() => of('completed').length > 0);
    expect(of('added')).toHaveLength(2);
    expect(of('completed')).toMatchObject([{ jobId: 'b' }]);
    expect(live.errors.splice(0)).toMatchObject([{ code: 'CODEC', ids: ['a' as JobId] }]);
  });
});

test('a codec that can not be is refused before anything is opened', () => {
  const { connection } = live.server;
  const codec = { name: 'a' } as Codec;
  const message = /^codec: expected objects with encode and decode, got an object$/;
  expect(() => new Queue('q', { connection, codec })).toThrow(message);
  expect(() => new Worker('q', () => undefined, { connection, codec })).toThrow(message);
  expect(() => new QueueEvents('q', { connection, codec })).toThrow(message);
});
