// What a worker tells its listeners.
import type { Job } from './job.js';
import type { JobProgress } from './notes.js';

export type WorkerEvents<Data, Result, Name extends string> = {
  /** A job begins to run. */
  active: [job: Job<Data, Result, Name>, prev: 'waiting'];
  /** A job's result was accepted. */
  completed: [job: Job<Data, Result, Name>, result: Result, prev: 'active'];
  /** An attempt failed; the job is undefined when only its id is known to be lost too often. */
  failed: [job: Job<Data, Result, Name> | undefined, error: Error, prev: 'active'];
  /** A job that this worker ran was cancelled, and has stopped. */
  cancelled: [job: Job<Data, Result, Name>, reason: Error, prev: 'active'];
  /** A job that this worker runs has told how far it is. */
  progress: [job: Job<Data, Result, Name>, progress: JobProgress];
  /** A job was lost with its worker, and may be claimed again. */
  stalled: [jobId: string, prev: 'active'];
  /** Nothing is left to claim, in any of its queues. */
  drained: [];
  /** `pause()` was called, and the jobs in hand have ended, unless they were not to be waited for. */
  paused: [];
  /** It claims again, after `resume()`. */
  resumed: [];
  /** It begins to claim; told once for each `run()`, also when the connection is still to be made. */
  ready: [];
  /** `close()` was called: nothing more is claimed. */
  closing: [];
  /** Everything in hand was settled or handed back, as far as the server was there, and the connection was given back. */
  closed: [];
  /** Trouble with Redis, a handler that ignores its signal, a result that was refused, a listener that threw; logged without a listener. */
  error: [error: Error];
};
