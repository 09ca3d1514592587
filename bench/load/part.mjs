// The side of a process that takes part in a load test: it is told when to start and when to stop, tells its figures when it is
// asked and what is left to tell at the end, and ends with the process that started it.
import { Schedule } from './schedule.mjs';

/**
 * @typedef {object} Part
 * @property {() => Promise<void>} ready resolves when Redis is there
 * @property {(schedule: Schedule) => Promise<void>} run resolves when there is nothing left to do, at the latest after `stop`
 * @property {() => void} stop
 * @property {() => object} figures sums since the start, and what was recorded since the last call
 * @property {() => Promise<object>} finish closes, and tells what is merged at the end
 */

/** @param {object} message */
function tell(message) {
  return new Promise((resolve) => {
    process.send(message, resolve);
  });
}

/** @param {Error} error */
async function fail(error) {
  await tell({ kind: 'failed', message: error.message });
  process.exit(1);
}

/** Settings of this process; where Redis is comes by the environment, as it may hold a password. */
export const settings = JSON.parse(process.argv[2]);
export const url = process.env.REDIS_URL;

/** @param {Part} part */
export async function takePart(part) {
  // The process that started this one hears of these, too, and decides.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
  process.on('disconnect', () => process.exit(1));
  process.on('uncaughtException', (error) => void fail(error));

  let usage = process.cpuUsage();
  const tellFigures = () => {
    const { user, system } = process.cpuUsage(usage);
    return tell({ kind: 'figures', ...part.figures(), cpu: user + system });
  };
  const started = new Promise((resolve) => {
    process.on('message', (message) => {
      if (message.kind === 'start') resolve(message.start);
      if (message.kind === 'tell') void tellFigures();
      if (message.kind === 'stop') {
        part.stop();
        resolve(undefined);
      }
    });
  });
  await part.ready();
  await tell({ kind: 'ready' });
  const start = await started;
  usage = process.cpuUsage();
  if (start !== undefined) await part.run(new Schedule(start, settings));
  const final = await part.finish();
  await tellFigures();
  await tell({ kind: 'final', ...final });
  process.exit(0);
}
