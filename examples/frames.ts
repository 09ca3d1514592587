// Recordings: one job reads a recording, adds a job for each of its frames, and one that stores what they found. A broken frame does not
// keep the others from being stored, and a recording under way can be cancelled.
//
//   node dist-examples/frames.js [--redis URL]
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { JobCancelledError, Queue, UnrecoverableError, Worker, type Job } from 'lunaq';
import { someRedis } from 'lunaq/testing';

interface Recording {
  readonly name: string;
  readonly frames: number;
  /** ms that each frame takes. */
  readonly effort: number;
  /** A frame that can't be decoded. */
  readonly broken?: number;
}

interface Frame {
  readonly at: number;
  readonly effort: number;
  readonly broken: boolean;
}

interface Stored {
  readonly recording: string;
  readonly brightness: number;
  readonly missing: readonly string[];
}

const redis = await someRedis();
const connection = redis.url;

// #region queues
const recordings = new Queue<Recording, string>('recordings', { connection });
const frames = new Queue<Frame, number>('frames', { connection });
const stores = new Queue<string, Stored>('stores', { connection });
// #endregion

// #region recording
/** Adds a job for each frame and one that depends on all; gives the id of that one. */
async function readRecording({ data }: Job<Recording>): Promise<string> {
  const { name, effort, broken } = data;
  const all = await frames.addBulk(
    Array.from({ length: data.frames }, (_, at) => ({
      name: 'frame',
      data: { at, effort, broken: at === broken },
      // The same id whenever this runs: a repeated attempt adds nothing twice.
      opts: { jobId: `${name}/${at}` },
    })),
  );
  const store = await stores.add('store', name, {
    jobId: name,
    dependsOn: all,
    onParentFailure: 'run',
  });
  return store.id;
}
// #endregion

async function readFrame(
  { data }: Job<Frame>,
  _token: string,
  signal: AbortSignal,
): Promise<number> {
  // Ends at once when the job is cancelled.
  await sleep(data.effort, undefined, { signal });
  if (data.broken) throw new UnrecoverableError('can not be decoded');
  return data.at % 8;
}

// #region store
/** What all frames found; those that failed are noted as missing. */
async function storeFrames(job: Job<string>): Promise<Stored> {
  const stored = { recording: job.data, brightness: 0, missing: [] as string[] };
  for (const { id, state, returnvalue, failedReason } of await job.parents()) {
    if (state === 'completed') stored.brightness += returnvalue as number;
    else stored.missing.push(`${id}: ${failedReason}`);
  }
  return stored;
}
// #endregion

// #region workers
const workers = [
  new Worker<Recording, string>('recordings', readRecording, { connection }),
  new Worker<Frame, number>('frames', readFrame, { connection, concurrency: 8 }),
  new Worker<string, Stored>('stores', storeFrames, { connection }),
];
// #endregion

/** Adds a recording; gives the job that will store it. */
async function record(recording: Recording): Promise<Job<string, Stored>> {
  const job = await recordings.add('recording', recording);
  const store = await stores.getJob(await job.waitUntilFinished());
  assert(store);
  return store;
}

// A frame fails: the store notes it.
const walk = await record({ name: 'walk', frames: 40, effort: 1, broken: 13 });
const stored = await walk.waitUntilFinished();
assert.deepEqual(stored.missing, ['walk/13: can not be decoded']);
console.log(`walk is stored, brightness ${stored.brightness}, missing ${stored.missing.join()}`);

// A recording is cancelled while its frames are under way, and what depends on them with it.
const swim = await record({ name: 'swim', frames: 40, effort: 60_000 });
// #region cancel
for (const { id } of await swim.blockers())
  await frames.cancel(id, { reason: 'wrong camera', dependents: 'cancel' });
await assert.rejects(swim.waitUntilFinished(), JobCancelledError);
// #endregion
console.log(`swim is ${await swim.getState()}`);

// A recording is cut short: its store runs with what there is.
const ride = await record({ name: 'ride', frames: 20, effort: 60_000 });
for (const { id } of await ride.blockers()) await frames.cancel(id, { reason: 'cut short' });
const cut = await ride.waitUntilFinished();
assert.equal(cut.missing.length, 20);
console.log(`ride is stored, missing ${cut.missing.length} frames, such as ${cut.missing[0]}`);

await Promise.all(workers.map((worker) => worker.close()));
for (const queue of [recordings, frames, stores]) {
  await queue.obliterate();
  await queue.close();
}
await redis.stop();
