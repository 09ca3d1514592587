// The flags of `npm run bench`: what was asked for, or a plain word on what is wrong with it.
import { libraries } from './libraries/index.mjs';
import { questions } from './questions/index.mjs';
import { parseFlags, UsageError, wholeNumber } from './usage.mjs';

export const usage = `npm run bench -- [flags]

  --quick        Lunaq, BullMQ and the floor, the main loads, 3 rounds, fewer jobs: under 2 minutes
  --rounds N     rounds that count (5); some questions take fewer
  --only ID      one question or one point; may be repeated; nothing is written
  --without LIB  leaves a library out; may be repeated
  --redis URL    that server instead of a private one (REDIS_URL does the same)
  --write-perf   also writes the figures into PERF.md
  --last         measures nothing: takes bench/results/latest.json

Ends with 0 whatever the figures; with 1 when a load failed: a job was lost, or delivered twice.
`;

/**
 * @param {string[]} args
 * @param {Record<string, string | undefined>} env
 */
export function flagsOf(args, env) {
  const { values } = parseFlags({
    args,
    options: {
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string', multiple: true },
      without: { type: 'string', multiple: true, default: [] },
      redis: { type: 'string' },
      'write-perf': { type: 'boolean', default: false },
      last: { type: 'boolean', default: false },
    },
  });
  const { quick, only, without, last, redis = env.REDIS_URL, 'write-perf': writePerf } = values;
  const rounds = wholeNumber('--rounds', values.rounds ?? (quick ? '3' : '5'));
  checkKnown(
    '--only',
    only ?? [],
    questions.flatMap(({ id, points }) => [id, ...points.map((point) => point.id)]),
  );
  checkKnown(
    '--without',
    without,
    libraries.filter((library) => library !== 'lunaq'),
  );
  if (redis !== undefined && !URL.canParse(redis))
    throw new UsageError(`--redis: expected a URL such as redis://127.0.0.1:6379, got ${redis}`);
  if (only && writePerf)
    throw new UsageError('--write-perf: expected the whole bench, got a part of it by --only');
  const measuring = [only && '--only', quick && '--quick', without.length > 0 && '--without', values.rounds && '--rounds'].find(Boolean); // prettier-ignore
  if (last && measuring)
    throw new UsageError(`--last: expected at most --write-perf beside it, got ${measuring}`);
  return { help: values.help, quick, rounds, only, without, redis, writePerf, last };
}

function checkKnown(flag, given, known) {
  const unknown = given.find((each) => !known.includes(each));
  if (unknown !== undefined)
    throw new UsageError(`${flag}: expected one of ${known.join(', ')}; got ${unknown}`);
}
