// RQ (Python) as the bench sees it: one SimpleWorker, which does not fork for each job; bulks with enqueue_many; finished jobs removed.
// It adds and works in processes of Python. A worker of RQ's takes one job at a time: for more there are more of them, one a core at most.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { cacheFolder, unpack } from '../debian-packages.mjs';
import { payloads } from '../payload.mjs';

/** The CPU time is spent elsewhere than in this process. */
export const meaningless = ['nodeMicros', 'allocatedBytes', 'gcMicros'];

/** RQ names keys by ids of jobs, workers and queues: all of them begin with the name given here. @type {(queue: string) => string} */
export const pattern = (queue) => `rq:*:${queue}-*`;

/** As long as Lunaq's. */
const idLength = 12;
/** As long as those that RQ makes itself. */
const ownIdLength = 36;
/** ms that a process of Python has to end by itself. */
const patience = 5_000;
const run = promisify(execFile);

/** Why it can't be measured on this machine. */
export async function missing() {
  try {
    await findPython();
    return undefined;
  } catch (error) {
    return error.message;
  }
}

/** @param {import('../sample.mjs').TargetOptions} options */
export async function open({ url, queue, bytes, plain, kept, delay, fails }) {
  const python = await findPython();
  const { index: first, pad } = payloads(bytes)(0);
  const settings = {
    url,
    queue: `${queue}-q`,
    prefix: `${queue}-`,
    idLength: plain ? ownIdLength : idLength,
    mode: kept ? 'kept' : fails ? 'fails' : 'plain',
    first,
    pad: pad.length,
    ...(delay === undefined ? {} : { delay }),
  };
  const replies = [];
  const producer = new Python(python, ['add', JSON.stringify(settings)], (line) => {
    replies.shift().resolve(JSON.parse(line).reply);
  });
  producer.onEnd(() => {
    for (const { reject } of replies.splice(0)) reject(new Error('the producer of RQ has ended'));
  });
  const ask = (order, from, to) =>
    new Promise((resolve, reject) => {
      if (!producer.running) reject(new Error('the producer of RQ has ended'));
      replies.push({ resolve, reject });
      producer.write(JSON.stringify({ order, from, to }));
    });
  await ask('left');

  return {
    add: (index) => ask('add', index, index + 1),
    addAll: (jobs) => ask('add', 0, jobs),
    addBulk: (from, to) => ask('bulk', from, to),

    async worker(concurrency, { deliver, completed, broken }) {
      const count = Math.min(concurrency, availableParallelism());
      let closing = false;
      const startOne = async () => {
        let isReady;
        const ready = new Promise((resolve) => {
          isReady = resolve;
        });
        const name = `${queue}-w${randomBytes(4).toString('hex')}`;
        const words = ['work', JSON.stringify({ ...settings, worker: name })];
        const worker = new Python(python, words, (line) => {
          if (line === 'c') completed();
          else if (line === 'ready') isReady();
          else deliver({ index: Number(line.slice(2)) });
        });
        worker.onEnd(() => closing || broken(new Error('a worker of RQ has ended')));
        await Promise.race([ready, worker.ended]);
        return worker;
      };
      const workers = await Promise.all(Array.from({ length: count }, startOne));
      return {
        async run() {
          for (const worker of workers) worker.write('go');
          await Promise.all(workers.map((worker) => worker.ended));
        },
        async close() {
          closing = true;
          await Promise.all(workers.map((worker) => worker.end()));
        },
      };
    },

    left: () => ask('left'),

    async close() {
      await ask('forget');
      await producer.end();
    },
  };
}

/** A run of rq_peer.py. It ends when its input does, so it does not outlive this process. */
class Python {
  #process;
  running = true;
  ended;

  constructor({ file, env }, words, hear) {
    const script = join(import.meta.dirname, 'rq_peer.py');
    // What Python and RQ print is not for the standard output of a sample.
    this.#process = spawn(file, [script, ...words], {
      stdio: ['pipe', 2, 2, 'pipe'],
      env: { ...process.env, ...env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    createInterface({ input: this.#process.stdio[3] }).on('line', hear);
    // Whoever has ended reads no more; that it has is told by `ended`.
    this.#process.stdin.on('error', () => undefined);
    this.ended = once(this.#process, 'close');
    this.onEnd(() => {
      this.running = false;
    });
  }

  onEnd(listener) {
    this.#process.once('close', listener);
  }

  write(line) {
    this.#process.stdin.write(`${line}\n`);
  }

  async end() {
    this.#process.stdin.end();
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), patience);
    await this.ended;
    clearTimeout(timer);
  }
}

/** A Python that can import rq, if need be with Debian's package unpacked. */
async function findPython() {
  for (const file of ['python3', '/usr/bin/python3'])
    if (await imports(file, {})) return { file, env: {} };
  // The package goes with the Python of the same distribution.
  const file = '/usr/bin/python3';
  const folder = join(cacheFolder(), 'rq');
  await unpack(folder, 'RQ', { choices: () => Promise.resolve([['python3-rq']]) });
  const env = { PYTHONPATH: join(folder, 'usr/lib/python3/dist-packages') };
  if (!(await imports(file, env))) throw new Error(`${file} can't import rq from ${folder}`);
  return { file, env };
}

async function imports(file, env) {
  try {
    await run(file, ['-c', 'import rq'], { env: { ...process.env, ...env } });
    return true;
  } catch {
    return false;
  }
}
