import { spawnSync } from 'node:child_process'

const PROGRAMS = ['redis-server', 'valkey-server']

/**
 * A Redis server program: from the PATH, or installed with apt where this is Debian and the user is root. Tests kill,
 * stop and restart their own servers, so a program is needed, not only an address.
 */
export function findRedisServer (): string {
  const found = onPath()
  if (found !== undefined) return found
  if (process.getuid?.() === 0 && run('apt-get', '--version')) {
    process.stderr.write('No redis-server on the PATH: installing it with apt-get\n')
    // A package's service must not start: only the program is wanted.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
    run('apt-get', 'update', env)
    spawnSync('apt-get', ['install', '--yes', '--no-install-recommends', 'redis-server'], { stdio: 'inherit', env })
    const installed = onPath()
    if (installed !== undefined) return installed
  }
  throw new Error('The tests need a Redis server program: install redis-server (apt install redis-server, brew install redis) or valkey-server')
}

function onPath (): string | undefined {
  return PROGRAMS.find((program) => run(program, '--version'))
}

function run (program: string, argument: string, env = process.env): boolean {
  return spawnSync(program, [argument], { stdio: 'ignore', env }).status === 0
}
