// Hears every command that the server executes, those inside scripts included, and tells which scripts were called and what they did.
import { once } from 'node:events';

/**
 * @typedef {object} Heard
 * @property {Map<string, { calls: number, commands: number }>} scripts by name
 * @property {number} commands outside of scripts
 */

/**
 * @param {import('ioredis').Redis} redis
 * @param {import('./product.mjs').Product} product
 * @param {() => Promise<unknown>} work
 * @returns {Promise<Heard>}
 */
export async function hear(redis, product, work) {
  const names = new Map(Object.values(product.scripts).map(({ name, sha }) => [sha, name]));
  const monitor = await redis.monitor();
  const heard = { scripts: new Map(), commands: 0 };
  let row;
  const last = `heard ${Math.random()}`;
  monitor.on('monitor', (_time, [command, first], source) => {
    if (source === 'lua') row.commands += 1;
    else if (/^evalsha$/i.test(command)) {
      const name = names.get(first);
      if (!heard.scripts.has(name)) heard.scripts.set(name, { calls: 0, commands: 0 });
      row = heard.scripts.get(name);
      row.calls += 1;
    } else if (first === last) monitor.emit('last');
    else heard.commands += 1;
  });
  try {
    await work();
    // Lines come in the order of the commands: with this one all others are here.
    const end = once(monitor, 'last');
    await redis.echo(last);
    await end;
  } finally {
    monitor.disconnect();
  }
  return heard;
}
