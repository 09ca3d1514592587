// Arguments as they are typed, and what they mean. What can't be is misuse.
import { InvalidArgumentError } from 'commander';
import { UsageError } from './errors.js';

const milliseconds = { '': 1, ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** ms, or a number with a unit: `90s`, `1.5h`. */
export function duration(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|)$/.exec(text) ?? [];
  const ms = Number(digits) * milliseconds[unit as keyof typeof milliseconds];
  if (!Number.isSafeInteger(Math.round(ms)))
    throw new InvalidArgumentError('Expected ms, or a number with ms, s, m, h or d.');
  return Math.round(ms);
}

/** A whole number from `least` on. */
export function whole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`Expected a whole number from ${least}.`);
    return value;
  };
}

/** Seconds between two looks, as ms. */
export function interval(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= 0.1 && seconds <= 86_400))
    throw new InvalidArgumentError('Expected seconds, from 0.1 to 86400.');
  return Math.round(seconds * 1_000);
}

/** Gathers `queue=share` of an option that may be given several times. */
export function share(text: string, shares: Record<string, number> = {}): Record<string, number> {
  const at = text.lastIndexOf('=');
  if (at < 1) throw new InvalidArgumentError('Expected queue=share.');
  return { ...shares, [text.slice(0, at)]: whole(1)(text.slice(at + 1)) };
}

async function standardInput(): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
}

/** The data of a job: JSON, `-` for JSON from stdin, or nothing. */
export async function jsonOf(text: string | undefined): Promise<unknown> {
  if (text === undefined) return undefined;
  const source = text === '-' ? 'stdin' : 'data';
  try {
    return JSON.parse(text === '-' ? await standardInput() : text) as unknown;
  } catch (error) {
    throw new UsageError(`${source}: expected JSON: ${(error as Error).message}`);
  }
}
