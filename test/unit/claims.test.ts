import { expect, test } from 'vitest';
import { Pace } from '../../src/ahead.js';
import { Caller } from '../../src/caller.js';
import { Claims } from '../../src/claims.js';
import type { Connection } from '../../src/connection.js';
import { queueKeys } from '../../src/keys.js';
import type { Lease } from '../../src/lease.js';
import { Run } from '../../src/run.js';
import type { JobId, LeaseId, Token } from '../../src/script.js';

const lease = {
  id: 'L',
  caller: new Caller('L' as LeaseId),
  holds: () => true,
} as unknown as Lease;

const nothing = (): void => undefined;

/** A worker's claims, some jobs of claim 7 waiting to start. */
function claims(waiting: number): Claims {
  const hooks = { giveBack: nothing, due: nothing, late: nothing, answered: nothing, error: nothing, expired: async () => undefined }; // prettier-ignore
  const made = new Claims({} as Connection, queueKeys('q'), 1_000, new Pace(), hooks);
  const row = { record: '[]', attempts: 0, losses: 0, suspect: false };
  const ids = Array.from({ length: waiting }, (_, at) => `job-${at}` as JobId);
  made.ahead.add(ids.map((id) => new Run({ ...row, id }, 'L:7' as Token, lease, 0)));
  made.lastToken = 'L:7' as Token;
  return made;
}

/** Of which claims a claim tells that their jobs have started: up to this number; '' for all there are. */
test.each([
  ['all that wait have a slot, and what is claimed has one', 1, 1, 2, ''],
  ['all that wait have a slot, and what is claimed may wait', 1, 2, 2, '7'],
  ['what waits has no slot', 1, 1, 0, '6'],
  ['not all that wait have a slot', 2, 1, 1, '6'],
  ['nothing waits', 0, 1, 1, ''],
])('%s', (_, waiting, want, free, begun) => {
  const call = claims(waiting).call(lease, want, free, free - waiting);
  expect(call.argv.at(-1)).toBe(begun);
});

test('what is bare while a claim is under way is not known to be empty: that claim may have taken what was there', async () => {
  const made = claims(0);
  made.call(lease, 1, 1, 1);
  made.forget();
  made.foundBare();
  expect(made.lastWord).toBeUndefined();
  await made.take(lease, undefined);
  made.foundBare();
  expect(made.lastWord).toBe('empty');
});

test('that jobs with a ttl have started is told once none of their claim waits, if no claim has told it', () => {
  const made = claims(1);
  const waits = 'job-0' as JobId;
  const run = (ends?: number): Run =>
    new Run({ id: 'a' as JobId, record: '[]', attempts: 0, losses: 0, suspect: false, ends }, 'L:7' as Token, lease, 0); // prettier-ignore
  made.call(lease, 1, 1, -1);
  made.starts(run(5));
  expect(made.untold).toBe(false);
  made.ahead.remove(waits);
  expect(made.untold).toBe(true);
  expect(made.call(lease, 0, 0, 0).argv.at(-1)).toBe('');
  expect(made.untold).toBe(false);
});

test('that jobs without a ttl have started is not told for its own sake', () => {
  const made = claims(0);
  made.call(lease, 2, 1, 1);
  const row = { id: 'a' as JobId, record: '[]', attempts: 0, losses: 0, suspect: false };
  made.starts(new Run(row, 'L:8' as Token, lease, 0));
  expect(made.untold).toBe(false);
});
