// The entry `lunaq/testing`: a real Redis for tests, examples and benches, anywhere.
export { RedisNotFoundError, RedisStartError } from './errors.js';
export { startRedis, type RedisServer, type RedisServerOptions } from './server.js';
export { someRedis, type SomeRedis, type SomeRedisOptions } from './some-redis.js';
