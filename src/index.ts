export type { Role } from './access/roles.js';
export { accessRules, type AccessOptions } from './access/rules.js';
export type { CancelOptions } from './actions.js';
export type { BulkJob, BulkJobOptions } from './bulk.js';
export type { Codec, CodecPart, CodecPlace } from './codec.js';
export type { ConnectionOptions, RedisInstance } from './client.js';
export {
  checkQueue,
  type CheckOptions,
  type Problem,
  type QueueReport,
  type Severity,
} from './doctor.js';
export {
  BulkError,
  CodecError,
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
export type { CounterRange, Metrics, MinuteCounters, QueueCounters } from './reporting/counters.js';
export type { IdCacheStats } from './knowing/id-cache.js';
export { Job } from './job.js';
export type {
  Backoff,
  JobMeta,
  JobOptions,
  JobRef,
  KeepJobs,
  ParentFailurePolicy,
  ParentId,
  ParentRef,
} from './job-options.js';
export type { JobRange, StateWord } from './job-range.js';
export type { LimitOptions } from './limits.js';
export type { OldestJob } from './looking.js';
export type { JobLogs, JobProgress } from './notes.js';
export type { QueueEventMap } from './listening/event-args.js';
export { QueueEvents } from './listening/queue-events.js';
export type { IdCacheOptions, QueueEventsOptions, QueueOptions, WorkerOptions } from './options.js';
export { Queue } from './queue.js';
export { getQueues, type GetQueuesOptions } from './registry.js';
export type { Failure } from './outcome.js';
export type { BackoffStrategy } from './retry.js';
export type { FinishedState, JobState } from './scripts.js';
export type { ParentJob } from './store.js';
export type { Counters } from './reporting/tally.js';
export type { Durability, WarningCode } from './warnings.js';
export { Worker, type Handler, type Handlers, type WorkerEvents } from './worker.js';
export type { WorkerCounters, WorkerInfo } from './reporting/workers.js';
