// Servers that are started in a way of their own: by a shell that prepares something and then becomes the server.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findServer } from '../../src/testing/find-binary.js';

/** A program for the option `bin` of `startRedis`. */
export interface Wrapped extends AsyncDisposable {
  readonly bin: string;
}

/** Runs `before` in the shell, then the server with `more` arguments behind those that it is given. */
export async function wrapServer(before: string, more = ''): Promise<Wrapped> {
  const found = await findServer({ env: { ...process.env, REDIS_IMAGE: '' } });
  if (found.source === 'container') throw new Error('A container was found where none was wanted');
  const { file, env } = found;
  const folder = await mkdtemp(join(tmpdir(), 'lunaq-wrapped-'));
  const bin = join(folder, 'server');
  const variables = Object.entries(env).map(([name, value]) => `export ${name}='${value}'`);
  const lines = ['#!/bin/sh', ...variables, before, `exec '${file}' "$@" ${more}`];
  await writeFile(bin, `${lines.join('\n')}\n`);
  await chmod(bin, 0o700);
  return { bin, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
