// Calls the scripts of one queue as its clients do, one at a time, and reads off the server what a call took.
import { Caller, IdMaker, randomText } from '../../../dist/caller.js';
import { queueKeys } from '../../../dist/keys.js';
import { encodeReason } from '../../../dist/outcome.js';
import { encodeRecord } from '../../../dist/record.js';
import { callOf } from '../../../dist/script.js';
import * as scripts from '../../../dist/scripts.js';
import { commandStatsOf, isScriptCall } from '../../info.mjs';
import { payloads } from '../../payload.mjs';

/**
 * @typedef {object} Taken
 * @property {number} jobs of one call
 * @property {{ micros: number, others: number }[]} calls time of the script in µs, and commands that it made
 */

const schema = scripts.schemaVersion;
/** ms for which the lease lives: longer than any load. */
const period = 3_600_000;
const kept = '{"returnvalue":{"found":12},"processedOn":1700000000000}';

export class ScriptDesk {
  /** What was measured, by the name of the operation. @type {Map<string, Taken>} */
  taken = new Map();
  #redis;
  #keys;
  #payload;
  #caller = new Caller(randomText(48));
  #ids = new IdMaker();
  #made = 0;
  #claimed = new Set();

  /**
   * @param {import('ioredis').Redis} redis
   * @param {string} queue
   * @param {number} bytes of the JSON of a job's data
   */
  constructor(redis, queue, bytes) {
    this.#redis = redis;
    this.#keys = queueKeys(queue);
    this.#payload = payloads(bytes);
  }

  /** Loads the scripts and takes a lease, under which jobs are claimed. */
  async open() {
    for (const { source } of Object.values(scripts))
      if (source !== undefined) await this.#redis.script('LOAD', source);
    const word = await this.#call(scripts.open, { lease: this.#caller.id, period, schema });
    if (word !== 'opened') throw new Error(`open: ${word}`);
  }

  /**
   * Makes a call; under a name it is measured as one for so many jobs.
   *
   * @param {any} script
   * @param {object} args
   * @param {object[]} [items]
   * @param {string} [name]
   * @param {number} [jobs]
   */
  async #call(script, args, items = [], name, jobs = items.length || 1) {
    const call = callOf(script, this.#keys, args, items);
    if (name === undefined) {
      return call.parse(await this.#redis.evalsha(script.sha, ...call.argv));
    }
    // In one go, so that hardly anything of others comes between.
    const pipeline = this.#redis.pipeline().info('commandstats');
    const results = await pipeline
      .evalsha(script.sha, ...call.argv)
      .info('commandstats')
      .exec();
    const [before, reply, after] = results.map(([error, value]) => {
      if (error) throw error;
      return value;
    });
    const {
      scripts: made,
      micros,
      others,
    } = between(commandStatsOf(before), commandStatsOf(after));
    if (made !== 1) throw new Error(`${name}: expected one script call, others came between`);
    const taken = this.taken.get(name) ?? { jobs, calls: [] };
    taken.calls.push({ micros, others });
    this.taken.set(name, taken);
    return call.parse(reply);
  }

  #numbered(script) {
    return this.#caller.next(script.name);
  }

  #newJobs(count) {
    return Array.from({ length: count }, () => {
      const data = this.#payload(this.#made);
      this.#made += 1;
      const record = { name: 'bench', data, timestamp: Date.now(), opts: {} };
      return { id: this.#ids.next(), record: encodeRecord(record).text, traits: '' };
    });
  }

  async enqueue(count, name) {
    const jobs = this.#newJobs(count);
    const args = { ...this.#numbered(scripts.enqueue), schema };
    all('added', await this.#call(scripts.enqueue, args, jobs, name));
    return jobs.map(({ id }) => id);
  }

  async schedule(count, delay, name) {
    const jobs = this.#newJobs(count).map((job) => ({ ...job, delay }));
    const args = { ...this.#numbered(scripts.schedule), schema };
    all('added', await this.#call(scripts.schedule, args, jobs, name));
  }

  /** Takes so many jobs, none of which was taken before, unless it was given back. */
  async claim(want, name) {
    const args = {
      ...this.#numbered(scripts.claim),
      schema,
      lease: this.#caller.id,
      want,
      allowance: 0,
      alone: 1,
    };
    const { token, jobs = [] } = await this.#call(scripts.claim, args, [], name, want);
    if (jobs.length !== want) throw new Error(`claim: ${jobs.length} jobs instead of ${want}`);
    for (const { id } of jobs) {
      if (this.#claimed.has(id)) throw new Error(`job ${id} was claimed twice`);
      this.#claimed.add(id);
    }
    return jobs.map(({ id }) => ({ id, token }));
  }

  async complete(claimed, { age = '0' } = {}, name) {
    const items = claimed.map((job) => ({ ...job, outcome: age === '0' ? '' : kept }));
    all('settled', await this.#call(scripts.complete, { age }, items, name));
  }

  async handback(claimed, name) {
    const items = claimed.map((job) => ({ ...job, ends: '' }));
    all('settled', await this.#call(scripts.handback, {}, items, name));
    for (const { id } of claimed) this.#claimed.delete(id);
  }

  async remove(ids, name) {
    const items = ids.map((id) => ({ id }));
    const args = { ...this.#numbered(scripts.remove), state: '' };
    all('removed', await this.#call(scripts.remove, args, items, name));
  }

  async cancel(ids, name) {
    const items = ids.map((id) => ({ id }));
    const failure = encodeReason('cancelled by the bench');
    const args = { ...this.#numbered(scripts.cancel), word: 'cancelled', failure };
    all('cancelled', await this.#call(scripts.cancel, args, items, name));
  }

  async promote(count, name) {
    const args = { limit: count, timer: 'timer' };
    const { moved } = await this.#call(scripts.promote, args, [], name, count);
    if (moved !== count) throw new Error(`promote: ${moved} jobs instead of ${count}`);
  }

  async evict(count, name) {
    const args = { limit: count, completed: '', failed: '' };
    const { gone } = await this.#call(scripts.evict, args, [], name, count);
    if (gone !== count) throw new Error(`evict: ${gone} jobs instead of ${count}`);
  }

  async stateOf(id, name) {
    const [row] = await this.#call(scripts.inspect, {}, [{ id }], name);
    return row?.state ?? 'unknown';
  }

  /** Ids of the oldest waiting jobs. */
  async firstWaiting(count) {
    return await this.#redis.lrange(this.#keys.waiting, 0, count - 1);
  }

  /** Id of a waiting job, each as likely as the others. */
  async anyWaiting() {
    const length = await this.#redis.llen(this.#keys.waiting);
    return await this.#redis.lindex(this.#keys.waiting, Math.floor(Math.random() * length));
  }

  async counts(name) {
    return await this.#call(scripts.count, {}, [], name);
  }

  /** Throws unless there are as many jobs as expected in each state, and none in the others. */
  async check(expected) {
    for (const [state, count] of Object.entries(await this.counts()))
      if (count !== (expected[state] ?? 0))
        throw new Error(`${count} jobs are ${state}, ${expected[state] ?? 0} were expected`);
  }
}

/**
 * What happened between two looks, INFO left out: script calls, their time, and the other commands.
 *
 * @param {import('../../info.mjs').CommandStats} before
 * @param {import('../../info.mjs').CommandStats} after
 */
function between(before, after) {
  const sum = { scripts: 0, micros: 0, others: 0 };
  for (const [name, { calls, micros }] of after) {
    if (name === 'info') continue;
    const old = before.get(name) ?? { calls: 0, micros: 0 };
    if (isScriptCall(name)) {
      sum.scripts += calls - old.calls;
      sum.micros += micros - old.micros;
    } else sum.others += calls - old.calls;
  }
  return sum;
}

function all(expected, words) {
  const other = Array.isArray(words) ? words.find((word) => word !== expected) : words;
  if (other !== undefined) throw new Error(`expected ${expected} for each job, got ${other}`);
}
