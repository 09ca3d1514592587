// How long one call of a script holds the server, by its own account.
import { commandStatsOf } from '../info.mjs';

export class Stopwatch {
  #redis;
  #loaded = new Set();

  /** @param {import('ioredis').Redis} redis of a server that nobody else uses */
  constructor(redis) {
    this.#redis = redis;
  }

  /** @param {import('../../dist/script.js').Call} call */
  async time(call) {
    const { name, sha, source } = call.script;
    if (!this.#loaded.has(sha)) {
      await this.#redis.script('LOAD', source);
      this.#loaded.add(sha);
    }
    const results = await this.#redis
      .pipeline()
      .config('RESETSTAT')
      .call('EVALSHA', sha, ...call.argv)
      .info('commandstats')
      .exec();
    const failed = results.find(([error]) => error)?.[0];
    if (failed) throw new Error(`${name}: ${failed.message}`, { cause: failed });
    const { calls, micros } = commandStatsOf(results[2][1]).get('evalsha') ?? {};
    if (calls !== 1) throw new Error(`${name}: INFO does not tell how long it took`);
    return { micros, reply: call.parse(results[1][1]) };
  }
}
