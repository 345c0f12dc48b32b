import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'

const COMMAND = fileURLToPath(new URL('../../dist/cli/predict.js', import.meta.url))
const SHARDS = 3

/** Rows in a file of several blocks, with line breaks and empty texts among them. */
const TABLE = `id,text\n${Array.from({ length: 1500 }, (_, row) => `${row},"${row % 50 === 7 ? '' : `tweet${row % 9 === 0 ? '\n' : ' '}${row}`}"\n`).join('')}`

async function workspace (): Promise<{ path: (name: string) => string, predict: (args: string[], env?: Record<string, string>) => Promise<{ code: number, stderr: string }> }> {
  const directory = await mkdtemp(join(tmpdir(), 'shards-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await writeFile(join(directory, 'in.csv'), TABLE)
  return {
    path: (name) => join(directory, name),
    predict: async (args, env = {}) => {
      const child = spawn(process.execPath, [COMMAND, ...args], {
        cwd: directory, env: { PATH: process.env.PATH ?? '', MODEL_NAME: 'compact', EMBEDDED_MODEL_DIR: TINY_ROBERTA, ...env }, stdio: ['ignore', 'ignore', 'pipe']
      })
      let stderr = ''
      child.stderr.on('data', (chunk) => { stderr += String(chunk) })
      const [code] = await once(child, 'close') as [number]
      return { code, stderr }
    }
  }
}

/** Exit code of a run in which some rows have an error. */
const SOME_ERRORS = 3

it('merges the outputs of all shards into the byte-identical output of an unsharded run', { timeout: 300_000 }, async () => {
  const { path, predict } = await workspace()
  expect((await predict(['in.csv', '--out', 'whole.csv'])).code).toBe(SOME_ERRORS)
  for (let index = 0; index < SHARDS; index++) {
    // As in the pods of an Indexed Job.
    const { code, stderr } = await predict(['in.csv', '--out', 'merged.csv', '--shard', String(SHARDS)], { JOB_COMPLETION_INDEX: String(index) })
    expect({ code, stderr }).toMatchObject({ code: SOME_ERRORS })
    if (index === 0) expect(await predict(['in.csv', '--out', 'merged.csv', '--merge'])).toMatchObject({ code: 1, stderr: expect.stringContaining('missing or incomplete: 1, 2;') as string })
  }
  expect(await predict(['in.csv', '--out', 'merged.csv', '--merge'])).toMatchObject({ code: 0, stderr: expect.stringContaining('1500 rows are in') as string })
  expect(await readFile(path('merged.csv'), 'utf8')).toBe(await readFile(path('whole.csv'), 'utf8'))
})

it('does nothing for a shard that is complete', { timeout: 300_000 }, async () => {
  const { predict } = await workspace()
  expect((await predict(['in.csv', '--out', 'out.csv', '--shard', '1/3'])).code).toBe(SOME_ERRORS)
  expect(await predict(['in.csv', '--out', 'out.csv', '--shard', '1/3'])).toMatchObject({ code: 0, stderr: expect.stringContaining('Shard 1 of 3 is complete') as string })
})
