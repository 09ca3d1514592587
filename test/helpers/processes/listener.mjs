// A process that listens to the events of a queue, and tells what it hears.
import { QueueEvents } from '../../../dist/index.js';

const { queue, connection } = JSON.parse(process.argv[2]);
const events = new QueueEvents(queue, { connection });
events.on('added', ({ jobId }) => process.send({ kind: 'active', id: jobId }));
await events.waitUntilReady();
process.send({ kind: 'ready' });
