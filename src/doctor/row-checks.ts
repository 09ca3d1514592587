// What must hold of the rows of single keys, so that scripts and clients can read them.
import { decodeHead } from '../record.js';
import type { KeyNamer, Noun } from '../keys.js';
import { isCount, some, type Check } from './check.js';

/** A row, member or entry of one key. */
export interface Row {
  readonly noun: Noun;
  readonly id: string;
  /** Value or score; undefined when it is not there any more. */
  readonly value: string | undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isRecord(text: string): boolean {
  try {
    decodeHead('', text);
    return true;
  } catch {
    return false;
  }
}

/** An edge behind the id whose edge it is, which stands in it once more at `place`. */
function isEdge(member: string, place: 2 | 4): boolean {
  const [owner, ...parts] = member.split('\t');
  const [, , , , nonce, policy] = parts;
  const whole = parts.length === 6 && parts[place - 1] === owner && Boolean(nonce);
  return whole && /^(?:fail|run|wait)$/.test(policy ?? '');
}

/** Whether it is what `getWorkers` can read: a deadline, then what a worker tells of itself. */
function isWorker(text: string): boolean {
  const [deadline = '', ...rest] = text.split(' ');
  try {
    const told = JSON.parse(rest.join(' ')) as Record<string, unknown>;
    const { host, queues, jobs, counters } = told;
    const numbers = [told.pid, told.started, told.lockDuration, told.queueCount, told.concurrency];
    return (
      /^\d+$/.test(deadline) &&
      typeof host === 'string' &&
      numbers.every(Number.isFinite) &&
      Array.isArray(queues) &&
      Array.isArray(jobs) &&
      jobs.every(Array.isArray) &&
      typeof counters === 'object' &&
      counters !== null
    );
  } catch {
    return false;
  }
}

/** Counts behind their minute, at the place of that minute or that of all time. */
function isCounters(text: string, place: string): boolean {
  const [, minute] = /^(\d+)(?: \d+)+$/.exec(text) ?? [];
  return minute !== undefined && (place === 'total' || String(Number(minute) % 20_160) === place);
}

const column = (noun: Noun) => (key: KeyNamer) =>
  `Erase them: HDEL ${key(noun)} <id>; what they told is lost.`;

/** Of the rows of one key, those whose text is not what it should be. */
function rowCheck(
  noun: Noun,
  what: string,
  reads: (value: string, id: string) => boolean,
  more: Partial<Check<Row>> = {},
): Check<Row> & { readonly noun: Noun } {
  return {
    noun,
    code: `${noun}-malformed`,
    severity: 'broken',
    message: (count) => `${some(count, 'row')} not readable in ${noun}, as no ${what}.`,
    remedy: column(noun),
    finds: (row) =>
      row.noun === noun && row.value !== undefined && !reads(row.value, row.id)
        ? row.value.slice(0, 200)
        : undefined,
    ...more,
  };
}

/** Checks of rows by the key whose rows they look at. */
export const rowChecks: readonly (Check<Row> & { readonly noun: Noun })[] = [
  rowCheck('attempts', 'count', isCount),
  rowCheck('stalls', 'count', (text) => text === '0' || isCount(text)),
  rowCheck('traits', 'JSON', isJson),
  rowCheck('failures', 'list of failures', (text) => /^(?:\{.*\}\n){1,10}$/.test(text)),
  rowCheck('outcomes', 'list of outcomes', (text) =>
    /^(?:[^\t\n]+\t[^\t\n]+\t[a-z]+\t[^\t\n]*\n)+$/.test(text),
  ),
  rowCheck(
    'calls',
    'answer to a call',
    (text, id) => /^[^:]+:\w+$/.test(id) && /^\d+ \d+ /.test(text),
    { remedy: (key) => `Erase them: HDEL ${key('calls')} <row>.` },
  ),
  rowCheck('workers', 'worker', isWorker, {
    remedy: (key) =>
      `Erase them: HDEL ${key('workers')} <lease>; a worker that lives tells of itself with its next news.`,
  }),
  rowCheck('counters', 'counts of a minute', isCounters, {
    remedy: (key) => `Erase them: HDEL ${key('counters')} <field>; what they counted is lost.`,
  }),
  rowCheck('awaiting', 'edge', (_, member) => isEdge(member, 2), {
    remedy: (key) => `Take them out: ZREM ${key('awaiting')} <member>.`,
  }),
  rowCheck('dependents', 'edge', (_, member) => isEdge(member, 4), {
    remedy: (key) => `Take them out: ZREM ${key('dependents')} <member>.`,
  }),
];

/** Looked at only when records are asked for. */
export const recordChecks: readonly (Check<Row> & { readonly noun: Noun })[] = [
  rowCheck('jobs', 'record', isRecord, {
    code: 'record-unreadable',
    message: (count) => `${some(count, 'record')} not readable.`,
    remedy: () => `Remove the jobs, queue.remove(id), or let them fail as they are claimed.`,
  }),
  rowCheck('results', 'outcome', isJson, {
    code: 'result-unreadable',
    message: (count) => `${some(count, 'outcome')} not readable.`,
  }),
];
