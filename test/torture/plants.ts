// Planted bugs: textual changes in a copy of the built library, each of which must match exactly once.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StageName } from './schedule.js';

/** Made in a script, or else in a file. */
type Change = ({ readonly script: string } | { readonly file: string }) & {
  readonly find: string;
  readonly put: string;
};

export interface Plant {
  readonly what: string;
  readonly changes: readonly Change[];
  /** Violations of which one must be found. */
  readonly shows: readonly string[];
  /** In which it shows. */
  readonly stages?: readonly StageName[];
}

const anyToken = (script: string): Change => ({
  script,
  find: `words[i] = token == tokens[i] and not gone[ids[i]] and 'settled' or 'lost'`,
  put: `words[i] = token and not gone[ids[i]] and 'settled' or 'lost'`,
});

const anyNumber = (script: string): Change => ({
  script,
  find: 'return last == number and reply or nil',
  put: 'return nil',
});

export const plants = {
  fencing: {
    what: 'settles take any token',
    changes: ['complete', 'fail', 'retry'].map(anyToken),
    shows: ['stale-accepted', 'completed-twice'],
  },
  'call-numbers': {
    what: 'adds ignore the number of their call',
    changes: ['enqueue', 'schedule', 'defer'].map(anyNumber),
    // A job that is added twice is run twice, by a claim each.
    shows: ['call-repeated', 'completed-twice', 'stale-accepted'],
  },
  'dead-lease': {
    what: 'a dead lease is renewed',
    changes: [
      {
        script: 'renew',
        find: `if tonumber(redis.call('ZSCORE', leases, lease) or 0) == 0 then return { 'dead' } end`,
        put: '',
      },
    ],
    // Who hears that its settle came too late asks whether the lease lives, and takes it for the echo of one that was applied.
    shows: ['lease-revived', 'completed-twice', 'stale-accepted'],
  },
  tombstone: {
    what: 'a cancelled job leaves its entry in waiting',
    changes: [
      {
        script: 'cancel',
        find: `if ends ~= '0' then redis.call('HINCRBY', tombstones, id, 1) end`,
        put: '',
      },
    ],
    shows: ['ran-after-cancel', 'two-states', 'entry-surplus'],
  },
  guard: {
    what: 'a claim does not look whether the queue is paused',
    changes: [{ script: 'claim', find: ` or paused and 'paused'`, put: '' }],
    shows: ['ran-paused'],
  },
  wake: {
    what: 'an added job wakes nobody',
    changes: [
      { script: 'enqueue', find: '  mark(wake)\n', put: '' },
      { script: 'enqueue', find: 'if #chosen > 0 then mark(wake) end', put: '' },
    ],
    shows: ['marker-missing'],
  },
  edge: {
    what: 'the edge of a child that hears of its parent stays',
    changes: [
      {
        script: 'arrive',
        find: `redis.call('ZREM', awaiting, child .. '\\t' .. edge) == 1`,
        put: `redis.call('ZSCORE', awaiting, child .. '\\t' .. edge) ~= false`,
      },
    ],
    shows: ['deferred-stuck'],
  },
  clock: {
    what: 'a delayed job is due by the clock of its producer',
    changes: [
      {
        file: 'addition.js',
        find: 'this.delay = opts.delay ?? 0;',
        put: `const now = performance.timeOrigin + performance.now();
          const { delay = 0 } = opts;
          this.delay = delay && Math.max(1, Math.round(delay + source.timestamp - now));`,
      },
    ],
    shows: ['ran-early'],
    stages: ['clocks'],
  },
} as const satisfies Record<string, Plant>;

export type PlantName = keyof typeof plants;

/** Throws unless it is there exactly once. */
function changed(source: string, { find, put, ...place }: Change): string {
  const count = source.split(find).length - 1;
  const where = 'script' in place ? place.script : place.file;
  if (count !== 1)
    throw new Error(`plant: expected once in ${where}, found ${count} times: ${find}`);
  return source.replace(find, () => put);
}

/** The generated module of all scripts, with a change in one of them. */
function changedIn(scripts: string, script: string, change: Change): string {
  const lines = scripts.split('\n');
  const start = new RegExp(`^\\s*"?${script}"?: "`);
  const at = lines.findIndex((line) => start.test(line));
  const line = lines[at] ?? '';
  const from = line.indexOf('"', line.indexOf(':'));
  const to = line.lastIndexOf('"') + 1;
  const source = JSON.parse(line.slice(from, to)) as string;
  lines[at] = line.slice(0, from) + JSON.stringify(changed(source, change)) + line.slice(to);
  return lines.join('\n');
}

/** A copy of the library with the bug in it, in a folder of its own; resolves to the entry. */
export function plantIn(dist: string, folder: string, { changes }: Plant): string {
  mkdirSync(folder, { recursive: true });
  cpSync(dist, folder, { recursive: true });
  for (const change of changes) {
    const file = join(folder, 'script' in change ? 'generated/lua.js' : change.file);
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      'script' in change ? changedIn(text, change.script, change) : changed(text, change),
    );
  }
  return join(folder, 'index.js');
}

export function uproot(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
