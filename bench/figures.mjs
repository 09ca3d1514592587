// What is measured: the name of each figure, its unit, how exactly it is told, and which way is better.

/**
 * @typedef {object} Figure
 * @property {string} title
 * @property {string} unit as it stands on an axis
 * @property {number} digits that matter
 * @property {'more' | 'less'} better
 * @property {boolean} compared a ratio of it means something
 */

/** @type {Readonly<Record<string, Figure>>} */
const figures = {
  jobsPerSecond: figure('throughput', 'jobs/s', 3, 'more'),
  redisMicros: figure('Redis CPU', 'µs/job', 3, 'less'),
  nodeMicros: figure('Node CPU', 'µs/job', 3, 'less'),
  commands: figure('commands', 'per job', 3, 'less'),
  scripts: figure('scripts', 'per job', 3, 'less'),
  bytesIn: figure('bytes to Redis', 'B/job', 3, 'less'),
  bytesOut: figure('bytes from Redis', 'B/job', 3, 'less'),
  allocatedBytes: figure('allocated', 'B/job', 3, 'less'),
  bytesPerJob: figure('Redis memory', 'B/job', 3, 'less'),
  heapBytes: figure('heap of the process', 'B', 3, 'less'),
  p50: figure('latency p50', 'ms', 3, 'less'),
  p99: figure('latency p99', 'ms', 3, 'less'),
  p999: figure('latency p99.9', 'ms', 3, 'less'),
  max: figure('latency longest', 'ms', 3, 'less'),
  offeredRate: alone('rate offered', 'jobs/s', 3, 'more'),
  achievedRate: alone('rate kept up', 'jobs/s', 3, 'more'),
  sentLate: alone('sent late p99', 'ms', 2, 'less'),
  microsPerCall: figure('time a call', 'µs', 3, 'less'),
  leastShare: alone('least share', '1 = even', 3, 'more'),
  idleCommandsPerSecond: figure('commands while idle', 'per second', 2, 'less'),
  insideScriptsPerSecond: figure('commands in scripts', 'per second', 2, 'less'),
  addSeconds: figure('adding', 's', 3, 'less'),
  runSeconds: figure('running', 's', 3, 'less'),
  innerCommands: figure('commands in a script', 'per call', 3, 'less'),
  scriptP50: figure('script p50', 'ms', 2, 'less'),
  scriptP99: figure('script p99', 'ms', 2, 'less'),
  scriptP999: figure('script p99.9', 'ms', 2, 'less'),
  scriptMax: figure('script longest', 'ms', 2, 'less'),
  seconds: figure('time', 's', 3, 'less'),
  saturated: alone('could not follow', '1 = yes', 1, 'less'),
};

/** @param {string} id */
export function figureOf(id) {
  if (!Object.hasOwn(figures, id))
    throw new RangeError(`figure: expected one of ${Object.keys(figures).join(', ')}, got ${id}`);
  return figures[id];
}

/** @returns {Figure} */
function figure(title, unit, digits, better) {
  return { title, unit, digits, better, compared: true };
}

/** @returns {Figure} that is told as it is, in no ratio */
function alone(title, unit, digits, better) {
  return { ...figure(title, unit, digits, better), compared: false };
}
