// What a run measures: the questions that were asked for, less what this machine can't measure and what was not wanted.
import { libraries, libraryOf } from './libraries/index.mjs';
import { questions } from './questions/index.mjs';
import { titleOf } from './report/names.mjs';

/** With --quick these alone. */
const quickLibraries = new Set(['lunaq', 'bullmq', 'floor']);

/**
 * @typedef {object} Wishes
 * @property {boolean} quick
 * @property {readonly string[] | undefined} [only] ids of questions and points
 * @property {readonly string[]} without libraries
 * @property {boolean} given the server was given: others would be compared with it in vain
 *
 * @typedef {object} Plan
 * @property {import('./questions/index.mjs').Question[]} questions with the points that are measured
 * @property {string[]} leftOut a line for each thing that is not, with the reason
 */

/**
 * @param {Wishes} wishes
 * @param {Pick<import('./servers.mjs').Servers, 'get'>} servers
 * @param {typeof libraryOf} [load]
 * @returns {Promise<Plan>}
 */
export async function planOf({ quick, only, without, given }, servers, load = libraryOf) {
  const leftOut = [];
  let chosen = only ? chosenBy(only) : questions;

  if (quick && !only) chosen = chosen.map((question) => pick(question, (point) => point.quick));
  if (quick) {
    const skipped = questions.filter(({ id }) => !chosen.some((q) => q.id === id && q.points.length > 0)); // prettier-ignore
    const titles = skipped.map(({ title }) => title).join(', ');
    leftOut.push(`--quick: no peers but BullMQ${only ? '' : `; skipped: ${titles}`}`);
    chosen = chosen.map((question) => keep(question, (library) => quickLibraries.has(library)));
  }
  for (const library of without) leftOut.push(`${titleOf(library)}: --without ${library}`);
  chosen = chosen.map((question) => keep(question, (library) => !without.includes(library)));

  if (given) {
    const others = chosen.filter(({ points }) => points.some(({ server }) => server));
    for (const { title } of others)
      leftOut.push(`${title}: needs servers of its own, one was given`);
    chosen = chosen.map((question) => pick(question, ({ server }) => !server));
  }
  const absent = await absentLibraries(chosen, servers, load);
  for (const [library, why] of absent) leftOut.push(`${titleOf(library)}: ${why}`);
  chosen = chosen.map((question) => keep(question, (library) => !absent.has(library)));

  const missing = await missingServers(chosen, servers);
  for (const [server, why] of missing) leftOut.push(`server ${server}: ${why}`);
  chosen = chosen.map((question) => pick(question, ({ server }) => !missing.has(server)));
  chosen = chosen.filter(({ points }) => points.length > 0);
  if (chosen.length === 0) throw new Error(`nothing is left to measure. ${leftOut.join('. ')}`);
  return { questions: chosen, leftOut };
}

function chosenBy(only) {
  return questions.map((question) =>
    only.includes(question.id) ? question : pick(question, ({ id }) => only.includes(id)),
  );
}

/** A question with those points alone. */
function pick(question, wanted) {
  return { ...question, points: question.points.filter(wanted) };
}

/** A question with those libraries alone; a point that has none left goes. */
function keep(question, wanted) {
  const points = question.points.map((point) => ({
    ...point,
    jobs: Object.fromEntries(Object.entries(point.jobs).filter(([library]) => wanted(library))),
  }));
  return pick({ ...question, points }, ({ jobs }) => Object.keys(jobs).length > 0);
}

/** Libraries that can't be set up here, with the reason. */
async function absentLibraries(chosen, servers, load) {
  const absent = new Map();
  for (const name of libraries) {
    const points = chosen.flatMap((question) => question.points);
    if (!points.some(({ jobs }) => name in jobs)) continue;
    try {
      const { missing, needsPostgres } = await load(name);
      const why = await missing?.();
      if (why) absent.set(name, why);
      else if (needsPostgres) await servers.get('postgres');
    } catch (error) {
      absent.set(name, firstLine(error));
    }
  }
  return absent;
}

/** Servers that can't be had here, with the reason. */
async function missingServers(chosen, servers) {
  const missing = new Map();
  const names = new Set(chosen.flatMap(({ points }) => points.map(({ server }) => server)));
  for (const name of names) {
    if (name === undefined) continue;
    try {
      await servers.get(name);
    } catch (error) {
      missing.set(name, firstLine(error));
    }
  }
  return missing;
}

function firstLine({ message }) {
  return message.split('\n')[0];
}
