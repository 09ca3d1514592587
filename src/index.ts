export type { CancelOptions } from './actions.js';
export type { BulkJob, BulkJobOptions } from './bulk.js';
export type { ConnectionOptions, RedisInstance } from './connection.js';
export {
  BulkError,
  DelayedError,
  JobCancelledError,
  JobFailedError,
  JobTimeoutError,
  LeaseLostError,
  QueueError,
  UnrecoverableError,
  type BulkOutcome,
  type QueueErrorCode,
} from './errors.js';
export type { Job } from './job.js';
export type {
  Backoff,
  JobOptions,
  JobRef,
  KeepJobs,
  ParentFailurePolicy,
  ParentId,
  ParentRef,
} from './job-options.js';
export type { QueueOptions, WorkerOptions } from './options.js';
export { Queue } from './queue.js';
export type { Failure } from './record.js';
export type { BackoffStrategy } from './retry.js';
export type { FinishedState, JobState } from './scripts.js';
export type { ParentJob } from './store.js';
export { Worker, type Handler, type Handlers, type WorkerEvents } from './worker.js';
