// The flags of a load test, checked: what can't be is misuse, told by flag, expected, given.
import { parseArgs } from 'node:util';
import { UsageError } from '../usage.mjs';
import { leastBytes, mostJobs } from './job-data.mjs';
import { jobsOf, warmUp } from './schedule.mjs';
import { safe } from './text.mjs';

export const usage = `Usage: npm run load -- [options]

Offers jobs to a Redis at a steady rate, works on them, and tells how that went. It leaves other keys alone and removes its own.

  --redis URL        redis:// or rediss:// (default: REDIS_URL, else a private server that is started for it)
  --rate R           jobs offered per second, whatever became of those before (1000)
  --seconds S        for how long (10); latencies leave out the first ${warmUp} s
  --workers N        worker processes (2)
  --concurrency C    jobs at a time in each of them (50)
  --work MS          how long a handler takes: ms, or a..b for anything between (0)
  --bytes B          of the JSON of a job's data, from ${leastBytes} (100)
  --queues N         queues that the jobs are spread over (1)
  --producers N      producer processes (1)
  --prefix P         first part of every key; there must be none yet (lunaq-load)
  --interval S       seconds between two lines of figures (1)
  --keep             leaves the queues where they are
  --json             one line of JSON for each interval, and one for the report
  --help

Ctrl-C ends the test and prints its report; a second one quits at once and leaves the keys.
Exit code: 0, 1 when jobs were lost or repeated or the test could not be done, 2 for misuse.
`;

const texts = {
  redis: undefined,
  rate: '1000',
  seconds: '10',
  workers: '2',
  concurrency: '50',
  work: '0',
  bytes: '100',
  queues: '1',
  producers: '1',
  prefix: 'lunaq-load',
  interval: '1',
};
const switches = ['keep', 'json', 'help'];

const options = {
  ...Object.fromEntries(Object.keys(texts).map((flag) => [flag, { type: 'string' }])),
  ...Object.fromEntries(switches.map((flag) => [flag, { type: 'boolean' }])),
};

/**
 * @typedef {object} Flags
 * @property {string | undefined} redis
 * @property {number} rate jobs per second
 * @property {number} seconds
 * @property {number} workers
 * @property {number} concurrency
 * @property {{ from: number, to: number }} work ms
 * @property {number} bytes
 * @property {number} queues
 * @property {number} producers
 * @property {string} prefix
 * @property {number} interval s
 * @property {boolean} keep
 * @property {boolean} json
 * @property {boolean} help
 */

/**
 * @param {readonly string[]} argv
 * @returns {Flags}
 */
export function flagsOf(argv) {
  const given = valuesOf(argv);
  const { redis, prefix, work, keep = false, json = false, help = false } = given;
  const flags = {
    redis: redis === undefined ? undefined : urlOf(redis),
    rate: number(given, 'rate', 0.1, 1_000_000),
    seconds: number(given, 'seconds', warmUp + 1, 604_800),
    workers: whole(given, 'workers', 1, 256),
    concurrency: whole(given, 'concurrency', 1, 10_000),
    work: spanOf(work),
    bytes: whole(given, 'bytes', leastBytes, 1_000_000),
    queues: whole(given, 'queues', 1, 100),
    producers: whole(given, 'producers', 1, 256),
    prefix: prefixOf(prefix),
    interval: number(given, 'interval', 0.1, 3_600),
    keep,
    json,
    help,
  };
  if (jobsOf(flags) > mostJobs)
    throw new UsageError(`--rate times --seconds: expected ${mostJobs} jobs at most`);
  return flags;
}

function valuesOf(argv) {
  const { tokens } = parseArgs({ args: argv, options, strict: false, tokens: true });
  const values = { ...texts };
  for (const token of tokens) {
    if (token.kind === 'positional')
      throw new UsageError(`expected flags only, got ${shown(token.value)}`);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    if (!Object.hasOwn(options, name)) {
      const known = Object.keys(options).map((flag) => `--${flag}`);
      throw new UsageError(`${safe(rawName)}: expected one of ${known.join(', ')}`);
    }
    if (switches.includes(name)) {
      if (value !== undefined)
        throw new UsageError(`--${name}: expected no value, got ${shown(value)}`);
      values[name] = true;
    } else {
      // A value that begins with a dash has to be written behind a `=`, else it is the next flag.
      if (value === undefined || value === '' || (!token.inlineValue && value.startsWith('--')))
        throw new UsageError(`--${name}: expected a value after it, got none`);
      values[name] = value;
    }
  }
  return values;
}

function shown(text) {
  return safe(JSON.stringify(text));
}

function number(given, flag, least, most) {
  const text = given[flag];
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || !(value >= least && value <= most))
    throw new UsageError(
      `--${flag}: expected a number from ${least} to ${most}, got ${shown(text)}`,
    );
  return value;
}

function whole(given, flag, least, most) {
  const text = given[flag];
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new UsageError(
      `--${flag}: expected a whole number from ${least} to ${most}, got ${shown(text)}`,
    );
  return value;
}

/** `5`, or `5..20` for anything between. */
function spanOf(text) {
  const most = 600_000;
  const [, from, to = from] = /^(\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?$/.exec(text) ?? [];
  const span = { from: Number(from), to: Number(to) };
  if (!(span.from <= span.to && span.to <= most))
    throw new UsageError(
      `--work: expected ms up to ${most}, or a..b with a up to b, got ${shown(text)}`,
    );
  return span;
}

/** What was given is not shown: there may be a password in it. */
function urlOf(text) {
  const isPath = text.startsWith('/');
  if (!isPath && !(/^rediss?:\/\//.test(text) && URL.canParse(text)))
    throw new UsageError(
      '--redis: expected redis://[[user]:password@]host:port[/db], the same with rediss://, or the path of a socket, got something else',
    );
  return text;
}

function prefixOf(text) {
  if (Buffer.byteLength(text) > 200 || /[{}\p{Cc}\p{Cs}]/u.test(text))
    throw new UsageError(
      `--prefix: expected 1 to 200 bytes without braces and control characters, got ${shown(text)}`,
    );
  return text;
}
