// The commands, their arguments and options, and what becomes of their errors.
import { createRequire } from 'node:module';
import { Argument, Command, CommanderError, Option } from 'commander';
import { roles } from '../access/roles.js';
import { asError } from '../errors.js';
import { acl } from './acl.js';
import { duration, interval, share, whole } from './arguments.js';
import { doctor } from './doctor.js';
import { UsageError } from './errors.js';
import { info } from './info.js';
import { showJob } from './job.js';
import { add, cancel, remove, requeue } from './jobs.js';
import { complain } from './output.js';
import { drain, pause, resume } from './queues.js';
import { Session, type Globals } from './session.js';
import { safe, withoutSecrets } from './text.js';
import { work } from './worker.js';

/** Exit code of a call that makes no sense. */
const misuse = 2;

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

type Act = (session: Session, ...args: never[]) => Promise<number | void>;

/** Tells an error in one line; its exit code. */
function codeOf(thrown: unknown, debug: boolean): number {
  // Told already, or no error at all: help was asked for.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : misuse;
  const error = asError(thrown);
  complain(error.message || error.name);
  if (debug || process.env['LUNAQ_DEBUG'])
    for (const line of stackOf(error)) process.stderr.write(`${safe(withoutSecrets(line))}\n`);
  // What is checked at the call is worded so.
  const isCheck =
    (error instanceof TypeError || error instanceof RangeError) &&
    error.message.includes(': expected ');
  return error instanceof UsageError || isCheck ? misuse : 1;
}

function stackOf(error: Error): string[] {
  const lines = (error.stack ?? '').split('\n');
  return error.cause === undefined ? lines : [...lines, ...stackOf(asError(error.cause))];
}

function complainOfUsage(text: string): void {
  complain(
    text
      .trim()
      .replace(/^error: /, '')
      .replaceAll(/\s*\n\s*/g, ' '),
  );
}

/** Runs the command line; the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  const program = new Command('lunaq')
    .description('Looks at queues, acts on jobs and runs workers.')
    .version(version)
    .option('--url <url>', 'Redis to use (default: REDIS_URL, else redis://127.0.0.1:6379)')
    .option('--prefix <prefix>', 'first part of every key (default: lunaq)')
    .option('--json', 'JSON on standard output, one document a line')
    .option('--codec <file>', 'file that exports the codec of the jobs')
    .option('--cacert <file>', 'certificates of those who vouch for the server, for rediss://')
    .option('--cert <file>', 'certificate of this client')
    .option('--key <file>', 'its private key')
    .option('--debug', 'stacks of errors (also by LUNAQ_DEBUG)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: complainOfUsage })
    .exitOverride();
  let code = 0;

  /** An action that gets a session of its own. */
  const acts =
    (act: Act, { connects = true } = {}) =>
    async (...given: unknown[]): Promise<void> => {
      // The command itself comes last.
      const args = given.slice(0, -1);
      const session = new Session(program.opts());
      try {
        if (connects) await session.open();
        code = (await act(session, ...(args as never[]))) ?? 0;
      } finally {
        await session.close();
      }
    };

  const command = (usage: string, description: string): Command =>
    program.command(usage).description(description);
  declareWorking(command, acts);
  declareJobs(command, acts);
  declareQueues(command, acts);
  try {
    await program.parseAsync(argv);
    return code;
  } catch (thrown) {
    return codeOf(thrown, program.opts<Globals>().debug === true);
  }
}

type Declare = (usage: string, description: string) => Command;
type Acts = (act: Act, options?: { connects?: boolean }) => (...given: unknown[]) => Promise<void>;

function declareWorking(command: Declare, acts: Acts): void {
  command('worker <file> <queues...>', 'run the jobs of queues, the first one first')
    .option('-b, --burst', 'end when all is done')
    .option('-c, --concurrency <jobs>', 'most jobs at the same time', whole(1), 1)
    .option('-n, --name <name>', 'what the worker is called')
    .option('--weight <queue=share>', 'share of a queue, for each of them', share)
    .option('--close-timeout <time>', 'after which jobs are handed back at the end', duration)
    .option('-q, --quiet', 'print failures only')
    .action(acts(work, { connects: false }));
  command('info [queues...]', 'show queues and workers')
    .option('-i, --interval <seconds>', 'look again and again', interval)
    .option('-Q, --only-queues', 'no workers')
    .option('-W, --only-workers', 'no queues')
    .action(acts(info));
  command('doctor [queues...]', 'look for what should not be')
    .option('--records', 'read all records and results too')
    .action(acts(doctor));
}

function declareJobs(command: Declare, acts: Acts): void {
  command('add <queue> <name> [json]', 'add a job, its data from the argument, or from stdin by -')
    .option('--id <id>', 'its id; one that exists adds nothing')
    .option('--delay <time>', 'before it may run', duration)
    .option('--attempts <runs>', 'most runs', whole(1))
    .option('--backoff <time>', 'between two attempts', duration)
    .option('--ttl <time>', 'within which it must have started', duration)
    .option('--timeout <time>', 'that an attempt may take', duration)
    .option('--lifo', 'to the front of the queue')
    .option('--depends-on <id...>', 'jobs that must complete before')
    .addOption(
      new Option('--on-parent-failure <policy>', 'when one of them fails').choices([
        'fail',
        'run',
        'wait',
      ]),
    )
    .addHelpText('after', '\nTimes are ms, or numbers with ms, s, m, h or d.')
    .action(acts(add));
  command('job <queue> <id>', 'show all that is known of a job').action(acts(showJob));
  command('requeue <queue> [ids...]', 'put finished jobs back')
    .option('-a, --all', 'all of a state')
    .addOption(
      new Option('--state <state>', 'which state (default: failed)').choices([
        'completed',
        'failed',
        'cancelled',
      ]),
    )
    .option('--count <jobs>', 'only so many, the oldest first', whole(1))
    .action(acts(requeue));
  command('cancel <queue> <ids...>', 'cancel jobs, active ones too')
    .option('--reason <text>', 'why')
    .addOption(
      new Option('--dependents <fate>', 'what becomes of jobs that depend on them').choices([
        'cancel',
        'release',
      ]),
    )
    .action(acts(cancel));
  command('remove <queue> <ids...>', 'forget jobs').action(acts(remove));
}

function declareQueues(command: Declare, acts: Acts): void {
  command('pause <queues...>', 'let workers claim nothing more').action(acts(pause));
  command('resume <queues...>', 'let them claim again').action(acts(resume));
  command('drain <queues...>', 'remove all waiting jobs')
    .option('--delayed', 'delayed ones too')
    .action(acts(drain));
  command('acl', 'print the rules of a Redis user, for ACL SETUSER')
    .addArgument(new Argument('<roles...>', 'what the user is for').choices(roles))
    .option('--queue <names...>', 'only these queues')
    .action(acts(acl, { connects: false }));
}
