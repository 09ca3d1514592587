// Closes what it has made on a server that is not there, and is to exit then. Arguments: worker or queue, port.
import { Queue, Worker } from '../../../dist/index.js';

const [what, port] = process.argv.slice(2);
const connection = { host: '127.0.0.1', port: Number(port) };
const made =
  what === 'worker'
    ? new Worker(['a', 'b', 'c'], () => undefined, { connection })
    : new Queue('a', { connection });
made.on('error', () => undefined);
if (what === 'queue') void made.has('a').catch(() => undefined);
await new Promise((resolve) => setTimeout(resolve, 100));
await made.close();
