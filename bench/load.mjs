// `npm run load`: a load test of Lunaq against a Redis of yours, or a private one. `--help` tells the flags.
import { someRedis } from '../dist/testing/index.js';
import { versionOf } from './info.mjs';
import { flagsOf, usage } from './load/flags.mjs';
import { reportOf, textOf } from './load/report.mjs';
import { LoadTest } from './load/run.mjs';
import { figure, hiding } from './load/text.mjs';
import { View } from './load/view.mjs';
import { UsageError } from './usage.mjs';

/** ms within which a second signal is the first one again: npm hands on what the terminal has sent already. */
const echo = 500;

/** @param {string} message */
function complain(message) {
  process.stderr.write(`load: ${message}\n`);
}

/** Fires at the first signal, and when nobody reads the output any more; quits at the second signal. */
function interruption() {
  const over = new AbortController();
  let first;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      first ??= performance.now();
      if (performance.now() - first > echo) {
        complain('quit at once: its keys may stay behind');
        process.exit(130);
      }
      over.abort();
    });
  process.stdout.on('error', () => over.abort());
  return over.signal;
}

/** The library warns of a server that evicts keys; so does the load test, in its report, too. */
function tellWarnings() {
  process.removeAllListeners('warning');
  process.on('warning', ({ code, message }) => {
    // What is wrong with the server it tells by itself; how safe its version is, is not the question here.
    if (code !== 'LUNAQ_EVICTION' && code !== 'LUNAQ_LUA_HOLES') complain(message);
  });
}

function headOf({ rate, seconds, workers, concurrency, producers, queues, work }, place, fields) {
  const { from, to } = work;
  const handlers = from === to ? `${from} ms` : `${from} to ${to} ms`;
  return [
    `${figure(rate, rate % 1 === 0 ? 0 : 1)} jobs/s for ${figure(seconds)} s on ${place} (${versionOf(fields)})`,
    `processes: ${producers} adding, ${workers} working with ${concurrency} jobs at a time; handlers take ${handlers}; queues: ${queues}`,
    '',
  ].join('\n');
}

/** @returns {Promise<number>} the exit code */
async function main() {
  const flags = flagsOf(process.argv.slice(2));
  if (flags.help) {
    process.stdout.write(usage);
    return 0;
  }
  tellWarnings();
  const interrupted = interruption();
  const server = await someRedis({ argv: flags.redis ? ['--redis', flags.redis] : [] });
  const { place, hide } = hiding(server.url);
  const view = new View(flags, hide);
  try {
    const test = new LoadTest(flags, server, view, interrupted);
    const result = await test.run((fields, warnings) => {
      view.print(headOf(flags, server.isPrivate ? 'a private server' : place, fields));
      for (const warning of warnings) view.warn(warning);
    });
    if (!result) {
      view.print('ended before the first job');
      return 0;
    }
    const report = reportOf(result);
    view.document({ report });
    view.print(textOf(report));
    return report.ok ? 0 : 1;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new Error(hide(`${place}: ${error.message}`), { cause: error });
  } finally {
    await server.stop();
  }
}

/** Resolves when what was written has gone. */
function flushed(stream) {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}

let code = 1;
try {
  code = await main();
} catch (error) {
  complain(error.message);
  if (error instanceof UsageError) code = 2;
}
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
process.exit(code);
