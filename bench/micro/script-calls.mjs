// The scripts that every job goes through, by jobs a call: from the catalogue to the server and back, one call at a time.
import { Caller, IdMaker, randomText } from '../../dist/caller.js';
import { Connection } from '../../dist/connection.js';
import { executeOne } from '../../dist/execute.js';
import { queueKeys } from '../../dist/keys.js';
import { encodeRecord } from '../../dist/record.js';
import { callOf } from '../../dist/script.js';
import * as scripts from '../../dist/scripts.js';
import { payloads } from '../payload.mjs';

const sizes = [1, 10, 100, 256];
const bytes = 63;
const schema = scripts.schemaVersion;
/** ms for which the lease lives: longer than any of this. */
const period = 3_600_000;

/** One queue, and calls of its scripts, each of which must do for all jobs what it is there for. */
class Queue {
  #connection;
  #keys = queueKeys(`micro-${randomText(6)}`);
  #caller = new Caller();
  #ids = new IdMaker();
  #payload = payloads(bytes);

  constructor(connection) {
    this.#connection = connection;
  }

  async open() {
    const args = { lease: this.#caller.id, period, schema };
    await this.#call(scripts.open, args);
  }

  #call(script, args, items) {
    return executeOne(this.#connection, callOf(script, this.#keys, args, items));
  }

  newJobs(count) {
    return Array.from({ length: count }, (_, at) => {
      const record = { name: 'bench', data: this.#payload(at), timestamp: Date.now(), opts: {} };
      return { id: this.#ids.next(), record: encodeRecord(record).text, traits: '' };
    });
  }

  async enqueue(jobs) {
    const args = { ...this.#caller.next('enqueue'), schema };
    all('added', await this.#call(scripts.enqueue, args, jobs), jobs.length);
  }

  async claim(want) {
    const numbered = { ...this.#caller.next('claim'), schema };
    const args = { ...numbered, lease: this.#caller.id, want, allowance: 0, alone: 1 };
    const { word, token, jobs } = await this.#call(scripts.claim, args);
    if (jobs?.length !== want) throw new Error(`claim: ${word}, not ${want} jobs`);
    return jobs.map(({ id }) => ({ id, token, outcome: '' }));
  }

  async complete(claimed) {
    all('settled', await this.#call(scripts.complete, { age: '0' }, claimed), claimed.length);
  }

  async remove() {
    await this.#connection.commands.unlink(...Object.values(this.#keys));
  }
}

function all(expected, words, count) {
  if (words.length !== count || words.some((word) => word !== expected))
    throw new Error(`expected ${count} times ${expected}, got ${words}`);
}

/** @returns {Promise<{ group: import('./run-cases.mjs').Group, close: () => Promise<void> }>} */
export async function scriptCalls(url) {
  const connection = Connection.acquire(url);
  const queue = new Queue(connection);
  await queue.open();
  const cases = sizes.flatMap((jobs) => casesOf(queue, jobs));
  const ping = { id: 'ping', title: 'PING', run: async () => await connection.commands.ping() };
  const byScript = cases.toSorted((a, b) => order(a) - order(b));
  return {
    group: { title: 'scripts, round trip', unit: 'µs', cases: [ping, ...byScript] },
    async close() {
      await queue.remove();
      connection.release();
    },
  };
}

const names = ['enqueue', 'claim', 'complete'];

function order({ id }) {
  return names.findIndex((name) => id.startsWith(name));
}

/** @param {Queue} queue @returns {import('./run-cases.mjs').Case[]} each leaves the queue empty */
function casesOf(queue, jobs) {
  let fresh;
  let claimed;
  const fill = async () => {
    fresh = queue.newJobs(jobs);
    await queue.enqueue(fresh);
  };
  const empty = async () => queue.complete(await queue.claim(jobs));
  const titleOf = (name) => `${name}, ${jobs} ${jobs === 1 ? 'job' : 'jobs'}`;
  return [
    {
      id: `enqueue-${jobs}`,
      title: titleOf('enqueue'),
      jobs,
      before: () => {
        fresh = queue.newJobs(jobs);
      },
      run: async () => await queue.enqueue(fresh),
      after: empty,
    },
    {
      id: `claim-${jobs}`,
      title: titleOf('claim'),
      jobs,
      before: fill,
      run: async () => {
        claimed = await queue.claim(jobs);
      },
      after: async () => await queue.complete(claimed),
    },
    {
      id: `complete-${jobs}`,
      title: titleOf('complete'),
      jobs,
      before: async () => {
        await fill();
        claimed = await queue.claim(jobs);
      },
      run: async () => await queue.complete(claimed),
    },
  ];
}
