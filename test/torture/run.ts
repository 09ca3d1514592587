// `npm run torture`: see docs/torture.md.
import { setMaxListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startRedis } from '../../src/testing/server.js';
import type { Violation } from './book.js';
import { Crew } from './crew.js';
import { drain } from './drain.js';
import { flagsOf, usage, UsageError, type Flags } from './flags.js';
import { Judge } from './judge.js';
import { Ledger } from './ledger.js';
import { queues } from './load.js';
import { Master } from './master.js';
import { Nemesis } from './nemesis.js';
import { plantIn, plants, uproot } from './plants.js';
import { summary, writeReport } from './report.js';
import { isShort, scheduleOf, scheduleText } from './schedule.js';
import { verdict } from './verdict.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** Most violations that are told one by one. */
const mostTold = 20;

/** What is to be ended whatever happens, the newest first. */
class Cleanup {
  #steps: (() => unknown)[] = [];

  after(step: () => unknown): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0).toReversed()) await step();
  }
}

/** ms after a signal within which it ends. */
const farewell = 20_000;

async function torture(flags: Flags, interrupted: AbortSignal, cleanup: Cleanup): Promise<boolean> {
  const acts = scheduleOf(flags.seed, flags.minutes, flags.stages);
  const violations: Violation[] = [];
  const over = new AbortController();
  const signal = AbortSignal.any([interrupted, over.signal]);
  setMaxListeners(0, signal);
  const found = (violation: Violation): void => {
    const known = violations.some(({ kind, of }) => kind === violation.kind && of === violation.of);
    if (known || signal.aborted) return;
    violations.push(violation);
    const { kind, of, what } = violation;
    if (violations.length <= mostTold) console.log(`VIOLATION ${kind} ${of}: ${what}`);
    if (flags.failFast) over.abort();
  };

  const folder = mkdtempSync(join(tmpdir(), `lunaq-torture-${flags.seed}-`));
  const library = libraryOf(flags, cleanup);
  const master = await Master.start(flags.stages.includes('disk'));
  cleanup.after(() => master.stop());
  const { redis } = master;
  const books = await startRedis();
  cleanup.after(() => books.stop());
  const ledger = new Ledger({ host: books.host, port: books.port }, 'nemesis');
  cleanup.after(() => ledger.close());

  const patience = isShort(flags.minutes) ? 8_000 : 20_000;
  const judge = new Judge({ connection: master.connection, redis, ledger, found, patience });
  const crew = await Crew.start({
    library,
    redis: master.place,
    ledger: { host: books.host, port: books.port },
    seed: flags.seed,
    rate: flags.rate,
    folder,
    crashed: (who, how) => found({ kind: 'process-ended', of: who, what: how }),
  });
  cleanup.after(() => crew.end());
  const nemesis = new Nemesis({
    crew,
    master,
    ledger,
    judge,
    found,
    told: (stage, what) => console.log(`stage ${stage}: ${what}`),
    signal,
  });

  judge.start();
  await crew.ask({ kind: 'start' });
  judge.loading(true);
  const length = flags.minutes * 60_000;
  await Promise.all([nemesis.run(acts), pause(length, undefined, { signal }).catch(() => {})]);
  judge.loading(false);
  if (!signal.aborted) await crew.ask({ kind: 'stop' });
  const drained = await drain({
    redis,
    crew,
    ledger,
    book: judge.book,
    signal,
    patience: 3 * patience,
  });
  if (!signal.aborted) {
    judge.atRest();
    for (const queue of queues) await judge.examine(queue);
    await crew.close();
    await judge.stop();
    if (!drained) console.log('not all jobs have ended');
    await verdict(redis, judge.book, found, queues);
  } else await judge.stop();

  console.log(summary(flags, judge, nemesis.deeds, violations));
  console.log(`longest recovery: ${judge.recovery.what}`);
  if (interrupted.aborted) console.log('interrupted');
  if (violations.length > 0) {
    await writeReport(folder, redis, judge.book, violations, acts);
    console.log(`see ${folder}`);
  } else rmSync(folder, { recursive: true });
  return violations.length === 0 && !interrupted.aborted;
}

/** URL of the library that workers and producer use. */
function libraryOf({ plant }: Flags, cleanup: Cleanup): string {
  const dist = join(root, 'dist');
  if (plant === undefined) return pathToFileURL(join(dist, 'index.js')).href;
  // Within the repository, so that what it imports is found.
  const folder = join(root, 'dist-torture/plants', `${plant}-${process.pid}`);
  cleanup.after(() => uproot(folder));
  console.log(`planted: ${plants[plant].what}`);
  return pathToFileURL(plantIn(dist, folder, plants[plant])).href;
}

async function main(): Promise<number> {
  const flags = flagsOf(process.argv.slice(2));
  if (flags === 'help') {
    console.log(usage);
    return 0;
  }
  if (flags.schedule) {
    console.log(scheduleText(scheduleOf(flags.seed, flags.minutes, flags.stages)));
    return 0;
  }
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      interruption.abort();
      // Whoever it waits for may be gone; what it has started ends with this process.
      setTimeout(() => process.exit(1), farewell).unref();
    });
  console.log(`seed ${flags.seed}, ${flags.minutes} min`);
  const cleanup = new Cleanup();
  try {
    return (await torture(flags, interruption.signal, cleanup)) ? 0 : 1;
  } finally {
    await cleanup.run();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const misuse = error instanceof UsageError;
  console.error(misuse ? `torture: ${error.message}` : error);
  process.exitCode = misuse ? 2 : 1;
}
