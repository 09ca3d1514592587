// The flags of a torture run.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { plants, type PlantName } from './plants.js';

export const usage = `Usage: npm run torture -- [options]

Runs jobs of every kind in three worker processes while processes, connections and Redis itself are killed, frozen, cut and starved, and
judges what became of each job. Prints one line of figures. Exit code: 0, 1 after a violation, 2 for misuse.

  --minutes N     for how long jobs are added (2)
  --seed N        draws jobs and faults (default: drawn, and printed)
  --rate R        jobs per second (170)
  --schedule      prints what would be done to whom and when, and ends
  --fail-fast     ends at the first violation
  --plant NAME    with a bug planted in a copy of dist/: ${Object.keys(plants).join(', ')}
`;

export interface Flags {
  readonly minutes: number;
  readonly seed: number;
  readonly rate: number;
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

export function flagsOf(argv: readonly string[]): Flags | 'help' {
  const values = parsed(argv);
  if (values.help) return 'help';
  const { minutes = '2', seed, rate = '170', plant } = values;
  if (plant !== undefined && !Object.hasOwn(plants, plant))
    throw new UsageError(`--plant: expected ${Object.keys(plants).join(', ')}, got ${plant}`);
  const drawn =
    seed === undefined ? randomInt(1, 1_000_000) : numberOf('seed', seed, 0, 2 ** 32 - 1);
  return {
    minutes: numberOf('minutes', minutes, 0.05, 24 * 60),
    seed: Math.floor(drawn),
    rate: numberOf('rate', rate, 1, 100_000),
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
