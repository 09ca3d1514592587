// What is told of the jobs of a queue while somebody listens: the model's words for it, and those that `QueueEvents` were heard to say.
import { QueueEvents, type QueueEventMap, type QueueEventsOptions } from '../../src/index.js';
import { isFinished, type Finished, type Job } from './state.js';

/** Name and arguments of an event. When a delay ends is left out, and so is `drained`, which tells of no job. */
export type Line = readonly [event: string, args: Readonly<Record<string, unknown>>];

/** What is told when a job enters a state in which it does not end. */
export function linesOf(job: Job, to: Job['state'] | 'gone'): Line[] {
  const jobId = job.spec.id;
  const isNew = job.state === 'new';
  const prev = isNew ? undefined : isFinished(job.state) ? 'finished' : job.state;
  const lines: Line[] = isNew ? [['added', { jobId, name: job.spec.name }]] : [];
  // A child whose parent has failed already is told as one that hears of it at once.
  if (to === 'deferred' || (isNew && to === 'failed'))
    return [...lines, ['deferred', { jobId, prev }], ['waiting-children', { jobId, prev }]];
  if (to === 'waiting' || to === 'delayed') return [...lines, [to, { jobId, prev }]];
  return to === 'active' ? [[to, { jobId, prev: 'waiting' }]] : lines;
}

/** `value`: what the handler returned, or why it did not. `ran`: it failed in its handler. */
export function endLine(job: Job, state: Finished, value: unknown, ran: boolean): Line {
  const jobId = job.spec.id;
  if (state === 'completed') return [state, { jobId, returnvalue: value, prev: 'active' }];
  return [state, { jobId, failedReason: value, ...(ran ? { prev: 'active' } : {}) }];
}

/** For each job what was told of it, in order; of the queue itself by no id. */
export function byJob(lines: readonly Line[]): Record<string, unknown> {
  const told: Record<string, Line[]> = {};
  for (const [event, { jobId = '', ...args }] of lines)
    (told[jobId as string] ??= []).push([event, args]);
  return JSON.parse(JSON.stringify(told)) as Record<string, unknown>;
}

const events = ['added', 'waiting', 'delayed', 'deferred', 'waiting-children', 'active', 'completed', 'failed', 'cancelled', 'progress', 'stalled', 'removed', 'paused', 'resumed', 'obliterated', 'missed'] as const satisfies (keyof QueueEventMap)[]; // prettier-ignore

/**
 * What was heard, without claims that came to nothing: a worker whose process gets no core for 50 ms hands back what it has not started,
 * and claims it again.
 */
export function started(lines: readonly Line[]): Line[] {
  const kept: Line[] = [];
  for (const line of lines) {
    const own = kept.filter(([, { jobId }]) => jobId === line[1]['jobId']);
    const [before, last] = own.slice(-2);
    if (line[0] === 'active' && before?.[0] === 'active' && last?.[0] === 'waiting')
      kept.splice(kept.indexOf(last), 1); // prettier-ignore
    else kept.push(line);
  }
  return kept;
}

/** Listens to a queue. */
export class Ear {
  readonly #events: QueueEvents;
  #heard: Line[] = [];

  constructor(queue: string, options: QueueEventsOptions) {
    this.#events = new QueueEvents(queue, options);
    for (const event of events) {
      this.#events.on(event, (args: object, _id: string) => {
        const { delay: _, ...rest } = args as Record<string, unknown>;
        this.#heard.push([event, rest]);
      });
    }
    this.#events.on('error', (error) => void this.#heard.push(['error', { error: String(error) }]));
  }

  async ready(): Promise<void> {
    await this.#events.waitUntilReady();
  }

  /** What was heard since. */
  take(): Line[] {
    return this.#heard.splice(0);
  }

  async close(): Promise<void> {
    await this.#events.close();
  }
}
