// What goes wrong while a job is made ready to be added.
import { expect, test } from 'vitest';
import { Adder } from '../../src/adder.js';
import { Caller } from '../../src/caller.js';
import type { Connection } from '../../src/connection.js';
import type { Family } from '../../src/family.js';
import { queueKeys } from '../../src/keys.js';
import type { JobOptions } from '../../src/job-options.js';

const pending = { limits: { dataBytes: 100 }, maxPendingJobs: 1, maxPendingBytes: 1_000 };

test.each<[string, unknown, JobOptions, new () => Error]>([
  ['data that JSON does not have', 5n, {}, TypeError],
  ['a job that depends on itself', {}, { jobId: 'a', dependsOn: 'a' }, RangeError],
])('%s rejects the promise, and throws nothing', async (_, data, options, error) => {
  const adder = new Adder(
    'q',
    {} as Connection,
    { keysOf: queueKeys } as unknown as Family,
    [new Caller()],
    pending as unknown as ConstructorParameters<typeof Adder>[4],
    {} as ConstructorParameters<typeof Adder>[5],
    { stored: () => undefined, jobOf: () => undefined },
  );
  const added = adder.add('job', data, options);
  await expect(added).rejects.toBeInstanceOf(error);
});
