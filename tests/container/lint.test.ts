import { join } from 'node:path'
import { expect, it } from 'vitest'
import { run } from './support/run.ts'

it('the Dockerfile, Compose files and scripts pass their linters, and `docker compose config` prints no warning', async () => {
  const { stdout } = await run(process.execPath, ['tests/container/host/lint.js'], { cwd: join(import.meta.dirname, '../..') })
  expect(stdout).toContain('no problem')
})
