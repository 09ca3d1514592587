// How long the longest script call took while something was done, from the server's slow log.

/** µs from which calls are noted: what none took longer than. */
const threshold = 100;
const settings = ['slowlog-log-slower-than', 'slowlog-max-len'];

/**
 * @param {import('ioredis').Redis} redis
 * @param {() => Promise<void>} work
 * @returns {Promise<number>} ms
 */
export async function longestScript(redis, work) {
  const before = {};
  for (const name of settings) [, before[name]] = (await redis.call('CONFIG', 'GET', name)).flat();
  const [last] = await redis.slowlog('GET', 1);
  await redis.config('SET', settings[0], threshold, settings[1], 100_000);
  try {
    await work();
    const calls = await redis.slowlog('GET', 100_000);
    const scripts = calls.filter(
      ([id, , , [command]]) => id > (last?.[0] ?? -1) && /^(eval|fcall)/i.test(command),
    );
    return scripts.reduce((most, [, , micros]) => Math.max(most, micros), threshold) / 1_000;
  } finally {
    for (const name of settings) await redis.config('SET', name, before[name]);
  }
}
