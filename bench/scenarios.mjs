// What is measured, with how many jobs, and what is to be reached.

/**
 * @typedef {'lunaq' | 'bullmq' | 'floor'} Library
 * @typedef {object} Scenario
 * @property {string} id
 * @property {string} title
 * @property {'add' | 'addBulk' | 'process' | 'addAndProcess' | 'memory'} kind
 * @property {number} width adds in flight, jobs a bulk call, or the worker's concurrency
 * @property {number} bytes of the JSON of a job's data
 * @property {boolean} [plain] no job option at all, ids as each library makes them
 * @property {Partial<Record<Library, number>>} jobs for about 0.5 to 2 s each
 */

/** @type {readonly Scenario[]} */
export const scenarios = [
  scenario('add-1', 'add, one by one', 'add', 1, { lunaq: 15_000, bullmq: 7_000 }),
  scenario('add-200', 'add, 200 in flight', 'add', 200, { lunaq: 150_000, bullmq: 25_000 }),
  scenario('add-bulk', 'add, 1,000 a call', 'addBulk', 1_000, { lunaq: 200_000, bullmq: 30_000 }),
  scenario('process-1', 'process, c = 1', 'process', 1, { lunaq: 12_000, bullmq: 6_000 }),
  scenario('process-10', 'process, c = 10', 'process', 10, { lunaq: 80_000, bullmq: 20_000 }),
  scenario('process-100', 'process, c = 100', 'process', 100, { lunaq: 150_000, bullmq: 25_000 }),
  scenario('add-process-100', 'add + process, c = 100', 'addAndProcess', 100, {
    lunaq: 120_000,
    bullmq: 12_000,
    floor: 200_000,
  }),
];

/** Bytes of Redis memory per waiting job: measured once, it does not vary. @type {readonly Scenario[]} */
export const memoryScenarios = [
  memory('memory-63', 'waiting job, 63 B', 63, false),
  memory('memory-300', 'waiting job, 300 B', 300, false),
  memory('memory-63-plain', 'waiting job, 63 B, no options, own id', 63, true),
  memory('memory-300-plain', 'waiting job, 300 B, no options, own id', 300, true),
];

/**
 * A figure of Lunaq as a multiple of BullMQ's, in the same round.
 *
 * @typedef {object} Goal
 * @property {string} scenario
 * @property {'jobsPerSecond' | 'redisMicros' | 'bytesPerJob'} figure
 * @property {number} [atLeast]
 * @property {number} [atMost]
 */

/** @type {readonly Goal[]} */
export const goals = [
  { scenario: 'add-process-100', figure: 'jobsPerSecond', atLeast: 8 },
  { scenario: 'add-process-100', figure: 'redisMicros', atMost: 1 / 6 },
  { scenario: 'process-1', figure: 'jobsPerSecond', atLeast: 1.3 },
  { scenario: 'memory-63', figure: 'bytesPerJob', atMost: 0.75 },
  { scenario: 'memory-300', figure: 'bytesPerJob', atMost: 0.6 },
];

/** @param {string} id */
export function scenarioOf(id) {
  const found = [...scenarios, ...memoryScenarios].find((each) => each.id === id);
  if (!found) throw new RangeError(`scenario: expected a known one, got ${id}`);
  return found;
}

/** @returns {Scenario} */
function scenario(id, title, kind, width, jobs) {
  return { id, title, kind, width, bytes: 63, jobs };
}

/** @returns {Scenario} */
function memory(id, title, bytes, plain) {
  const jobs = { lunaq: 100_000, bullmq: 100_000 };
  return { id, title, kind: 'memory', width: 1_000, bytes, plain, jobs };
}
