import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { compileTesting, type CompiledTesting } from './compiled.js';

interface Started {
  readonly pid: number;
  readonly folder: string;
}

const start = 'const server = await startRedis(); const { pid, folder } = server;';

let compiled: CompiledTesting;
beforeAll(async () => {
  compiled = await compileTesting();
});
afterAll(() => compiled.remove());

async function run(body: string) {
  const { child, line } = await compiled.run(body);
  const { pid, folder }: Started = JSON.parse(line);
  return { child, pid, folder };
}

const hasProc = existsSync('/proc/self/stat');

/** State, parent, process group, … of a process. */
function statOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
}

/** Also false for a process that has ended but that nobody has waited for yet. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !hasProc || !['Z', 'X'].includes(statOf(pid)[0] ?? '');
  } catch {
    return false;
  }
}

async function expectGone({ pid, folder }: Started): Promise<void> {
  await vi.waitFor(
    () => {
      expect(isAlive(pid)).toBe(false);
      expect(existsSync(folder)).toBe(false);
    },
    { timeout: 2000, interval: 10 },
  );
}

test('a server and its folder are gone after SIGKILL of the process that started it', async () => {
  const { child, ...server } = await run(
    `${start} print({ pid, folder }); setInterval(() => {}, 1000);`,
  );
  expect(isAlive(server.pid)).toBe(true);
  child.kill('SIGKILL');
  await expectGone(server);
});

test('a killed server leaves no folder if its parent is killed before restart()', async () => {
  const { child, ...server } = await run(
    `${start} await server.kill(); print({ pid, folder }); setInterval(() => {}, 1000);`,
  );
  expect(isAlive(server.pid)).toBe(false);
  expect(existsSync(server.folder)).toBe(true);
  child.kill('SIGKILL');
  await expectGone(server);
});

test('a restarted server ends with its parent as the first one would', async () => {
  const { child, ...server } = await run(
    `const server = await startRedis();
    await server.restart();
    print({ pid: server.pid, folder: server.folder });
    setInterval(() => {}, 1000);`,
  );
  expect(isAlive(server.pid)).toBe(true);
  child.kill('SIGKILL');
  await expectGone(server);
});

test('a server ends with a parent that calls process.exit()', async () => {
  const { child, ...server } = await run(
    `${start} console.log(JSON.stringify({ pid, folder })); process.exit(3);`,
  );
  if (child.exitCode === null) await once(child, 'exit');
  expect(child.exitCode).toBe(3);
  await expectGone(server);
});

test('a server that is not stopped does not keep its parent alive', async () => {
  const { child, ...server } = await run(`${start} print({ pid, folder });`);
  if (child.exitCode === null) await once(child, 'exit');
  expect(child.exitCode).toBe(0);
  await expectGone(server);
});

test('a stopping server keeps its parent alive until it has ended', async () => {
  const { child, ...server } = await run(
    `${start} await server.kill(); await server.restart(); await server.stop();
    print({ pid, folder }); process.exitCode = 4;`,
  );
  if (child.exitCode === null) await once(child, 'exit');
  expect(child.exitCode).toBe(4);
  await expectGone(server);
});

test.runIf(hasProc)('a signal to the group of its parent, as by Ctrl-C, spares it', async () => {
  const { child, ...server } = await run(
    `${start} print({ pid, folder }); setInterval(() => {}, 1000);`,
  );
  const [, , processGroup] = statOf(server.pid);
  expect(processGroup).toBe(String(server.pid));
  child.kill('SIGKILL');
  await expectGone(server);
});
