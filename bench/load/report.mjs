// The report of a load test: figures of the whole, as an object and as text.
import { quantilesOf } from './progress.mjs';
import { warmUp } from './schedule.mjs';
import { duration, figure, percent, plural, size } from './text.mjs';

const per = (sum, count) => (count > 0 ? sum / count : null);

/** @param {NonNullable<Awaited<ReturnType<import('./run.mjs').LoadTest['run']>>>} result */
export function reportOf(result) {
  const { flags, interrupted, seconds, offered, counts, left, verdict, server, warnings } = result;
  const { rate, workers, producers } = flags;
  const { used, peakMemory, outages } = server;
  const cpuOf = (micros, processes) => ({
    microsPerJob: per(micros, counts.completed),
    share: micros / 1e6 / seconds / processes,
  });
  return {
    rate,
    interrupted,
    seconds,
    jobs: {
      offered: counts.offered,
      added: counts.added,
      done: counts.completed,
      refused: counts.refused,
      failed: counts.failed,
      stalled: counts.stalled,
      left,
      ...verdict,
    },
    achieved: {
      offering: offered.seconds,
      jobsPerSecond: per(offered.completed, offered.seconds),
      saturated: offered.saturated,
      saturatedSince: offered.since,
    },
    latency: {
      start: quantilesOf(result.latency.start),
      completed: quantilesOf(result.latency.completed),
      lateness: quantilesOf(result.latency.lateness),
    },
    redis: {
      cpuShare: used.cpu / 1e6 / seconds,
      microsPerJob: per(used.cpu, counts.completed),
      commandsPerJob: per(used.commands, counts.completed),
      scriptsPerJob: per(used.scripts, counts.completed),
      netBytesPerJob: per(used.net, counts.completed),
      peakMemory,
      outages,
    },
    node: {
      producers: cpuOf(counts.producerCpu, producers),
      workers: cpuOf(counts.workerCpu, workers),
    },
    errors: counts.troubles,
    warnings,
    ok: verdict.lost + verdict.repeated + verdict.unasked === 0 && (interrupted || !(left > 0)),
  };
}

/** @typedef {ReturnType<typeof reportOf>} Report */

/**
 * @param {Report} report
 * @returns {string}
 */
export function textOf(report) {
  return [
    '',
    ...jobLines(report),
    '',
    ...rateLines(report),
    '',
    ...latencyLines(report.latency),
    '',
    ...costLines(report),
    ...troubleLines(report),
  ].join('\n');
}

function titled(title, lines) {
  return lines.map((line, at) => `${(at === 0 ? title : '').padEnd(10)}${line}`);
}

function counted(counts) {
  return Object.entries(counts).map(([name, count]) => `${figure(count)} × ${name}`);
}

function jobLines({ jobs, interrupted, ok }) {
  const { offered, added, done, lost, repeated, unasked, unconfirmed, left } = jobs;
  const sums = `${figure(offered)} offered, ${figure(added)} added, ${figure(done)} done`;
  const verdict = `${figure(lost)} lost, ${figure(repeated)} repeated`;
  const notes = [
    unasked > 0 && `${plural(unasked, 'job')} ran although the add was refused`,
    unconfirmed > 0 && `${plural(unconfirmed, 'job')} ran, but no worker heard of the result`,
    left === null && 'the server did not tell how many are left',
    left > 0 && `${plural(left, 'job')} still waiting at the end`,
    jobs.failed > 0 && `${plural(jobs.failed, 'job')} failed`,
    jobs.stalled > 0 && `${plural(jobs.stalled, 'job')} lost with a worker and put back`,
    interrupted && 'the test was ended early',
  ].filter(Boolean);
  return titled('jobs', [sums, ok ? `${verdict}: each ran once` : verdict, ...notes]);
}

function rateLines({ rate, achieved, redis, node }) {
  const { jobsPerSecond, offering, saturated, saturatedSince } = achieved;
  const busy = `Redis ${percent(redis.cpuShare)}, a producer ${percent(node.producers.share)}, a worker ${percent(node.workers.share)} of a core`;
  return titled('rate', [
    `${figure(rate, rate % 1 === 0 ? 0 : 1)} jobs/s offered for ${figure(offering, 1)} s, ${figure(jobsPerSecond ?? 0)} jobs/s done meanwhile`,
    saturated
      ? `saturated: jobs have been falling behind since ${figure(saturatedSince, 1)} s`
      : 'not saturated: at the end hardly any job that was due had not started',
    `busy on average: ${busy}`,
  ]);
}

function cells(quantiles) {
  return Object.values(quantiles)
    .map((value) => duration(value).padStart(9))
    .join(' ');
}

function latencyLines({ start, completed, lateness }) {
  const head = ['p50', 'p90', 'p99', 'p99.9', 'max'].map((name) => name.padStart(9)).join(' ');
  return titled('latency', [
    `${''.padEnd(18)}${head}`,
    `${'due to start'.padEnd(18)}${cells(start)}`,
    `${'due to completed'.padEnd(18)}${cells(completed)}`,
    `${'due to add'.padEnd(18)}${cells(lateness)}`,
    `all from the moment at which a job was due, so that late producers count; without the first ${figure(warmUp)} s`,
  ]);
}

function perJob(value) {
  return `${figure(value ?? 0, 1)} µs of CPU a job`;
}

function costLines({ redis, node }) {
  const { commandsPerJob, scriptsPerJob, netBytesPerJob, peakMemory } = redis;
  return [
    ...titled('Redis', [
      perJob(redis.microsPerJob),
      `${figure(commandsPerJob ?? 0, 2)} commands a job, those in scripts included; ${figure(scriptsPerJob ?? 0, 3)} script calls a job`,
      `${figure(netBytesPerJob ?? 0)} bytes a job over the network, ${size(peakMemory)} of memory at most`,
    ]),
    ...titled('Node.js', [
      `producers ${perJob(node.producers.microsPerJob)}, workers ${perJob(node.workers.microsPerJob)}`,
    ]),
  ];
}

function troubleLines({ jobs, redis, errors }) {
  const { count, ms } = redis.outages;
  const lines = [
    ...(count > 0 ? [`Redis was away ${plural(count, 'time')}, ${duration(ms)} in all`] : []),
    ...counted(jobs.refused).map((line) => `adds: ${line}`),
    ...counted(errors),
  ];
  return titled('errors', lines.length > 0 ? lines : ['none']);
}
