import { spawnSync } from 'node:child_process'
import type { TestProject } from 'vitest/node'
import { findProgram, hasProgram } from './find-program.ts'
import { findRedisServer } from './find-redis.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Path of the redis-server (or valkey-server) program that tests start. */
    redisServer: string
    /** Whether `prometheus` and `promtool` are on the PATH. */
    prometheus: boolean
  }
}

/** Worker and end-to-end tests run dist/: it must be what src/ is now. */
function build (): void {
  const { status, stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`The build failed:\n${stdout}`)
}

/** Once, before any test: builds dist/ and finds or installs the programs that tests start. Unit tests need neither. */
export default function setup (project: TestProject): void {
  const layers = project.vitest.projects.map(({ name }) => name)
  if (layers.every((name) => name === 'unit')) return
  build()
  if (layers.every((name) => name === 'unit' || name === 'worker')) return
  project.provide('redisServer', findRedisServer())
  findProgram(['promtool'], 'prometheus')
  findProgram(['nginx'], 'nginx')
  project.provide('prometheus', ['prometheus', 'promtool'].every(hasProgram))
}
