import { findProgram } from './find-program.ts'

/**
 * A Redis server program: from the PATH, or installed with apt where this is Debian and the user is root. Tests kill,
 * stop and restart their own servers, so a program is needed, not only an address.
 */
export function findRedisServer (): string {
  const found = findProgram(['redis-server', 'valkey-server'], 'redis-server')
  if (found !== undefined) return found
  throw new Error('The tests need a Redis server program: install redis-server (apt install redis-server, brew install redis) or valkey-server')
}
