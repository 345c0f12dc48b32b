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

/** End-to-end tests run dist/: it must be what src/ is now. */
function build (): void {
  const { status, stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`The build failed:\n${stdout}`)
}

export default function setup (project: TestProject): void {
  build()
  project.provide('redisServer', findRedisServer())
  findProgram(['promtool'], 'prometheus')
  project.provide('prometheus', ['prometheus', 'promtool'].every(hasProgram))
}
