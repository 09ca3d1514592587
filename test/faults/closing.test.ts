// Closing while the server is not there.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { liveRedis, pause } from '../helpers/live.js';

const live = liveRedis({ perTest: true });

test('a burst that tells dependents closes soon', async () => {
  const queue = live.queue();
  await queue.add('parent', {}, { jobId: 'parent' });
  const opts = { dependsOn: 'parent', delay: 60_000 };
  await queue.addBulk(Array.from({ length: 3_000 }, () => ({ name: 'child', data: {}, opts })));
  const worker = live.worker(() => undefined, { autorun: false, lockDuration: 30_000 });
  const burst = worker.run({ burst: true });
  await new Promise<void>((resolve) => void worker.on('completed', () => resolve()));
  await pause(5);
  await live.server.kill();
  await pause(100);
  const start = performance.now();
  await worker.close();
  await burst;
  expect(performance.now() - start).toBeLessThan(5_000);
  await live.server.restart();
});

test.each(['worker', 'queue'])('a process that has closed its %s exits', async (what) => {
  await live.server.kill();
  const program = new URL('../helpers/processes/closer.mjs', import.meta.url).pathname;
  const child = spawn(process.execPath, [program, what, String(live.server.port)]);
  live.after(() => child.kill('SIGKILL'));
  const start = performance.now();
  const [code] = (await once(child, 'exit')) as [number | null];
  console.log(`${what}: exited after ${Math.round(performance.now() - start)} ms`);
  expect(code).toBe(0);
  expect(performance.now() - start).toBeLessThan(8_000);
  await live.server.restart();
});
