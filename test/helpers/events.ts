// What a `QueueEvents` of a test has told, in order.
import type { QueueEventMap } from '../../src/listening/event-args.js';
import type { QueueEventsOptions } from '../../src/options.js';
import { QueueEvents } from '../../src/listening/queue-events.js';
import type { Live } from './live.js';

/** An event, its argument, and the position or time that came with it. */
export type Heard = readonly [event: string, args: unknown, id: string];

/** Every event but `error`. */
const events: Readonly<Record<Exclude<keyof QueueEventMap, 'error'>, true>> = {
  added: true,
  waiting: true,
  delayed: true,
  deferred: true,
  'waiting-children': true,
  active: true,
  completed: true,
  failed: true,
  cancelled: true,
  progress: true,
  stalled: true,
  removed: true,
  drained: true,
  paused: true,
  resumed: true,
  obliterated: true,
  missed: true,
};
const eventNames = Object.keys(events) as (keyof typeof events)[];

/** Gathers all that is told from now on. */
export function gather(source: QueueEvents): Heard[] {
  const heard: Heard[] = [];
  for (const event of eventNames)
    source.on(event, (...args: readonly unknown[]) => {
      heard.push([event, args.length > 1 ? args[0] : undefined, args.at(-1) as string]);
    });
  return heard;
}

function jobOf(args: unknown): string | undefined {
  return (args as { jobId?: string } | undefined)?.jobId;
}

/** Listens to the queue of this test, and what it has heard. */
export function listen(live: Live, options: QueueEventsOptions = {}, name = live.name) {
  const queueEvents = live.track(
    new QueueEvents(name, { connection: live.as('observer'), ...options }),
  );
  const heard = gather(queueEvents);
  return {
    queueEvents,
    heard,
    /** Arguments of one event. */
    of: (event: string) => heard.filter(([word]) => word === event).map(([, args]) => args),
    /** Ids of the jobs of one event. */
    ids: (event: string) => heard.filter(([word]) => word === event).map(([, args]) => jobOf(args)),
    /** What was told of one job. */
    story: (id: string) =>
      heard.flatMap(([word, args]) => {
        if (jobOf(args) !== id) return [];
        const { jobId: _, ...rest } = args as { jobId: string };
        return [[word, rest]];
      }),
  };
}
