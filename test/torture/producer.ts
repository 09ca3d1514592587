// The producer of a torture run. Its argument is one JSON with ProducerSettings. What it is about to add it tells the ledger before, and
// what became of it behind; it cancels and puts back jobs as their plans say.
import { setTimeout as pause } from 'node:timers/promises';
import { setClock } from './clock.js';
import type { Queue as LunaqQueue } from '../../src/queue.js';
import { Ledger, type Place } from './ledger.js';
import { Load, queues, type Plan } from './load.js';
import { Random } from './random.js';

export interface ProducerSettings {
  readonly library: string;
  readonly connection: Place;
  readonly ledger: Place;
  readonly seed: number;
  /** Jobs per second. */
  readonly rate: number;
}

/** What the driver asks for. */
export type Request =
  | { readonly kind: 'start' }
  /** No more new jobs; `over` is told when all that is under way has ended. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'probe'; readonly queue: string; readonly lifo: boolean }
  | { readonly kind: 'pause'; readonly queue: string; readonly ms: number }
  /** Puts a job back that has finished: `queue/id`; answers the code of the error with which it was refused, or ''. */
  | { readonly kind: 'requeue'; readonly job: string }
  | { readonly kind: 'cancel'; readonly job: string }
  /** Adds so many jobs that depend on each other, to queues of their own; answers how many. */
  | { readonly kind: 'lattice'; readonly queues: readonly string[]; readonly count: number }
  /** Adds so many jobs to each of these queues of their own; answers how many in all. */
  | { readonly kind: 'many'; readonly queues: readonly string[]; readonly each: number }
  /** Its clock is wrong by so many ms. */
  | { readonly kind: 'clock'; readonly ms: number }
  | { readonly kind: 'end' };

/** Most adds under way. */
const mostPending = 3_000;
/** Why an add is refused that may be well the next time. */
const refusals = ['OUT_OF_MEMORY', 'UNAVAILABLE', 'BACKPRESSURE'];
/** How often an act is tried that no answer came to. */
const tries = 20;

const settings = JSON.parse(process.argv[2] ?? '{}') as ProducerSettings;
const { Queue } = (await import(settings.library)) as typeof import('../../src/index.js');
const ledger = new Ledger(settings.ledger, `producer (${process.pid})`);
const load = new Load(new Random(settings.seed));
const { connection } = settings;
const open = new Map<string, LunaqQueue>();
const pauses = new Map<string, Promise<void>>();
const under = new Set<Promise<unknown>>();
/** Ends the adding. */
const enough = new AbortController();

function openQueue(name: string): void {
  const queue = new Queue(name, { connection, idCache: false });
  queue.on('error', (error) => void ledger.note('error', '', `${error.name} ${error.message}`));
  open.set(name, queue);
}

for (const name of queues) openQueue(name);

function queueOf(name: string): LunaqQueue {
  return open.get(name) as LunaqQueue;
}

/** A load of its own, which depends on nothing but the seed. */
function apart(): Load {
  return new Load(new Random(settings.seed));
}

function codeOf(error: unknown): string {
  const { code, name, message } = error as { code?: string; name: string; message: string };
  return code ?? `${name}: ${message}`;
}

function nameOf({ queue, id }: { queue: string; id: string }): string {
  return `${queue}/${id}`;
}

function splitName(name: string): { queue: string; id: string } {
  const at = name.indexOf('/');
  return { queue: name.slice(0, at), id: name.slice(at + 1) };
}

/** Follows something that may go on while more is added. */
function go(work: Promise<unknown>): void {
  under.add(work);
  void work.finally(() => under.delete(work));
}

/** For jobs each of which is wanted: again, as long as it was refused by what passes. */
async function insist<T>(send: () => Promise<T>, passing: readonly string[]): Promise<T> {
  for (;;)
    try {
      return await send();
    } catch (error) {
      if (!passing.includes(codeOf(error))) throw error;
      await pause(100);
    }
}

/** Whether it is certain that the job is there. */
async function add(plan: Plan, passing: readonly string[] = []): Promise<boolean> {
  const name = nameOf(plan);
  await ledger.note('intent', name, JSON.stringify(plan));
  const send = () =>
    queueOf(plan.queue).add(plan.kind, plan.task, { ...plan.opts, jobId: plan.id });
  try {
    const job = await insist(send, passing);
    await ledger.note(job.duplicate ? 'duplicate' : 'added', name);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'UNKNOWN_OUTCOME') {
      await ledger.note('refused', name, code);
      return false;
    }
    await ledger.note('unknown', name);
    // Adding again under the same id is safe.
    const again = await insist(send, passing.length > 0 ? [...passing, code] : []).catch(
      () => undefined,
    );
    if (!again) return false;
    await ledger.note('added', name, 'again');
  }
  if (plan.cancelAfter !== undefined) go(pause(plan.cancelAfter).then(() => cancel(name)));
  if (plan.requeued) go(requeue(name));
  return true;
}

async function addAll(plans: readonly Plan[]): Promise<void> {
  const added = new Map<string, Promise<boolean>>();
  for (const plan of plans) {
    const parents = plan.parents.map((name) => added.get(name) as Promise<boolean>);
    const behind = async (): Promise<boolean> => {
      const there = await Promise.all(parents);
      return there.every(Boolean) ? await add(plan) : false;
    };
    added.set(nameOf(plan), parents.length > 0 ? behind() : add(plan));
  }
  await Promise.all(added.values());
}

/** On a machine that is short of cores more would not be answered before their deadline, time and again. */
const addedAtOnce = 1_000;

/** Adds all of a layer, then the next one, to queues that are opened for them; how many are there. */
async function addLayers(names: readonly string[], layers: readonly Plan[][]): Promise<number> {
  for (const name of names) openQueue(name);
  let count = 0;
  for (const layer of layers) {
    for (let from = 0; from < layer.length; from += addedAtOnce) {
      const part = layer.slice(from, from + addedAtOnce);
      const added = await Promise.all(part.map((plan) => add(plan, refusals)));
      count += added.filter(Boolean).length;
    }
  }
  await Promise.all(names.map((name) => queueOf(name).close()));
  for (const name of names) open.delete(name);
  return count;
}

async function cancel(name: string): Promise<void> {
  const { queue, id } = splitName(name);
  await ledger.note('cancelling', name);
  await queueOf(queue)
    .cancel(id)
    .then(
      () => ledger.note('cancelled', name),
      (error: unknown) => ledger.note('cancel refused', name, codeOf(error)),
    );
}

/** Puts a job back once it has finished, if it does soon. */
async function requeue(name: string): Promise<void> {
  const { queue, id } = splitName(name);
  for (let attempt = 0; attempt < tries; attempt += 1) {
    await pause(100);
    const state = await queueOf(queue)
      .getJobState(id)
      .catch(() => 'active');
    if (state === 'unknown') return;
    if (!['completed', 'failed', 'cancelled'].includes(state)) continue;
    await putBack(name);
    return;
  }
}

async function putBack(name: string): Promise<string> {
  const { queue, id } = splitName(name);
  await ledger.note('requeueing', name);
  const code = await queueOf(queue)
    .retryJob(id)
    .then(() => '', codeOf);
  const refused = code === 'UNKNOWN_OUTCOME' ? 'requeue unknown' : 'requeue refused';
  await ledger.note(code === '' ? 'requeued' : refused, name, code);
  return code;
}

async function pauseQueue(name: string, ms: number): Promise<void> {
  await queueOf(name)
    .pause()
    .then(
      () => ledger.note('paused', name),
      () => undefined,
    );
  await pause(ms);
  await ledger.note('resuming', name);
  // However long Redis is away, it goes on.
  for (;;) {
    const resumed = await queueOf(name)
      .resume()
      .then(
        () => true,
        () => false,
      );
    if (resumed) return;
    await pause(100);
  }
}

async function produce(): Promise<void> {
  let before = performance.now();
  let due = 0;
  while (!enough.signal.aborted) {
    await pause(10);
    const now = performance.now();
    // What could not be added in time, because there was no Redis, is not made up for.
    due = Math.min(due + ((now - before) * settings.rate) / 1_000, settings.rate);
    before = now;
    while (due > 0 && under.size < mostPending) {
      const plans = load.next();
      due -= plans.length;
      go(addAll(plans));
    }
  }
}

async function over(): Promise<void> {
  enough.abort();
  while (under.size > 0) await Promise.all(under);
}

const answers: { [K in Request['kind']]: (request: Extract<Request, { kind: K }>) => unknown } = {
  start: () => go(produce()),
  stop: over,
  probe: ({ queue, lifo }) => add(load.probe(queue, lifo)),
  pause: ({ queue, ms }) => {
    // One after the other, so that it is known who resumes it.
    const turn = (pauses.get(queue) ?? Promise.resolve()).then(() => pauseQueue(queue, ms));
    pauses.set(queue, turn);
    return turn;
  },
  requeue: ({ job }) => putBack(job),
  cancel: ({ job }) => cancel(job),
  clock: ({ ms }) => setClock(ms),
  lattice: ({ queues: names, count }) => addLayers(names, apart().lattice(names, count)),
  many: ({ queues: names, each }) => addLayers(names, apart().many(names, each)),
  end: async () => {
    await over();
    await Promise.all([...open.values()].map((queue) => queue.close()));
    await ledger.close();
  },
};

process.on('message', ({ number, request }: { number: number; request: Request }) => {
  const answer = answers[request.kind] as (request: Request) => unknown;
  const work = (async () => {
    const result = await answer(request);
    process.send?.({ kind: 'answer', number, result });
    if (request.kind === 'end') process.disconnect();
  })();
  if (['pause', 'probe', 'lattice', 'many'].includes(request.kind)) go(work);
});
process.on('disconnect', () => process.exit(enough.signal.aborted ? 0 : 1));
process.send?.({ kind: 'ready' });
