// A worker process, which serves all three stages. main.ts starts two of them.
import { Worker, type WorkerOptions } from 'lunaq';
import { countFile, mergeTallies, readFolder } from './handlers.js';
import { Stages, type FolderJob, type FolderRead } from './stages.js';

const [read = 'read', count = 'count', merge = 'merge'] = process.argv.slice(2);
const names = { read, count, merge };
const connection = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';

let said = '';
function say({ message }: Error): void {
  // While Redis is away, each attempt to connect fails alike.
  if (message !== said) console.error(`worker process ${process.pid}: ${message}`);
  said = message;
}

// To add the jobs of the next stage.
const stages = new Stages(names, connection, say);
// If this process is killed, others take its jobs over after at most 6 s.
const options: WorkerOptions = { connection, lockDuration: 5_000, stalledInterval: 1_000 };
const workers = [
  new Worker<FolderJob, FolderRead>(names.read, (job) => readFolder(job, stages), {
    ...options,
    concurrency: 4,
  }),
  new Worker(names.count, countFile, { ...options, concurrency: 64 }),
  new Worker(names.merge, mergeTallies, { ...options, concurrency: 2 }),
];
for (const worker of workers) worker.on('error', say);

async function stop(): Promise<void> {
  // Handlers finish what they have in hand.
  await Promise.all(workers.map((worker) => worker.close()));
  await stages.close();
  process.exit();
}
// `disconnect`: the process that started this one has ended, or asks it to. It may have done so already.
for (const end of ['SIGINT', 'SIGTERM', 'disconnect']) process.once(end, () => void stop());
if ('connected' in process && !process.connected) void stop();
