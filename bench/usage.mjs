// What is wrong with how a program of the bench was called: told on one line, and its exit code is 2.
import { parseArgs } from 'node:util';

/** A program was called in a way that makes no sense; its message is all that is printed. */
export class UsageError extends Error {}

/**
 * As `parseArgs`; what it refuses is misuse.
 *
 * @template {import('node:util').ParseArgsConfig} Config
 * @param {Config} config
 * @returns {ReturnType<typeof parseArgs<Config>>}
 */
export function parseFlags(config) {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(error.message, { cause: error });
  }
}

/**
 * @param {string} flag
 * @param {string} text
 * @param {number} [least]
 */
export function wholeNumber(flag, text, least = 1) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new UsageError(`${flag}: expected a whole number from ${least} on, got ${text}`);
  return value;
}

/**
 * What `read` makes of a program's flags, before anything was started: misuse ends the process.
 *
 * @template Flags
 * @param {() => Flags | Promise<Flags>} read
 */
export async function flagsOrExit(read) {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
}
