// src/testing as JavaScript, for tests that start Node processes of their own. Compiled from the
// source at hand, so that a stale dist/ can't answer for it.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const root = resolve(import.meta.dirname, '../..');
const require = createRequire(import.meta.url);

interface Script {
  readonly child: ChildProcess;
  /** Its first line of output. */
  readonly line: string;
}

export interface CompiledTesting {
  /**
   * Runs a module in a Node process of its own and waits for its first line of output. The names
   * `startRedis`, `findServer` and `print` (one value as a line of JSON) are there for it.
   */
  run(body: string, env?: Readonly<Record<string, string | undefined>>): Promise<Script>;
  /** Makes a package of one module that the compiled code can import. */
  install(name: string, text: string): Promise<void>;
  remove(): Promise<void>;
}

export async function compileTesting(): Promise<CompiledTesting> {
  const folder = await mkdtemp(join(tmpdir(), 'lunaq-compiled-'));
  const project = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      rootDir: join(root, 'src'),
      outDir: folder,
      declaration: false,
      noCheck: true,
      types: [],
    },
    include: [join(root, 'src/testing')],
    exclude: [],
  };
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project));
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', folder]);
  const url = (file: string) => JSON.stringify(pathToFileURL(join(folder, 'testing', file)));

  return {
    async run(body, env = process.env) {
      const script = `
        import { startRedis } from ${url('index.js')};
        import { findServer } from ${url('find-binary.js')};
        const print = (value) => console.log(JSON.stringify(value));
        ${body}`;
      const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      for await (const line of createInterface(child.stdout)) return { child, line };
      throw new Error('The process ended without any output');
    },
    async install(name, text) {
      const place = join(folder, 'node_modules', name);
      await mkdir(place, { recursive: true });
      await writeFile(join(place, 'package.json'), '{ "type": "module", "main": "index.js" }');
      await writeFile(join(place, 'index.js'), text);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
