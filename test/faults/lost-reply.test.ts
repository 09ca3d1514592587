// A reply lost after its script was executed, for every script: execute() sends the call again, and the queue must
// be as if it had been sent once.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Connection } from '../../src/connection.js';
import { execute } from '../../src/execute.js';
import type { ScriptName } from '../../src/script.js';
import { startProxy, type Proxy } from '../helpers/proxy.js';
import { bitOfEverything, scenarios } from '../helpers/scenarios.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
let proxy: Proxy;
let connection: Connection;

beforeAll(async () => {
  proxy = await startProxy(server.server);
});
afterAll(() => proxy.stop());
beforeEach(() => {
  connection = Connection.acquire(proxy.url);
});
afterEach(() => connection.release());

/** What answers a repetition as it answered the first copy; the others tell what they find then. */
const sameReply: Partial<Record<ScriptName, true>> = {
  renew: true,
  enqueue: true,
  schedule: true,
  remove: true,
  requeue: true,
  reread: true,
  report: true,
  pause: true,
  resume: true,
  inspect: true,
  count: true,
  list: true,
};

test.each(scenarios.flatMap((scenario) => [1, 3].map((losses) => ({ ...scenario, losses }))))(
  '$name leaves the same queue after $losses lost replies',
  async ({ name, call, losses }) => {
    const calm = await server.queue(bitOfEverything);
    const reply = await calm.send(call(calm));
    const torn = await server.queue(bitOfEverything);
    const again = call(torn);
    const lost = Array.from({ length: losses }, () => proxy.dropNextReply(again.script.sha));
    const [answer] = await execute(connection, [again]);
    await Promise.all(lost);
    expect(answer).toMatchObject(sameReply[name] ? { resent: true, reply } : { resent: true });
    expect(await torn.state()).toEqual(await calm.state());
  },
);

test('a claim whose reply was lost tells the same jobs under the token that they are held under', async () => {
  const torn = await server.queue(bitOfEverything);
  const claim = scenarios.find(({ name }) => name === 'claim')?.call(torn);
  if (claim === undefined) throw new Error('claim has no scenario');
  const lost = proxy.dropNextReply(claim.script.sha);
  const [answer] = await execute(connection, [claim]);
  await lost;
  const { active } = await torn.stored();
  const token = typeof active === 'object' && 'w1' in active ? active.w1 : undefined;
  expect(token).toMatch(/^L:\d+$/);
  expect(answer).toMatchObject({
    reply: { word: 'claimed', token, jobs: [{ id: 'w1' }, { id: 'w2' }] },
  });
});
