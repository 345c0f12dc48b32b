import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'

const COMMAND = fileURLToPath(new URL('../../dist/cli/predict.js', import.meta.url))

it('completes the output although nobody reads its messages', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'predict-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  await writeFile(join(directory, 'a.csv'), 'text\ngood\n')
  const child = spawn(process.execPath, [COMMAND, 'a.csv'], {
    cwd: directory,
    env: { PATH: process.env.PATH ?? '', MODEL_NAME: 'compact', EMBEDDED_MODEL_DIR: TINY_ROBERTA },
    stdio: ['ignore', 'ignore', 'pipe']
  })
  child.stderr.destroy()
  expect(await once(child, 'close')).toEqual([0, null])
  expect(await readFile(join(directory, 'a.scored.csv'), 'utf8')).toMatch(/^text,label,.*\ngood,/)
}, 300_000)
