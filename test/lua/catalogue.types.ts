// What must not compile; `npm run types` reads this file, nobody runs it. Each @ts-expect-error is an error itself
// when the line below it compiles.
import { queueKeys } from '../../src/keys.js';
import {
  callOf,
  declareScript,
  type CallRow,
  type FailureText,
  type JobId,
  type LeaseId,
  type OutcomeText,
  type RecordText,
  type Token,
} from '../../src/script.js';
import { claim, complete, enqueue, fail, open, renew, reread } from '../../src/scripts.js';

declare const lease: LeaseId;
declare const token: Token;
declare const id: JobId;
declare const record: RecordText;
declare const outcome: OutcomeText;
declare const failure: FailureText;
declare const call: CallRow;

const keys = queueKeys('q');
const adding = { call, number: 1, schema: 1, distinct: 1 };

export const good = [
  callOf(open, keys, { lease, period: 1, schema: 1 }),
  callOf(reread, keys, { token }, [{ id }]),
  callOf(complete, keys, { age: '' }, [{ id, token, outcome }]),
  callOf(enqueue, keys, adding, [{ id, record, traits: '' }]),
];

export const swapped = [
  // @ts-expect-error a lease where a token is wanted
  callOf(reread, keys, { token: lease }, [{ id }]),
  // @ts-expect-error a token where a lease is wanted
  callOf(renew, keys, { lease: token, period: 1 }),
  // @ts-expect-error id and token swapped
  callOf(complete, keys, { age: '' }, [{ id: token, token: id, outcome }]),
  // @ts-expect-error an id where a record is wanted
  callOf(enqueue, keys, adding, [{ id, record: id, traits: '' }]),
  // @ts-expect-error a record where an id is wanted
  callOf(reread, keys, { token }, [{ id: record }]),
  // @ts-expect-error a record where traits are wanted
  callOf(enqueue, keys, adding, [{ id, record, traits: record }]),
  // @ts-expect-error a failure where an outcome is wanted
  callOf(complete, keys, { age: '' }, [{ id, token, outcome: failure }]),
  // @ts-expect-error an outcome where a failure is wanted
  callOf(fail, keys, { age: '' }, [{ id, token, attempts: 1, failure: outcome }]),
  // @ts-expect-error a lease where a row of calls is wanted
  callOf(enqueue, keys, { call: lease, number: 1, schema: 1, distinct: 1 }, []),
  // @ts-expect-error text where a number is wanted
  callOf(open, keys, { lease, period: '1', schema: 1 }),
  // @ts-expect-error any text where an id is wanted
  callOf(reread, keys, { token }, [{ id: 'a' }]),
  // @ts-expect-error a word that is none
  callOf(complete, keys, { age: '' }, [{ id, token, outcome: 1 }]),
];

export const missing = [
  // @ts-expect-error an argument is missing
  callOf(open, keys, { lease, period: 1 }),
  // @ts-expect-error all arguments are missing
  callOf(open, keys, {}),
  // @ts-expect-error a field of an element is missing
  callOf(complete, keys, { age: '' }, [{ id, token }]),
  // @ts-expect-error the keys are missing
  callOf(renew, { lease, period: 1 }),
  // @ts-expect-error the keys of another queue are a name, not keys
  callOf(renew, 'q', { lease, period: 1 }),
];

export const unknown = [
  // @ts-expect-error an argument that the script does not have
  callOf(open, keys, { lease, period: 1, schema: 1, number: 1 }),
  // @ts-expect-error a field that elements do not have
  callOf(reread, keys, { token }, [{ id, record }]),
  // @ts-expect-error a noun that no queue has
  keys.nothing,
  // @ts-expect-error a script that is not there
  declareScript('prioritise', { keys: [], args: {}, each: {}, parse: String }),
  // @ts-expect-error a key name that is not there
  declareScript('pause', { keys: ['paused'], args: {}, each: {}, parse: String }),
];

/** Replies are words: one that is not there can't be asked for. */
export function replies(answer: ReturnType<typeof claim.parse>): boolean {
  // @ts-expect-error a word that claim does not answer
  if (answer.word === 'nothing') return false;
  // @ts-expect-error an answer without jobs
  return answer.jobs.length > 0;
}
