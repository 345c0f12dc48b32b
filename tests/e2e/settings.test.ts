import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'

const SERVER = fileURLToPath(new URL('../../dist/server.js', import.meta.url))

/** A working directory of the service's own. */
async function directory (): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'settings-'))
  onTestFinished(() => rm(path, { recursive: true }))
  return path
}

async function run (cwd: string, env: Record<string, string> = {}): Promise<{ code: number, output: string }> {
  const child = spawn(process.execPath, [SERVER], { cwd, env: { PATH: process.env.PATH ?? '', API_PORT: '0', ...env } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += String(chunk) })
  const [code] = await once(child, 'close') as [number]
  return { code, output }
}

it.each([
  ['REDIS_URL', 'redis://:s3cret@cache.example:notaport'],
  ['REDIS_URL', 'redis://:100%s3cret@127.0.0.1:9'],
  ['HF_ENDPOINT', 'https://user:s3cret@hub.example'],
  ['HF_TOKEN', 'hf_s3cret\nwith another line'],
  ['HF_TOKEN_FILE', '/nowhere/s3cret-is-no-secret-here']
])('exits with code 1 and one line without a stack or a secret for an invalid %s', async (key, value) => {
  const { code, output } = await run(await directory(), { [key]: value })
  expect(code).toBe(1)
  expect(output).toMatch(new RegExp(`^${key.replace('_FILE', '')} [^\\n]+\\n$`))
  if (!key.endsWith('_FILE')) expect(output).not.toContain('s3cret')
})

it('exits with one line if .env is a directory', async () => {
  const cwd = await directory()
  await mkdir(join(cwd, '.env'))
  expect(await run(cwd)).toMatchObject({ code: 1, output: expect.stringMatching(/^\.env is a folder, not a file: [^\n]+\n$/) })
})

it('reads a .env file that PowerShell wrote', async () => {
  const cwd = await directory()
  await writeFile(join(cwd, '.env'), '\uFEFFMETRICS_PORT=many\r\nLOG_LEVEL=info\r\n', 'utf16le')
  expect(await run(cwd)).toEqual({ code: 1, output: 'METRICS_PORT must be a whole number from 0 to 65535, not "many"\n' })
})
