// The rounds of a run: in each of them every point is measured once with every library, right after each other and in turns.
import { randomBytes } from 'node:crypto';
import { runSample } from './child.mjs';
import { connect } from './connect.mjs';
import { libraryOf } from './libraries/index.mjs';
import { Countdown, stepLine } from './progress.mjs';
import { titleOf } from './report/names.mjs';

/** Part of the jobs in the round that only warms up. */
const warmUpPart = 0.25;

/**
 * @typedef {object} Failure
 * @property {string} library
 * @property {string} point
 * @property {string} reason
 */

/**
 * @param {object} options
 * @param {readonly import('./questions/index.mjs').Question[]} options.questions
 * @param {number} options.rounds of questions that have none of their own
 * @param {number} options.part of the jobs
 * @param {import('./servers.mjs').Servers} options.servers
 * @param {AbortSignal} options.signal
 * @param {(line: string) => void} options.say
 * @returns {Promise<{ samples: Map<string, import('./results.mjs').Sample[]>, failures: Failure[] }>} samples by question; a
 *   library that has failed in a point takes no more part in it and has no samples there
 */
export async function runRounds({ questions, rounds, part, servers, signal, say }) {
  const roundsOf = (question) => Math.min(rounds, question.rounds ?? rounds);
  const steps = stepsOf(questions, roundsOf, rounds, part);
  const countdown = new Countdown(steps);
  const samples = new Map(questions.map(({ id }) => [id, []]));
  const failures = [];
  const failed = (library, point) =>
    failures.some((each) => each.library === library && each.point === point);

  for (const step of steps) {
    const { round, question, point } = step;
    const found = [];
    for (const library of inTurn(Object.keys(point.jobs), round)) {
      if (failed(library, point.id)) continue;
      try {
        const outcome = await measure(step, library, servers, signal);
        found.push({ round: round - 1, point: point.id, library, outcome });
      } catch (error) {
        signal.throwIfAborted();
        const reason = error.message;
        failures.push({ library, point: point.id, reason });
        say(`FAILED  ${titleOf(library)}, ${point.id}: ${reason}\n${error.cause ?? ''}`.trimEnd());
      }
    }
    const shown = found.toSorted((a, b) => place(point, a) - place(point, b));
    say(`${stepLine(step, roundsOf(question), shown)}  ${countdown.step()}`);
    if (round > 0) samples.get(question.id).push(...found);
  }
  for (const [id, all] of samples)
    samples.set(id, all.filter(({ library, point }) => !failed(library, point))); // prettier-ignore
  return { samples, failures };
}

/** Round 0 warms machine and server up, by the questions of all rounds. What is measured once has nothing to gain from fewer jobs. */
function stepsOf(questions, roundsOf, rounds, part) {
  const steps = [];
  for (let round = 0; round <= rounds; round += 1)
    for (const question of questions) {
      const own = roundsOf(question);
      if (round > own || (round === 0 && question.rounds !== undefined)) continue;
      const share = question.rounds === 1 ? 1 : part * (round === 0 ? warmUpPart : 1);
      for (const point of question.points) steps.push({ round, part: share, question, point });
    }
  return steps;
}

/** Who goes first changes from round to round. */
function inTurn(names, round) {
  const first = round % names.length;
  return [...names.slice(first), ...names.slice(0, first)];
}

function place(point, { library }) {
  return Object.keys(point.jobs).indexOf(library);
}

/** One sample, on a queue that is gone afterwards, also when it fails. */
async function measure({ point, part }, library, servers, signal) {
  const server = await servers.get(point.server ?? 'redis');
  const module = await libraryOf(library);
  const database = module.needsPostgres ? await servers.get('postgres') : undefined;
  const queue = `q${randomBytes(3).toString('hex')}`;
  const jobs = Math.ceil(point.jobs[library] * part);
  const args = [library, point.id, '--jobs', String(jobs), '--queue', queue];
  const env = { REDIS_URL: server.url, DATABASE_URL: database?.url };
  try {
    return await runSample(args, env, signal);
  } finally {
    await clear(server, module, queue);
  }
}

/** Empties a server of the bench's own; from another one it removes what the sample has left, in all queues whose names begin so. */
async function clear({ url, isPrivate }, { pattern, forget }, queue) {
  const redis = await connect(url);
  try {
    if (isPrivate) await redis.flushall('SYNC');
    else {
      if (pattern) await unlink(redis, pattern(`${queue}*`));
      await forget?.(redis, queue);
    }
  } finally {
    redis.disconnect();
  }
}

async function unlink(redis, pattern) {
  for await (const keys of redis.scanStream({ match: pattern, count: 1_000 }))
    if (keys.length > 0) await redis.unlink(...keys);
}
