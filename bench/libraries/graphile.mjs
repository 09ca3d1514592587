// Graphile Worker as the bench sees it, with what its page on performance advises: a local queue of 500 jobs, completions in batches,
// bulks by the SQL function add_jobs. It has a schema of its own per queue, dropped in the end.
import { EventEmitter } from 'node:events';
import { Client, Pool } from 'pg';
import { payloads } from '../payload.mjs';
import { findPostgres } from '../servers-postgres.mjs';

// As in its own performance test; it is read when the module is loaded.
process.env.NO_LOG_SUCCESS = '1';
const { Logger, WorkerPreset, makeWorkerUtils, run } = await import('graphile-worker');

export const needsPostgres = true;

/** They are told by Redis, which it does not use. */
export const meaningless = [
  'redisMicros',
  'commands',
  'scripts',
  'bytesIn',
  'bytesOut',
  'bytesPerJob',
];

/** Its default. More connections than that made nothing faster. */
const connections = 10;
const logger = new Logger(() => () => undefined);

/** Why it can't be measured on this machine. */
export async function missing() {
  if (process.env.DATABASE_URL) return undefined;
  try {
    await findPostgres();
    return undefined;
  } catch (error) {
    return error.message;
  }
}

/** @param {import('../sample.mjs').TargetOptions} options */
export async function open({ databaseUrl, queue, bytes, kept, delay, fails }) {
  if (!databaseUrl) throw new TypeError('databaseUrl: expected the URL of a PostgreSQL, got none');
  if (kept) throw new RangeError('kept: not supported, Graphile Worker removes finished jobs');
  const data = payloads(bytes);
  const schema = `lunaq_bench_${queue.replaceAll(/\W/g, '_').toLowerCase()}`;
  // A connection that fails while it is idle is replaced; one that fails at work fails a query.
  const pool = poolOf(databaseUrl, () => undefined);
  const utils = await makeWorkerUtils({ pgPool: pool, schema, logger });
  await utils.migrate();

  const spec = () => ({
    ...(delay === undefined ? {} : { runAt: new Date(Date.now() + delay) }),
    ...(fails ? { maxAttempts: 1 } : {}),
  });

  return {
    add: (index) => utils.addJob('bench', data(index), spec()),

    addBulk: (from, to) =>
      utils.addJobs(
        Array.from({ length: to - from }, (_, at) => ({
          identifier: 'bench',
          payload: data(from + at),
          ...spec(),
        })),
      ),

    async worker(concurrency, { deliver, completed, broken }) {
      const own = poolOf(databaseUrl, broken, (settled) => {
        for (let job = 0; job < settled; job += 1) completed();
      });
      const events = new EventEmitter();
      events.on('job:error', ({ error }) => fails || broken(error));
      events.on('pool:fatalError', ({ error }) => broken(error));
      const bench = async (payload) => {
        deliver(payload);
        if (fails) throw new Error('the bench wants this job to fail');
      };
      const preset = {
        extends: [WorkerPreset],
        worker: {
          schema,
          concurrentJobs: concurrency,
          localQueue: { size: 500, refetchDelay: { durationMs: 10 } },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      };
      let runner;
      return {
        async run() {
          runner = await run({
            preset,
            pgPool: own,
            events,
            logger,
            taskList: { bench },
            crontab: '',
            noHandleSignals: true,
          });
          await runner.promise;
        },
        async close() {
          await runner?.stop();
          await own.end();
        },
      };
    },

    async left() {
      const { rows } = await pool.query(
        `select count(*)::int as left from ${schema}._private_jobs`,
      );
      return rows[0].left;
    },

    async close() {
      await utils.release();
      await pool.query(`drop schema if exists ${schema} cascade`);
      await pool.end();
    },
  };
}

/**
 * Connections which tell how many jobs were settled whenever the database has done it: Graphile Worker itself calls a job complete
 * when it is put into a batch.
 *
 * @param {string} connectionString
 * @param {(error: Error) => void} broken
 * @param {(settled: number) => void} [settled]
 */
function poolOf(connectionString, broken, settled = () => undefined) {
  class Telling extends Client {
    query(query, ...more) {
      const answer = super.query(query, ...more);
      if (/^(complete|fail)_job/.test(query?.name))
        return answer.then((result) => {
          settled(result.rowCount);
          return result;
        });
      return answer;
    }
  }
  const pool = new Pool({ connectionString, max: connections, Client: Telling });
  pool.on('error', broken);
  pool.on('connect', (client) => client.on('error', broken));
  return pool;
}
