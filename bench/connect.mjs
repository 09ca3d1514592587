// The bench's own connection to the server, beside those of the libraries.
import { Redis } from 'ioredis';

/**
 * Connects, once: a bench has nothing to gain from trying again.
 *
 * @param {string} url
 */
export async function connect(url) {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  let reason;
  redis.on('error', (error) => {
    reason = error;
  });
  try {
    await redis.connect();
  } catch (error) {
    throw new Error(`no connection to the server: ${(reason ?? error).message}`, { cause: error });
  }
  return redis;
}
