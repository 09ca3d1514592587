// The flags of a torture run.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { plants, type Plant, type PlantName } from './plants.js';
import { stageNames, type StageName } from './schedule.js';

/** Runs of so many minutes have all stages unless others are asked for. */
const withStages = 10;

export const usage = `Usage: npm run torture -- [options]

Runs jobs of every kind in three worker processes while processes, connections and Redis itself are killed, frozen, cut and starved, and
judges what became of each job. Prints one line of figures. Exit code: 0, 1 after a violation, 2 for misuse.

  --minutes N     for how long jobs are added (2)
  --seed N        draws jobs and faults (default: drawn, and printed)
  --rate R        jobs per second (170)
  --schedule      prints what would be done to whom and when, and ends
  --stages NAMES  what takes place once besides: ${stageNames.join(',')}, all or none
                  (all, from ${withStages} minutes on)
  --fail-fast     ends at the first violation
  --plant NAME    with a bug planted in a copy of dist/: ${Object.keys(plants).join(', ')}
`;

export interface Flags {
  readonly minutes: number;
  readonly seed: number;
  readonly rate: number;
  readonly stages: readonly StageName[];
  readonly schedule: boolean;
  readonly failFast: boolean;
  readonly plant: PlantName | undefined;
}

/** What can't be is misuse. */
export class UsageError extends Error {}

function numberOf(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!(text.trim() !== '' && value >= least && value <= most))
    throw new UsageError(`--${flag}: expected a number from ${least} to ${most}, got ${text}`);
  return value;
}

function stagesOf(text: string): readonly StageName[] {
  if (text === 'none') return [];
  if (text === 'all') return stageNames;
  const names = new Set(text.split(','));
  const known = stageNames.filter((name) => names.delete(name));
  if (names.size === 0) return known;
  const expected = `all, none, or some of ${stageNames.join(',')}`;
  throw new UsageError(`--stages: expected ${expected}, got ${text}`);
}

export function flagsOf(argv: readonly string[]): Flags | 'help' {
  const values = parsed(argv);
  if (values.help) return 'help';
  const { seed, rate = '170', plant } = values;
  const minutes = numberOf('minutes', values.minutes ?? '2', 0.05, 24 * 60);
  if (plant !== undefined && !Object.hasOwn(plants, plant))
    throw new UsageError(`--plant: expected ${Object.keys(plants).join(', ')}, got ${plant}`);
  const { stages }: Partial<Plant> = plant === undefined ? {} : plants[plant as PlantName];
  const usual = stages?.join(',') ?? (minutes < withStages ? 'none' : 'all');
  const drawn =
    seed === undefined ? randomInt(1, 1_000_000) : numberOf('seed', seed, 0, 2 ** 32 - 1);
  return {
    minutes,
    seed: Math.floor(drawn),
    rate: numberOf('rate', rate, 1, 100_000),
    stages: stagesOf(values.stages ?? usual),
    schedule: values.schedule ?? false,
    failFast: values['fail-fast'] ?? plant !== undefined,
    plant: plant as PlantName | undefined,
  };
}

function parsed(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const yes = { type: 'boolean' } as const;
  const options = {
    minutes: text,
    seed: text,
    rate: text,
    plant: text,
    stages: text,
    schedule: yes,
    'fail-fast': yes,
    help: yes,
  };
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
