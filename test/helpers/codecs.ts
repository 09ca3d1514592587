// Codecs for tests, and looking for what they should have hidden.
import { inspect } from 'node:util';
import type { Codec } from '../../src/codec.js';
import { prefixOf, snapshot } from './keyspace.js';
import type { Live } from './live.js';
import { queueKeys } from '../../src/keys.js';

function masked(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => byte ^ 0x5a));
}

/** Hides texts from who looks for them. Its bytes tell nothing of where they belong. */
export function mask(name: string): Codec {
  return {
    name,
    encode: (json) => masked(Buffer.from(json)),
    decode: (bytes) => masked(bytes).toString(),
  };
}

/** All that Redis holds of a queue. */
export async function held(live: Live, name = live.name): Promise<string> {
  return JSON.stringify(await snapshot(live.redis, prefixOf(queueKeys(name, 'lunaq'))));
}

/** An error with all that hangs on it, as a console would print it and as it would be sent on. */
export function allOf(error: unknown): string {
  return `${inspect(error, { depth: 9, showHidden: true })}${JSON.stringify(error)}`;
}
