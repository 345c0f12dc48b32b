import { findProgram } from './find-program.ts'

/**
 * Finds a Redis server program, or installs it (see `findProgram`). Tests stop and restart their own servers, so they need a
 * program, not an address.
 */
export function findRedisServer (): string {
  const found = findProgram(['redis-server', 'valkey-server'], 'redis-server')
  if (found !== undefined) return found
  throw new Error('The tests need a Redis server program: install redis-server (apt install redis-server, brew install redis) or valkey-server')
}
