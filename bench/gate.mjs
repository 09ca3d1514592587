// Does anything cost more than it did? Holds what the scripts and the API do against bench/budgets.mjs, on a private server.
//
//   node bench/gate.mjs [--only GROUP[,GROUP]] [--lua FOLDER] [--tries N] [--json]
//
// --only   scripts, backlog: exact counts, the same on any machine; api: exact but for handlers that do nothing; memory: bytes, exact on
//          Redis 7.0; floor, tail, growth: ratios of times of one run
// --lua    takes the scripts from another folder than those that were built
// --tries  how often api, floor, tail and growth are measured while they do not hold, the first time included; default 3
// --json   prints the results as JSON
//
// Ends with 1 when a check is red, or better than its budget: the budget is then to be lowered, lest it hide the next loss.
import { stat } from 'node:fs/promises';
import * as budgets from './budgets.mjs';
import { connect } from './connect.mjs';
import { groups, holds, runGroup } from './gate/group.mjs';
import { summary, table } from './gate/print.mjs';
import { openProduct } from './gate/product.mjs';
import { fieldsOf, versionOf } from './info.mjs';
import { flagsOrExit, parseFlags, UsageError, wholeNumber } from './usage.mjs';

/** As shells tell it. */
const interruptedCode = 130;

async function readFlags() {
  const { values } = parseFlags({
    options: {
      only: { type: 'string' },
      lua: { type: 'string' },
      tries: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
    },
  });
  const known = groups.map(({ id }) => id);
  const only = values.only?.split(',') ?? known;
  const unknown = only.find((id) => !known.includes(id));
  if (unknown !== undefined)
    throw new UsageError(`--only: expected groups out of ${known.join(', ')}, got ${unknown}`);
  const { lua, json } = values;
  if (lua !== undefined && !(await isFolder(lua)))
    throw new UsageError(`--lua: expected a folder of scripts, got ${lua}`);
  const tries = wholeNumber('--tries', values.tries);
  return { chosen: groups.filter(({ id }) => only.includes(id)), lua, tries, json };
}

/** @param {string} path */
async function isFolder(path) {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

/** Runs the groups on a server of their own; the product's copy and the server go however it ends. */
async function run({ chosen, lua, tries, json }) {
  const { startRedis } = await import('../dist/testing/index.js');
  const product = await openProduct(lua);
  let server;
  let redis;
  const end = async () => {
    redis?.disconnect();
    await server?.stop();
    await product.close();
  };
  const interrupted = () => {
    process.exitCode = interruptedCode;
    void end().finally(() => process.exit());
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    server = await startRedis();
    redis = await connect(server.url);
    const context = {
      redis,
      url: server.url,
      product,
      budgets,
      version: versionOf(fieldsOf(await redis.info('server'))),
    };
    if (!json) console.log(`on ${context.version}\n`);
    const results = [];
    for (const group of chosen) {
      const start = performance.now();
      const checks = await runGroup(group, context, tries);
      const seconds = (performance.now() - start) / 1_000;
      results.push({ group: group.id, seconds, checks });
      if (!json) console.log(table(group, checks, seconds));
    }
    return { server: context.version, results };
  } finally {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
    await end();
  }
}

const flags = await flagsOrExit(readFlags);
try {
  const outcome = await run(flags);
  console.log(flags.json ? JSON.stringify(outcome, null, 2) : summary(outcome.results));
  process.exitCode = outcome.results.every(({ checks }) => checks.every(holds)) ? 0 : 1;
} catch (error) {
  if (process.exitCode !== interruptedCode) throw error;
}
