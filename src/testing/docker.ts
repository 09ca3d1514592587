// Whether a server can run in a container here: an engine that answers on a unix socket, and the
// package testcontainers, which is optional and loaded only then.
import { get } from 'node:http';
import type { Environment } from './system.js';

/** An image with a server in it, and what starts it. */
export interface ServerImage {
  readonly image: string;
  readonly testcontainers: Testcontainers;
  readonly source: 'container';
}

/** As much of the package testcontainers as is used here. */
export interface Testcontainers {
  readonly GenericContainer: new (image: string) => ContainerPlan;
}

interface ContainerPlan {
  withBindMounts(mounts: { source: string; target: string }[]): this;
  withCommand(words: string[]): this;
  withEntrypoint(words: string[]): this;
  withNetworkMode(mode: string): this;
  withUser(user: string): this;
  start(): Promise<StartedContainer>;
}

export interface StartedContainer {
  stop(options: { timeout: number; remove: boolean }): Promise<unknown>;
}

/** Imports the package; rejects if it is not installed. */
export type LoadTestcontainers = () => Promise<unknown>;

const defaultImage = 'redis:7.4-alpine';
const defaultHost = 'unix:///var/run/docker.sock';
const packageName: string = 'testcontainers'; // a variable: neither tsc nor a bundler follows it

/** @throws Error which says why there will be no container */
export async function findImage(
  env: Environment,
  load: LoadTestcontainers = () => import(packageName),
): Promise<ServerImage> {
  const image = env['REDIS_IMAGE'] ?? defaultImage;
  if (image === '') throw new Error('REDIS_IMAGE is empty');
  if (process.platform !== 'linux') {
    throw new Error("only Linux gives containers the host's network and folders");
  }
  const host = env['DOCKER_HOST'] || defaultHost;
  // An engine elsewhere has neither this machine's folders nor its loopback address.
  if (!host.startsWith('unix://')) throw new Error(`DOCKER_HOST: ${host} is not a unix socket`);
  await ping(host.slice('unix://'.length));
  return { image, testcontainers: await loadTestcontainers(load), source: 'container' };
}

function ping(socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (reason: string) => reject(new Error(`no engine at ${socketPath}: ${reason}`));
    const signal = AbortSignal.timeout(1000);
    const request = get({ socketPath, path: '/_ping', signal, agent: false }, (response) => {
      response.resume();
      if (response.statusCode === 200) resolve();
      else refuse(`/_ping gave ${response.statusCode}`);
    });
    request.on('error', (error) => refuse(signal.aborted ? 'no answer in 1 s' : error.message));
  });
}

async function loadTestcontainers(load: LoadTestcontainers): Promise<Testcontainers> {
  const loaded = await load().catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(isMissing(error) ? 'testcontainers is not installed' : reason);
  });
  if (!isTestcontainers(loaded)) throw new Error('testcontainers has no GenericContainer');
  return loaded;
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'ERR_MODULE_NOT_FOUND' &&
    error.message.includes(`'${packageName}'`)
  );
}

function isTestcontainers(loaded: unknown): loaded is Testcontainers {
  return (
    typeof loaded === 'object' && // a module has no prototype
    loaded !== null &&
    'GenericContainer' in loaded &&
    typeof loaded.GenericContainer === 'function'
  );
}
