// A worker process: counts the words of one file per job. main.ts starts two of them.
import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { UnrecoverableError, Worker, type Job } from 'lunaq';
import type { FileJob } from './files.js';
import { wordCounts, type WordCounts } from './words.js';

async function countWords(job: Job<FileJob>): Promise<WordCounts> {
  // A file that can't be read throws: the attempt fails, and is repeated as the job's options say.
  const { path } = job.data;
  const bytes = await readFile(path);
  // No further attempt would make words of these.
  if (path.endsWith('.map')) throw new UnrecoverableError('a source map');
  if (bytes.includes(0)) throw new UnrecoverableError('binary');
  if (!isUtf8(bytes)) throw new UnrecoverableError('not UTF-8');
  return wordCounts(bytes.toString());
}

const [queue = 'word-count'] = process.argv.slice(2);
const worker = new Worker<FileJob, WordCounts>(queue, countWords, {
  connection: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379',
  concurrency: 64,
  // If this process is killed, others take its jobs over after at most 6 s.
  lockDuration: 5_000,
  stalledInterval: 1_000,
});
let said = '';
worker.on('error', ({ message }) => {
  // While Redis is away, each attempt to connect fails alike.
  if (message !== said) console.error(`worker process ${process.pid}: ${message}`);
  said = message;
});

const stop = (): void => void worker.close().finally(() => process.exit());
// `disconnect`: the process that started this one has ended, or asks it to. It may have done so already.
for (const end of ['SIGINT', 'SIGTERM', 'disconnect']) process.once(end, stop);
if ('connected' in process && !process.connected) stop();
