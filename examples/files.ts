// The files to count, and their names as ids and on a terminal.
import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

/** Files above this many bytes are left out. */
const maxBytes = 1024 * 1024;

/** Told why something is left out. */
export type LeaveOut = (reason: string) => void;

/** A folder and all folders below it; links and `.git` are not followed. */
export async function* foldersBelow(folder: string): AsyncGenerator<string> {
  const folders = [folder];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    yield at;
    // One that can't be read is told by who reads its files.
    for await (const entry of entriesOf(at, () => undefined))
      if (entry.isDirectory() && entry.name !== '.git') folders.push(join(at, entry.name));
  }
}

/** The regular files of one folder, up to 1 MiB each. */
export async function* filesIn(folder: string, leaveOut: LeaveOut): AsyncGenerator<string> {
  for await (const entry of entriesOf(folder, leaveOut)) {
    if (!entry.isFile()) continue;
    const path = join(folder, entry.name);
    const bytes = await lstat(path).then(
      (stats) => stats.size,
      () => undefined,
    );
    if (bytes === undefined) leaveOut('unreadable');
    else if (bytes > maxBytes) leaveOut('larger than 1 MiB');
    else yield path;
  }
}

async function* entriesOf(folder: string, leaveOut: LeaveOut): AsyncGenerator<Dirent> {
  try {
    yield* await opendir(folder, { bufferSize: 256 });
  } catch {
    leaveOut('unreadable');
  }
}

/** The items in order, some at a time. */
export async function* inChunks<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** The same id for the same text: itself if it may be an id, else a hash of it. */
export function idOf(text: string): string {
  const fits = Buffer.byteLength(text) <= 256 && !/\p{Cc}/u.test(text);
  return fits ? text : createHash('sha256').update(text).digest('hex');
}

/** Text from outside for a terminal: nothing in it moves the cursor, colours or turns what follows. */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
