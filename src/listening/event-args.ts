// What listeners of `QueueEvents` are given: BullMQ's events and argument objects, and what they are made from.
import { Codecs } from '../codec.js';
import { QueueError } from '../errors.js';
import type { JobEvent } from './news.js';
import { decodeFailures, decodeOutcome } from '../outcome.js';
import { revive } from '../revive.js';

/** State that a job was in before. */
type Before = { readonly prev?: 'active' | 'delayed' | 'deferred' | 'finished' };
type Of<Args = unknown> = { readonly jobId: string } & Args;
type Empty = Readonly<Record<string, never>>;

/**
 * Events with their arguments. `id` is the position of the message in the stream that tells it, or, without a stream, the server's time
 * (ms) as text.
 */
export type QueueEventMap<Result = unknown, Progress = unknown> = {
  /** A job was added; `waiting`, `delayed` or `deferred` follows. */
  added: [args: Of<{ readonly name: string }>, id: string];
  /** It can be claimed. */
  waiting: [args: Of<Before>, id: string];
  /** `delay`: when it is due (ms since 1970), as in BullMQ. */
  delayed: [args: Of<{ readonly delay: number } & Before>, id: string];
  /** It waits for other jobs. */
  deferred: [args: Of<Before>, id: string];
  /** BullMQ's name for `deferred`; both are told. */
  'waiting-children': [args: Of<Before>, id: string];
  active: [args: Of<{ readonly prev: 'waiting' }>, id: string];
  /** `returnvalue`: what JSON keeps of it. */
  completed: [args: Of<{ readonly returnvalue: Result; readonly prev: 'active' }>, id: string];
  /** `prev` is `active` when its handler failed; it is missing when the job never ran. */
  failed: [args: Of<{ readonly failedReason: string; readonly prev?: 'active' }>, id: string];
  cancelled: [args: Of<{ readonly failedReason: string }>, id: string];
  progress: [args: Of<{ readonly data: Progress }>, id: string];
  /** It was lost with its worker; `waiting` follows. */
  stalled: [args: Of, id: string];
  /** It is stored no more, other than by its retention at its end. */
  removed: [args: Of, id: string];
  /** Nothing waits any more. */
  drained: [id: string];
  paused: [args: Empty, id: string];
  resumed: [args: Empty, id: string];
  /** The queue was removed with all its jobs. */
  obliterated: [args: Empty, id: string];
  /** Events may have been lost behind `id`: while there was no connection, or since the stream was trimmed. */
  missed: [args: Empty, id: string];
  error: [error: Error];
};

export type Emit<Result, Progress> = <E extends keyof QueueEventMap<Result, Progress>>(
  event: E,
  ...args: QueueEventMap<Result, Progress>[E]
) => void;

const empty: Empty = {};

function before(prev: string | undefined): Before {
  return prev ? { prev: prev as NonNullable<Before['prev']> } : {};
}

function reasonOf(
  failure = '',
  id: string,
  codecs: Codecs,
): { failedReason: string; ran: boolean } {
  const [newest] = decodeFailures(failure, id, codecs);
  return {
    failedReason: newest?.failedReason ?? '',
    ran: newest?.processedOn !== undefined,
  };
}

/** Tells one event by the events that listeners know. Throws UNREADABLE for a line that is not what scripts write, CODEC. */
export function tellEvent<Result, Progress>(
  event: JobEvent,
  id: string,
  emit: Emit<Result, Progress>,
  codecs = Codecs.none,
): void {
  const calls: (() => void)[] = [];
  const collect: Emit<Result, Progress> = (name, ...args) => {
    calls.push(() => emit(name, ...args));
  };
  try {
    tell(event, id, collect, codecs);
  } catch (cause) {
    if (cause instanceof QueueError && cause.code === 'CODEC') throw cause;
    const message = `the event ${event.word} of job ${event.id} can't be read`;
    throw new QueueError('UNREADABLE', message, { cause, ids: [event.id] });
  }
  for (const call of calls) call();
}

function tell<Result, Progress>(
  { word, id: jobId, fields }: JobEvent,
  id: string,
  emit: Emit<Result, Progress>,
  codecs: Codecs,
): void {
  const [first, second, third] = fields;
  /** A job that was just added tells its name. */
  const added = (name: string | undefined): void => {
    if (first === '' && name !== undefined)
      emit('added', { jobId, name: revive(name) as string }, id);
  };
  switch (word) {
    case 'waiting':
      added(second);
      return emit('waiting', { jobId, ...before(first) }, id);
    case 'delayed':
      added(third);
      return emit('delayed', { jobId, delay: Number(second), ...before(first) }, id);
    case 'deferred':
      added(second);
      emit('deferred', { jobId, ...before(first) }, id);
      return emit('waiting-children', { jobId, ...before(first) }, id);
    case 'active':
      return emit('active', { jobId, prev: 'waiting' }, id);
    case 'completed': {
      const returnvalue = decodeOutcome(second ?? '', jobId, codecs).returnvalue as Result;
      return emit('completed', { jobId, returnvalue, prev: 'active' }, id);
    }
    case 'failed': {
      const { failedReason, ran } = reasonOf(second, jobId, codecs);
      return emit('failed', { jobId, failedReason, ...(ran ? { prev: 'active' } : {}) }, id);
    }
    case 'cancelled':
      return emit(
        'cancelled',
        { jobId, failedReason: reasonOf(second, jobId, codecs).failedReason },
        id,
      );
    case 'stalled':
      emit('stalled', { jobId }, id);
      return emit('waiting', { jobId, prev: 'active' }, id);
    case 'removed':
      return emit('removed', { jobId }, id);
    case 'progress':
      return emit(
        'progress',
        { jobId, data: codecs.read(first ?? '', 'progress', jobId) as Progress },
        id,
      );
    case 'drained':
      return emit('drained', id);
    case 'paused':
    case 'resumed':
    case 'obliterated':
      return emit(word, empty, id);
    case 'ended':
      // For those who wait for single jobs; who listens to all is told more.
      return;
  }
}
