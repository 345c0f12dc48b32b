import { spawnSync } from 'node:child_process'

/** Whether `program` is on the PATH. */
export function hasProgram (program: string): boolean {
  return run(program, ['--version']) || run(program, ['-v'])
}

/**
 * Finds the first of `programs` on the PATH. If there is none, and this is Debian and the user is root, installs
 * `debianPackages` with apt. Call it before tests run in parallel, because apt cannot. Returns undefined if both fail.
 */
export function findProgram (programs: readonly string[], ...debianPackages: readonly string[]): string | undefined {
  const found = programs.find(hasProgram)
  if (found !== undefined || process.getuid?.() !== 0 || !run('apt-get', ['--version'])) return found
  process.stderr.write(`No ${programs[0]} on the PATH: installing it with apt-get\n`)
  // Keep the package from starting its service: only the program is needed.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  run('apt-get', ['update'], env)
  spawnSync('apt-get', ['install', '--yes', '--no-install-recommends', ...debianPackages], { stdio: 'inherit', env })
  return programs.find(hasProgram)
}

function run (program: string, args: string[], env = process.env): boolean {
  return spawnSync(program, args, { stdio: 'ignore', env }).status === 0
}
