// One run of a server in a container, with the life of one that is a process here. Its folder is
// mounted under the same path and the network is the host's, so redis.conf and address stay.
//
// A named pipe in the folder ties the two together. The container's first process holds it open for
// writing until it ends, however it ends. A process here reads from it, and so ends with the
// container: the stand-in, under the same watchdog as any server. When that removes the folder,
// because this process was killed, the container sees that its redis.conf is gone, and ends.
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ServerImage, StartedContainer } from './docker.js';
import { RedisStartError } from './errors.js';
import { ServerProcess, type ServerRun } from './process.js';

interface Place {
  readonly config: string;
  readonly folder: string;
  readonly log: string;
}

// The first process of a container ignores SIGTERM, which a server would obey: what ends this shell
// is the SIGKILL that follows, and everything in the container with it.
const script = `
exec 3>"$1" >>"$2" 2>&1
redis-server "$3" 3>&- &
server=$!
(while [ -e "$3" ]; do sleep 1; done; kill -KILL "$server") 3>&- &
wait "$server"
`;

/** @throws RedisStartError if the image can't be had or no container of it be started */
export async function startContainer(
  { image, testcontainers }: ServerImage,
  { config, folder, log }: Place,
): Promise<ServerRun> {
  const pipe = join(folder, 'container.pipe');
  await rm(pipe, { force: true });
  await promisify(execFile)('mkfifo', ['-m', '600', pipe]);
  const standIn = new ServerProcess({ file: 'cat', args: [pipe], env: {}, folder, log });
  try {
    const container = await new testcontainers.GenericContainer(image)
      .withNetworkMode('host')
      .withBindMounts([{ source: folder, target: folder }])
      .withUser(`${process.getuid?.()}:${process.getgid?.()}`) // redis.conf is for us alone
      .withEntrypoint(['/bin/sh', '-c', script, 'lunaq-container'])
      .withCommand([pipe, log, config])
      .start();
    return new ServerContainer(container, standIn);
  } catch (error) {
    standIn.kill();
    await standIn.ended();
    standIn.release();
    const reason = error instanceof Error ? error.message : String(error);
    throw new RedisStartError(`No container of ${image} could be started: ${reason}`);
  }
}

class ServerContainer implements ServerRun {
  /** Its processes have ids of their own. */
  readonly pid = undefined;
  readonly exited: Promise<void>;
  readonly #container: StartedContainer;
  readonly #standIn: ServerProcess;
  #removed: Promise<unknown> | undefined;

  constructor(container: StartedContainer, standIn: ServerProcess) {
    this.#container = container;
    this.#standIn = standIn;
    this.exited = standIn.exited;
    void this.exited.then(() => this.kill()); // what has ended still has to be removed
  }

  get running(): boolean {
    return this.#standIn.running;
  }

  /** @throws the engine's error if it could not stop and remove the container */
  async ended(): Promise<void> {
    await this.#standIn.ended();
    await this.#remove();
  }

  kill(): void {
    // Should the engine refuse, ended() tells, instead of waiting for ever.
    this.#remove().catch(() => this.#standIn.kill());
  }

  release(): void {
    this.#standIn.release();
  }

  #remove(): Promise<unknown> {
    this.#removed ??= this.#container.stop({ timeout: 0, remove: true });
    return this.#removed;
  }
}
