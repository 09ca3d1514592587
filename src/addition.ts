// One job on its way to Redis, and who waits for it. It is made once and is all that the batches handle, since there are many.
import type { Entry } from './batcher.js';
import type { Codecs } from './codec.js';
import { QueueError } from './errors.js';
import type { ParentFailurePolicy, ParentId } from './job-options.js';
import { batchBytes } from './options.js';
import { encodeRecord, encodeTraits, type JobRecord } from './record.js';
import type { JobId, RecordText, TraitsText } from './script.js';
import type { AddWord } from './scripts.js';

export type Added = Exclude<AddWord, 'full'> | QueueError;

/** Bytes that an edge counts for, so that 1,000 of them fill a call. */
const edgeBytes = Math.ceil(batchBytes / 1_000);

/** What all jobs of a queue have in common on their way. */
export interface Destination<J> {
  /** Most bytes of data. */
  readonly dataBytes: number;
  readonly codecs: Codecs;
  /** Makes a job of what was stored. */
  jobOf(id: JobId, record: JobRecord, duplicate: boolean): J | Promise<J>;
  /** The id that was drawn is another job's: to be added under a new one. */
  again(addition: Addition<J>): void;
}

/** How a job stands to others. */
interface Relations {
  readonly parents: readonly ParentId[];
  /** Others will depend on it at once. */
  readonly isParent: boolean;
}

/** Who waits for a job to be stored. */
interface Waiting<J> {
  resolve(job: J | Promise<J>): void;
}

export class Addition<J> implements Entry<Addition<J>, Added> {
  readonly id: JobId;
  readonly record: RecordText;
  readonly traits: TraitsText | '';
  /** ms. */
  readonly delay: number;
  readonly parents: readonly ParentId[];
  readonly bytes: number;
  readonly #source: JobRecord;
  readonly #family: Relations;
  readonly #destination: Destination<J>;
  readonly #resolve: Waiting<J>['resolve'];
  readonly reject: (error: Error) => void;

  /** Throws for data that can't be stored. */
  constructor(
    destination: Destination<J>,
    id: JobId,
    source: JobRecord,
    family: Relations,
    resolve: Waiting<J>['resolve'],
    reject: (error: Error) => void,
  ) {
    const { parents, isParent } = family;
    const { opts } = source;
    const { text, bytes } = encodeRecord(source, destination.dataBytes, id, destination.codecs);
    const child = parents.length > 0;
    this.id = id;
    this.record = text;
    this.traits = encodeTraits(
      opts,
      bytes,
      child || isParent ? { child, parent: isParent } : undefined,
    );
    this.delay = opts.delay ?? 0;
    this.parents = parents;
    this.bytes = child ? bytes + edgeBytes * parents.length : bytes;
    this.#source = source;
    this.#family = family;
    this.#destination = destination;
    this.#resolve = resolve;
    this.reject = reject;
  }

  /** The same job under another id, to which its record may be bound. Throws as the constructor does. */
  under(id: JobId): Addition<J> {
    const { reject } = this;
    return new Addition(this.#destination, id, this.#source, this.#family, this.#resolve, reject);
  }

  get item(): this {
    return this;
  }

  /** Its id was not drawn here, so another job of the same call may have it too. */
  get isOwn(): boolean {
    return this.#source.opts.jobId !== undefined;
  }

  get policy(): ParentFailurePolicy {
    return this.#source.opts.onParentFailure ?? 'fail';
  }

  resolve(added: Added): void {
    if (added instanceof QueueError) this.reject(added);
    else if (added === 'added' || this.isOwn)
      this.#resolve(this.#destination.jobOf(this.id, this.#source, added === 'duplicate'));
    // Two producers drew the same id: this job has not been added yet.
    else this.#destination.again(this);
  }
}
