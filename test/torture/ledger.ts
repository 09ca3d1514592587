// The ledger: what really happened, in the order in which it was told, on a server that no fault ever touches. It takes the effect
// of a run only when its token is higher than that of the last effect of the same job.
import { Redis } from 'ioredis';

/** Where a server, or the proxy before it, listens. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** What a row tells. */
export type RowKind =
  /** The producer is about to add a job; the text is its plan. */
  | 'intent'
  | 'added'
  | 'duplicate'
  | 'unknown'
  /** The add was refused; the text is the error's code. */
  | 'refused'
  | 'cancelling'
  | 'cancelled'
  | 'cancel refused'
  | 'requeueing'
  | 'requeued'
  | 'requeue refused'
  | 'requeue unknown'
  /** Of a queue: nobody claims between these two. */
  | 'paused'
  | 'resuming'
  /** A handler begins. */
  | 'start'
  /** A handler's effect, taken or refused as stale. */
  | 'effect'
  | 'stale'
  /** A handler throws. */
  | 'threw'
  /** A worker was told that Redis took the end of a run. */
  | 'done'
  | 'failed'
  | 'stopped'
  /** An error event of a queue or a worker. */
  | 'error'
  /** A worker was killed: the text is what it tells by. */
  | 'killed'
  /** Redis has lost what it did between two times (ms), which the text tells. */
  | 'forgotten'
  | 'fault'
  /** What it takes from workers is taken; it may go on to last. */
  | 'struck'
  | 'fault over';

export interface Row {
  /** The ledger's clock (ms), which is that of all servers here. */
  readonly time: number;
  readonly kind: RowKind;
  /** `queue/id`, '' for what is about none. */
  readonly job: string;
  /** Who tells it. */
  readonly by: string;
  readonly token: string;
  readonly text: string;
}

/** Who tells it, of a worker. */
export function workerName(slot: number, pid: number): string {
  return `worker ${slot} (${pid})`;
}

const noteScript = `
local time = redis.call('TIME')
local at = string.format('%.3f', time[1] * 1000 + time[2] / 1000)
redis.call('RPUSH', KEYS[1], table.concat({ at, unpack(ARGV) }, '\\t'))
`;

const effectScript = `
local time = redis.call('TIME')
local at = string.format('%.3f', time[1] * 1000 + time[2] / 1000)
local job, by, token = unpack(ARGV)
local number = token:match(':(%d+)')
local last = redis.call('HGET', KEYS[2], job)
local higher = not last or #number > #last or #number == #last and number > last
if higher then redis.call('HSET', KEYS[2], job, number) end
local word = higher and 'effect' or 'stale'
redis.call('RPUSH', KEYS[1], table.concat({ at, word, job, by, token, '' }, '\\t'))
return word
`;

interface LedgerRedis extends Redis {
  note(log: string, ...row: string[]): Promise<unknown>;
  effect(log: string, tokens: string, job: string, by: string, token: string): Promise<string>;
}

const keys = { log: 'log', tokens: 'tokens', mercy: 'mercy' };

export class Ledger {
  readonly #redis: LedgerRedis;
  readonly #by: string;

  constructor(connection: Place, by: string) {
    this.#redis = new Redis({ ...connection, enableAutoPipelining: true }) as LedgerRedis;
    this.#redis.defineCommand('note', { numberOfKeys: 1, lua: noteScript });
    this.#redis.defineCommand('effect', { numberOfKeys: 2, lua: effectScript });
    this.#by = by;
  }

  async note(kind: RowKind, job = '', text = '', token = ''): Promise<void> {
    await this.#redis.note(keys.log, kind, job, this.#by, token, text.replaceAll(/[\t\n]/g, ' '));
  }

  /** `stale` when a later run of the job has had its effect already. */
  async effect(job: string, token: string): Promise<string> {
    return await this.#redis.effect(keys.log, keys.tokens, job, this.#by, token);
  }

  /** From now on no handler fails on purpose. */
  async haveMercy(): Promise<void> {
    await this.#redis.set(keys.mercy, '1');
  }

  async hasMercy(): Promise<boolean> {
    return (await this.#redis.exists(keys.mercy)) === 1;
  }

  /** Rows from this number on, `most` of them at most. */
  async rows(from: number, most: number): Promise<Row[]> {
    const lines = await this.#redis.lrange(keys.log, from, from + most - 1);
    return lines.map(rowOf);
  }

  async close(): Promise<void> {
    await this.#redis.quit().catch(() => undefined);
  }
}

function rowOf(line: string): Row {
  const [time = '', kind = '', job = '', by = '', token = '', text = ''] = line.split('\t');
  return { time: Number(time), kind: kind as RowKind, job, by, token, text };
}

/** A row as people read it. */
export function lineOf({ time, kind, job, by, token, text }: Row, since: number): string {
  const at = ((time - since) / 1_000).toFixed(3).padStart(9);
  return `${at}  ${kind.padEnd(15)} ${job}  ${by}  ${token} ${text}`.trimEnd();
}
