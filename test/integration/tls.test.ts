// Over TLS, with certificates that are checked on both sides: clients of each kind, the lease thread, the command.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { QueueEvents } from '../../src/listening/queue-events.js';
import { Queue } from '../../src/queue.js';
import { startRedis, type RedisServer } from '../../src/testing/index.js';
import { Worker } from '../../src/worker.js';
import { lunaq, type Ended } from '../cli/command.js';
import { accountLines, accountOf, type AccountName } from '../helpers/accounts.js';
import { Authority } from '../helpers/certificates.js';
import { startWorker } from '../helpers/child.js';
import { liveRedis, quick, until } from '../helpers/live.js';

const live = liveRedis();
const authority = new Authority();
const client = authority.issue('client', []);
let server: RedisServer;
let folder: string;
let port: number;
/** Past TLS, to look. */
let redis: Redis;

async function clientsOf(name: AccountName): Promise<string[]> {
  const list = (await redis.client('LIST')) as string;
  return list.split('\n').filter((line) => line.includes(` user=${accountOf(name).username} `));
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((listens) => {
    probe.once('listening', listens);
  });
  const { port: free } = probe.address() as AddressInfo;
  await new Promise((closed) => {
    probe.close(closed);
  });
  return free;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lunaq-tls-'));
  const own = authority.issue('server', ['localhost', '127.0.0.1']);
  const files = {
    cert: own.cert,
    key: own.key,
    ca: authority.cert,
    stranger: new Authority('another').cert,
    'client.cert': client.cert,
    'client.key': client.key,
    'handler.mjs': 'export default () => 1;',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  port = await freePort();
  server = await startRedis({
    config: {
      'tls-port': port,
      'tls-cert-file': join(folder, 'cert'),
      'tls-key-file': join(folder, 'key'),
      'tls-ca-cert-file': join(folder, 'ca'),
      'tls-auth-clients': 'yes',
      user: accountLines(),
    },
  });
  redis = new Redis(server.connection);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
  await rm(folder, { recursive: true });
});

const tls = { ca: authority.cert, ...client };
const as = (name: AccountName, over: object = {}) => ({ host: 'localhost', port, tls, ...accountOf(name), ...over }); // prettier-ignore

const ways = [
  ['a host name', {}],
  ['an address', { host: '127.0.0.1' }],
  ['an address and a name for it', { host: '127.0.0.1', tls: { ...tls, servername: 'localhost' } }],
  ['certificates as buffers', { tls: { ...tls, ca: [Buffer.from(authority.cert)] } }],
  ['RESP2', { protocol: 2 as const }],
] as const;

test.each(ways)('queue, worker, lease thread and events work, by %s', async (_, over) => {
  const queue = live.track(new Queue(live.name, { connection: as('producer', over) }));
  const events = live.track(new QueueEvents(live.name, { connection: as('observer', over) }));
  await events.waitUntilReady();
  const completed: string[] = [];
  events.on('completed', ({ jobId }) => void completed.push(jobId));
  const connection = as('worker', over);
  live.track(new Worker(live.name, () => 'done', { ...quick, connection }));
  const { id } = await queue.add('job', {});
  await until(() => completed.includes(id));
  expect((await queue.getJob(id))?.returnvalue).toBe('done');
  // For commands, for the block, and that of the thread.
  await until(async () => (await clientsOf('worker')).length === 3);
  expect((await clientsOf('worker')).some((line) => / cmd=(auth|evalsha) /.test(line))).toBe(true);
  expect(live.errors).toEqual([]);
});

test('a blocked event loop keeps its lease', async () => {
  const queue = live.track(new Queue(live.name, { connection: as('producer') }));
  const job = await queue.add('busy', { ms: 2 * quick.lockDuration + 500 });
  const child = await startWorker(live, { connection: as('worker') });
  await until(async () => (await job.getState()) === 'active');
  const stolen: string[] = [];
  const rival = new Worker(live.name, ({ id }) => void stolen.push(id), { ...quick, connection: as('worker') }); // prettier-ignore
  live.track(rival);
  await child.sees('completed', job.id);
  expect(stolen).toEqual([]);
  expect(child.messages.filter(({ kind }) => kind === 'error')).toEqual([]);
});

test('what a thread can not be given is kept on the main one, and said', async () => {
  const warned = once(process, 'warning') as Promise<[Error & { code?: string }]>;
  const over = { tls: { ...tls, checkServerIdentity: () => undefined } };
  const queue = live.track(new Queue(live.name, { connection: as('producer', over) }));
  live.track(new Worker(live.name, () => 'done', { ...quick, connection: as('worker', over) }));
  const { id } = await queue.add('job', {});
  await until(async () => (await queue.getJobState(id)) === 'completed');
  expect(await warned).toMatchObject([{ code: 'LUNAQ_NO_THREAD' }]);
});

const stranger = /unable to|self.signed|certificate/i;

test.each([
  ['of another authority', { tls: { ...tls, ca: new Authority('another').cert } }, stranger],
  ['for another host', { tls: { ...tls, servername: 'redis.example.org' } }, /redis\.example\.org/],
  ['that nobody vouches for', { tls: client }, stranger],
])('a server with a certificate %s is refused, and the reason told', async (_, over, reason) => {
  live.track(new Queue(live.name, { connection: as('producer', over) }));
  await until(() => live.errors.length > 0);
  expect(live.errors[0]?.message).toMatch(reason);
  expect(await clientsOf('producer')).toEqual([]);
});

test('a client without certificate is refused by the server', async () => {
  live.track(new Queue(live.name, { connection: as('producer', { tls: { ca: authority.cert } }) }));
  await until(() => live.errors.length > 0);
  expect(await clientsOf('producer')).toEqual([]);
});

function urlAs(name: AccountName, host = 'localhost'): string {
  const { username, password } = accountOf(name);
  return `rediss://${username}:${encodeURIComponent(password)}@${host}:${port}`;
}

interface Whence {
  readonly as?: AccountName;
  readonly host?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the command over TLS; certificates are files of the folder. */
async function command(
  words: string,
  { as: name = 'producer', host = 'localhost', env = {} }: Whence = {},
): Promise<Ended> {
  const args = words.split(' ').map((word) => word.replace(/^@/, `${folder}/`));
  return await lunaq(live, args, { env: { REDIS_URL: urlAs(name, host), ...env } });
}

const own = '--cert @client.cert --key @client.key';

test('the command trusts those that --cacert names, and shows a certificate of its own', async () => {
  const done = { code: 0, stderr: '' };
  const tlsWords = `--cacert @ca ${own}`;
  expect(await command(`add ${live.name} job --id a ${tlsWords}`)).toMatchObject(done);
  const worker = await command(`worker @handler.mjs ${live.name} --burst ${tlsWords}`, { as: 'worker' }); // prettier-ignore
  expect(worker).toMatchObject({ ...done, stdout: expect.stringMatching(/\(a\) completed/) });
  const seen = await command(`job ${live.name} a ${tlsWords}`, { as: 'observer', host: '127.0.0.1' }); // prettier-ignore
  expect(seen).toMatchObject({ ...done, stdout: expect.stringMatching(/^state +completed$/m) });
});

test('it trusts those of NODE_EXTRA_CA_CERTS too', async () => {
  const env = { NODE_EXTRA_CA_CERTS: join(folder, 'ca') };
  expect(await command(`info ${own}`, { env })).toMatchObject({ code: 0, stderr: '' });
});

test.each([
  ['of another authority', `info --cacert @stranger ${own}`, 'localhost', 'certificate|self.signed'],
  ['for another host', `info --cacert @ca ${own}`, '127.1', 'altnames'],
  ['that wants one of it', 'info --cacert @ca', 'localhost', 'certificate required|closed|ECONNRESET'],
  ['with the key of another', 'info --cacert @ca --cert @client.cert --key @key', 'localhost', 'key values mismatch'],
])('it refuses a server %s in one line, without the password', async (_, words, host, why) => {
  const { code, stdout, stderr } = await command(words, { host });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(new RegExp(String.raw`^lunaq: can't reach Redis at rediss://the-producer:\*\*\*@\S+:\d+: .*(${why}).*\n$`)); // prettier-ignore
  expect(stderr).not.toContain(encodeURIComponent(accountOf('producer').password));
}); // prettier-ignore

test.each([
  ['info --cert @client.cert', 2, /^lunaq: cert and key: expected both or neither\n$/],
  ['info --cacert @nowhere', 1, /^lunaq: can't read \S+nowhere: ENOENT/],
  ['info --cacert @handler.mjs', 1, /^lunaq: \S+: expected PEM\n$/],
  ['info --cacert @ca --url redis://127.0.0.1:1', 2, /^lunaq: cacert, cert and key: expected a rediss:\/\/ URL/],
])('%s ends with %i', async (words, code, told) => {
  expect(await command(words)).toEqual({ code, stdout: '', stderr: expect.stringMatching(told) });
}); // prettier-ignore
