// Any history of commands over the whole public API: after each, its answer and all keys of all queues are what a plain model says.
//
//   MODEL_SEED=…                 the histories of a run again, exactly
//   MODEL_SEED=… MODEL_PATH=…    what a failure has printed: its shrunk history alone
//   MODEL_RUNS=2000              more histories
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Worker } from '../../src/index.js';
import { startRedis, type RedisServer } from '../../src/testing/index.js';
import { pause } from '../helpers/live.js';
import { history, kindNames, type Kind } from './commands.js';
import { Stuck, WatchedConnection } from './connection.js';
import { World } from './world.js';

/** Histories of one seed, how many are enough when everything was seen, and most rounds until it was. */
const perRound = 20;
const usualRuns = 40;
const mostRounds = 40;
/** A failing history is made shorter for so long. */
const bounded = { interruptAfterTimeLimit: 180_000, markInterruptAsFailure: false };
const timeout = 36_000_000;

/** The edges of the state diagram in ARCHITECTURE.md, and what else the suite is for. */
const wanted = [
  'new > waiting',
  'new > delayed',
  'new > deferred',
  'new > failed',
  'deferred > waiting',
  'deferred > delayed',
  'deferred > failed',
  'deferred > cancelled',
  'deferred > gone',
  'delayed > waiting',
  'delayed > failed',
  'delayed > cancelled',
  'delayed > gone',
  'waiting > active',
  'waiting > cancelled',
  'waiting > failed',
  'waiting > gone',
  'active > waiting',
  'active > delayed',
  'active > completed',
  'active > failed',
  'active > cancelled',
  'active > gone',
  'completed > waiting',
  'failed > waiting',
  'cancelled > waiting',
  'failed > deferred',
  'completed > gone',
  'failed > gone',
  'cancelled > gone',
  'evicted by age',
  'evicted by count',
  'a child hopes on',
  'claimed after 0 losses',
  'claimed after 1 losses',
  'a suspect expired',
  'a claim found that the ttl of a suspect had ended',
  'claimed after 2 losses',
  'expired at a claim',
  'promoted by a claim',
  'a settle was refused',
  'a note under an older claim was refused',
  'a lapsed lease was renewed',
  'a dead lease was followed by another',
  'closes with jobs in hand',
  'a full queue refused a job',
  'who waited was told',
  'put off until a time',
];

let server: RedisServer;
let redis: Redis;
let connection: WatchedConnection;
/** Its lease keeps the thread that renews leases from being started anew with each history. */
let anchor: Worker<unknown, void>;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  connection = new WatchedConnection(server.url);
  anchor = new Worker<unknown, void>('anchor', () => Promise.resolve(), {
    connection: connection.instance,
    lockDuration: 86_400_000,
  });
  await anchor.waitUntilReady();
  // Who sweeps trusts its connection once it is older than its leases last.
  await pause(150);
});

afterAll(async () => {
  await anchor.close();
  redis.disconnect();
  await server.stop();
});

/** What was done and seen so far. */
class Tally {
  readonly commands = new Map<string, number>();
  readonly seen = new Map<string, number>();
  readonly digest = createHash('sha1');
  histories = 0;

  add(counts: Map<string, number>, what: string, more = 1): void {
    counts.set(what, (counts.get(what) ?? 0) + more);
  }

  get missing(): string[] {
    const kinds = kindNames.filter((kind: Kind) => !this.commands.has(kind));
    return [...kinds, ...wanted.filter((what) => !this.seen.has(what))];
  }

  line(seed: number, ms: number): string {
    const shown = [this.commands, this.seen].map((counts) =>
      [...counts].map(([what, count]) => `${what}: ${count}`).join(', '),
    );
    const steps = [...this.commands.values()].reduce((sum, count) => sum + count, 0);
    const digest = this.digest.digest('hex').slice(0, 12);
    return `MODEL_SEED=${seed} ${this.histories} histories, ${steps} commands in ${(ms / 1_000).toFixed(1)} s, digest ${digest}. ${shown.join('. ')}`;
  }
}

/** Set once something does not end; a shorter history is then not looked for. */
let stuck = false;

async function run(tally: Tally, drawn: History): Promise<void> {
  fc.pre(!stuck);
  tally.histories += 1;
  const world = new World(redis, connection, `w${tally.histories}`);
  try {
    await playOn(world, drawn, (kind) => tally.add(tally.commands, kind));
  } catch (error) {
    stuck = error instanceof Stuck;
    throw error;
  } finally {
    tally.digest.update(world.digest);
    for (const [what, count] of world.model.moves) tally.add(tally.seen, what, count);
    if (!stuck) await world.clear();
  }
}

type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

async function playOn(world: World, { heard, commands }: History, done: (kind: Kind) => void) {
  await world.begin(heard);
  for (const [at, command] of commands.entries()) {
    if (await world.step(command)) done(command.do);
    if (at % 10 === 9) await world.invariants();
  }
  await world.end();
}

/** Rounds of histories, each with a seed of its own, until everything was seen. */
async function play(seed: number, fewest: number, tally: Tally): Promise<void> {
  for (let round = 0; round < Math.max(fewest, mostRounds); round += 1) {
    if (round >= fewest && tally.missing.length === 0) return;
    const histories = fc.asyncProperty(history, async (drawn) => await run(tally, drawn));
    await fc.assert(histories, { seed: seed + round, numRuns: perRound, ...bounded });
  }
}

async function replay(seed: number, path: string, tally: Tally): Promise<void> {
  const histories = fc.asyncProperty(history, async (drawn) => await run(tally, drawn));
  await fc.assert(histories, { seed, path, numRuns: 1, endOnFailure: true });
}

const seedOfCI = 41;

test('queues do what the model says, whatever they are asked', { timeout }, async () => {
  const { MODEL_SEED, MODEL_PATH, MODEL_RUNS } = process.env;
  // In CI always the same histories, so that what turns it red is the change; elsewhere new ones each time.
  const drawn = process.env.CI ? seedOfCI : Math.floor(Math.random() * 2 ** 31);
  const seed = Number(MODEL_SEED ?? drawn);
  const fewest = Math.ceil(Number(MODEL_RUNS ?? usualRuns) / perRound);
  const tally = new Tally();
  const started = performance.now();
  const all = MODEL_PATH ? replay(seed, MODEL_PATH, tally) : play(seed, fewest, tally);
  try {
    await expect(all).resolves.toBeUndefined();
  } finally {
    console.log(tally.line(seed, performance.now() - started));
  }
  expect(MODEL_PATH ? [] : tally.missing).toEqual([]);
});
