import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'
import { HubServer } from '../support/hub-server.ts'

const COMMAND = fileURLToPath(new URL('../../dist/cli/model.js', import.meta.url))

describe('the model command', () => {
  let hub: HubServer
  let directory: string
  beforeEach(async () => {
    hub = await HubServer.start(TINY_ROBERTA, 'owner/model')
    directory = await mkdtemp(join(tmpdir(), 'models-'))
  })
  afterEach(async () => {
    await hub.close()
    await rm(directory, { recursive: true })
  })

  const run = (...args: string[]): Promise<{ code: number, output: string }> => runIn(directory, ...args)
  const runIn = async (modelDir: string, ...args: string[]): Promise<{ code: number, output: string }> => {
    const child = spawn(process.execPath, [COMMAND, ...args], {
      env: { PATH: process.env.PATH ?? '', HF_ENDPOINT: hub.url, MODEL_DIR: modelDir, LOG_LEVEL: 'silent' }
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += String(chunk) })
    const [code] = await once(child, 'close') as [number]
    return { code, output }
  }

  it('pulls a model, and reports files that were damaged since', async () => {
    expect(await run('pull', 'owner/model')).toMatchObject({ code: 0, output: expect.stringContaining('owner/model is in') })
    expect(await run('verify', 'owner/model')).toMatchObject({ code: 0 })
    await writeFile(join(directory, 'owner/model/main/tokenizer.json'), '{}')
    expect(await run('verify', 'owner/model')).toMatchObject({ code: 1, output: expect.stringContaining('damaged  tokenizer.json') })
  })

  it('lists the models on this machine, and what is missing', async () => {
    expect((await run('list')).output).toMatch(/^model +revision +dtype +size +state\ncompact +[0-9a-f]{12} +q8 +\d+\.\d MB +complete\n$/)
    await run('pull', 'owner/model')
    expect((await run('list')).output).toMatch(/\nowner\/model +main +q8 +\d+\.\d MB +complete\n/)
    await writeFile(join(directory, 'owner/model/main/tokenizer.json'), '{}')
    expect((await run('list')).output).toContain('damaged: tokenizer.json has another size')
    await rm(join(directory, 'owner/model/main/config.json'))
    expect((await run('list')).output).toContain('incomplete: config.json is missing')
  })

  it('prints one line that describes the error', async () => {
    expect(await run('pull', 'owner/unknown')).toMatchObject({ code: 1, output: expect.stringMatching(/^Model owner\/unknown.*not found.*\n$/) })
    expect(await run('pull', '../etc')).toMatchObject({ code: 1, output: expect.stringContaining('MODEL_NAME must be a model id') })
    await writeFile(join(directory, 'file'), '')
    expect(await runIn(join(directory, 'file'), 'list')).toMatchObject({ code: 1, output: expect.stringMatching(/^.*a part of the path is a file, not a folder.*\n$/) })
    expect(await run()).toMatchObject({ code: 2, output: expect.stringContaining('Usage') })
  })
})
