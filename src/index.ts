export type { ConnectionOptions, RedisInstance } from './connection.js';
export {
  BulkError,
  LeaseLostError,
  QueueError,
  UnrecoverableError,
  type BulkOutcome,
  type QueueErrorCode,
} from './errors.js';
export type { Job } from './job.js';
export type { JobOptions, QueueOptions, WorkerOptions } from './options.js';
export { Queue, type BulkJob } from './queue.js';
export type { Backoff } from './retry.js';
export type { JobState } from './scripts.js';
export { Worker, type Handler, type Handlers, type WorkerEvents } from './worker.js';
