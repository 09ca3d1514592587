// The doctor: whether the invariants of a queue hold, told in bounded steps while it lives. It only reads. What looks wrong is looked at
// a second time, and what maintenance mends by itself counts only when it outlives several sweeps: see doctor/ for the checks.
import { knownOptions, queueNameOf, shown, wholeNumber, yesOrNo } from './checks.js';
import type { ConnectionOptions } from './client.js';
import { Connection } from './connection.js';
import { problemOf, some, type Finding, type Problem } from './doctor/check.js';
import { Exam } from './doctor/exam.js';
import { kinds } from './doctor/kinds.js';
import { Patient } from './doctor/patient.js';
import { firstChecks } from './doctor/queue-checks.js';
import { serverChecks } from './doctor/server-checks.js';
import { defaultPrefix, keyNamer, nouns, queueKeys, type QueueKeys } from './keys.js';
import type { Queue } from './queue.js';
import { callOf } from './script.js';
import * as scripts from './scripts.js';

export type { Problem, Severity } from './doctor/check.js';

export interface CheckOptions {
  /** Redis to use, only when the queue is given by name. Default: 127.0.0.1:6379. */
  connection?: ConnectionOptions;
  /** First part of every key, only when the queue is given by name. Default `lunaq`. */
  prefix?: string;
  /** ms between the first and the second look at what seems wrong. Default 1,000. */
  recheckAfter?: number;
  /** Read all records and results too, and go through the list of waiting jobs whatever its length. Default false. */
  records?: boolean;
  /** Ends the examination: it rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** How a queue is. */
export interface QueueReport {
  readonly queue: string;
  /** Nothing is broken; there may be warnings. */
  readonly ok: boolean;
  readonly problems: readonly Problem[];
  /** How much was looked at: jobs once for each key that names them. */
  readonly looked: {
    readonly jobs: number;
    readonly edges: number;
    readonly leases: number;
    readonly entries: number;
    readonly rows: number;
    /** Calls of scripts. */
    readonly steps: number;
    /** ms that it took. */
    readonly ms: number;
  };
  /** When it began (server's ms since 1970). */
  readonly time: number;
}

/**
 * Looks for broken invariants of a queue, whatever is going on in it, a few hundred rows a step. It writes nothing.
 *
 * Rejects with TypeError or RangeError for an option that can't be, with UNAVAILABLE when Redis can't be reached.
 */
export async function checkQueue(
  queue: Queue | string,
  options: CheckOptions = {},
): Promise<QueueReport> {
  const settings = settingsOf(options);
  if (typeof queue !== 'string') {
    for (const option of ['connection', 'prefix'] as const)
      if (options[option] !== undefined)
        throw new TypeError(`${option}: expected none beside a Queue, which has its own`);
    const { connection, keys } = queue['store'];
    return await examine(queue.name, connection, keys, settings);
  }
  const prefix = queueNameOf('prefix', options.prefix ?? defaultPrefix);
  const keys = queueKeys(queueNameOf('queue', queue), prefix);
  const connection = Connection.acquire(options.connection);
  try {
    return await examine(queue, connection, keys, settings);
  } finally {
    connection.release();
  }
}

interface Settings {
  readonly recheckAfter: number;
  readonly records: boolean;
  readonly signal: AbortSignal | undefined;
}

function settingsOf(options: CheckOptions): Settings {
  knownOptions(options, ['connection', 'prefix', 'recheckAfter', 'records', 'signal']);
  const { recheckAfter = 1_000, records = false, signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new TypeError(`signal: expected an AbortSignal, got ${shown(signal)}`);
  return {
    recheckAfter: wholeNumber('recheckAfter', recheckAfter, 0),
    records: yesOrNo('records', records),
    signal,
  };
}

async function examine(
  name: string,
  connection: Connection,
  keys: QueueKeys,
  { recheckAfter, records, signal }: Settings,
): Promise<QueueReport> {
  const start = performance.now();
  const keyOf = keyNamer(keys);
  const exam = new Exam(connection, keys, signal);
  const sizes = await exam.run(callOf(scripts.survey, keys, {}));
  const wrong = nouns.filter((noun) => ![kinds[noun], 'none'].includes(sizes[noun].kind));
  let problems: Problem[] = [];
  let time = Date.now();
  if (wrong.length > 0) {
    const finding = wrongType(wrong.map((noun) => `${noun} is a ${sizes[noun].kind}`));
    problems.push(problemOf(finding, wrong.length, wrong.map(keyOf), keyOf));
  } else {
    const facts = await exam.reckon();
    time = facts.now;
    const stop = firstChecks.filter((check) => check.finds(facts) !== undefined);
    problems = stop.map((check) => problemOf(check, 1, [], keyOf));
    if (stop.length === 0) {
      const patient = new Patient(exam, sizes, records);
      problems = await patient.diagnose(facts, recheckAfter, keyOf);
    }
  }
  const server = await connection.info();
  for (const check of serverChecks)
    if (check.finds(server) !== undefined) problems.push(problemOf(check, 1, [], keyOf));
  return {
    queue: name,
    ok: problems.every(({ severity }) => severity !== 'broken'),
    problems,
    looked: { ...exam.looked, ms: Math.round(performance.now() - start) },
    time,
  };
}

function wrongType(which: readonly string[]): Finding {
  return {
    code: 'wrong-type',
    severity: 'broken',
    message: (count) =>
      `${some(count, 'key')} of another type than scripts expect: ${which.join(', ')}.`,
    remedy: () =>
      `Find out what wrote it, rename or delete it, and look again: nothing else can be told before.`,
  };
}
