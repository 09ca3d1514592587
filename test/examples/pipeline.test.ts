// The stages of the main job, one handler at a time.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readFolder } from '../../examples/handlers.js';
import { queueNames, Stages } from '../../examples/stages.js';
import { liveRedis } from '../helpers/live.js';

const live = liveRedis();
let folder: string;
let stages: Stages;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lunaq-pipeline-test-'));
  stages = new Stages(queueNames(folder), live.urlAs('everything'), (error) =>
    live.errors.push(error),
  );
});

afterEach(async () => {
  await stages.close();
  await rm(folder, { recursive: true });
});

test('a folder that is read a second time adds nothing twice', async () => {
  for (let n = 0; n < 300; n++) await writeFile(join(folder, `${n}.txt`), 'moon');
  await mkdir(join(folder, 'deep'));
  const job = await stages.read.add('read', { folder });
  const first = await readFolder(job, stages);
  expect(await readFolder(job, stages)).toEqual(first);
  expect(await stages.count.getJobCounts()).toMatchObject({ waiting: 300 });
  // Two of at most 250 files, and one of these.
  expect(await stages.merge.getJobCounts()).toMatchObject({ deferred: 3, waiting: 0 });
  expect((await (await stages.merge.getJob(first.merge))?.blockers())?.length).toBe(2);
  expect(live.errors).toEqual([]);
});

test('an attempt that was broken off is completed by the next one', async () => {
  for (let n = 0; n < 3; n++) await writeFile(join(folder, `${n}.txt`), 'moon');
  const path = join(folder, '1.txt');
  await stages.count.add('count', { path }, { jobId: path });
  await readFolder(await stages.read.add('read', { folder }), stages);
  expect(await stages.count.getJobCounts()).toMatchObject({ waiting: 3 });
  expect(await stages.merge.getJobCounts()).toMatchObject({ deferred: 1 });
});
