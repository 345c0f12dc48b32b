import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startApp } from '../support/app.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const EXAMPLES = join(ROOT, 'docs/examples')
const COMPACT = join(ROOT, 'models/compact')
const run = promisify(execFile)

/** A copy of the examples inside the repository, so that they find its packages, with the types that they import. */
async function copyExamples (url: string): Promise<string> {
  await mkdir(join(ROOT, '.cache'), { recursive: true })
  const directory = await mkdtemp(join(ROOT, '.cache/examples-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  await cp(EXAMPLES, directory, { recursive: true })
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts'] }))
  await run(process.execPath, [join(ROOT, 'node_modules/openapi-typescript/bin/cli.js'), `${url}/openapi.json`, '-o', join(directory, 'sentiment.d.ts')])
  return directory
}

describe('the examples of docs/clients.md', () => {
  it('equal the files in docs/examples', async () => {
    const page = await readFile(join(ROOT, 'docs/clients.md'), 'utf8')
    const clients = (await readdir(EXAMPLES)).filter((name) => /\.(mjs|ts|py)$/.test(name))
    for (const name of clients) expect(page, name).toContain(await readFile(join(EXAMPLES, name), 'utf8'))
  })

  it('compile with types generated from the OpenAPI document, and print the expected answers', async () => {
    const app = await startApp({ env: { EMBEDDED_MODEL_DIR: COMPACT } })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
    const directory = await copyExamples(url)
    const compiled = await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', directory]).catch((error: unknown) => error)
    expect((compiled as { stdout: string }).stdout).toBe('')
    const output = async (name: string): Promise<string> => {
      const { stdout } = await run(process.execPath, ['--import', 'tsx', join(directory, name)], { cwd: ROOT, env: { ...process.env, SENTIMENT_URL: url } })
      return stdout
    }
    expect(await output('with-fetch.mjs')).toMatch(/^positive 0\.\d+\nnegative 0\.\d+\n$/)
    expect(await output('with-huggingface-inference.ts')).toMatch(/^positive 0\.\d+\n422 .*Text 0 is empty or blank\n$/)
    expect(await output('typed-client.ts')).toMatch(/^positive 0\.\d+\n$/)
  })
})
