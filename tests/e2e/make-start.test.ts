import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

describe.runIf(spawnSync('make', ['--version']).status === 0)('make start (needs make)', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'make-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await cp(join(ROOT, 'Makefile'), join(folder, 'Makefile'))
    await mkdir(join(folder, 'scripts'))
    await writeFile(join(folder, 'scripts/setup.js'), '')
  })

  /** Runs `make start` beside a .env with this content; `server` is the code of the service, the built one by default. */
  async function start (content: string | Buffer, server?: string): Promise<{ code: number, output: string }> {
    if (server === undefined) await symlink(join(ROOT, 'dist'), join(folder, 'dist'))
    else {
      await mkdir(join(folder, 'dist'))
      await writeFile(join(folder, 'dist/server.js'), server)
    }
    await writeFile(join(folder, '.env'), content)
    const child = spawn('make', ['--silent', '--no-print-directory', 'start'], { cwd: folder, env: { PATH: process.env.PATH ?? '' }, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += String(chunk) })
    const [code] = await once(child, 'close') as [number]
    return { code, output }
  }

  it.each([
    ['a comment behind the value', 'MODEL_NAME=owner/model # the large one\n', 'owner/model'],
    ['a value that ends the command in a shell', 'MODEL_NAME="owner/model; touch owned; exit"\n', 'owner/model; touch owned; exit'],
    ['a command substitution of the shell', 'MODEL_NAME="$(touch owned)`touch owned`"\n', '$(touch owned)`touch owned`'],
    ['a reference to a variable of make', 'MODEL_NAME=\'$(MAKE) $$HOME $@\'\n', '$(MAKE) $$HOME $@'],
    ['quotes and an ampersand', 'MODEL_NAME=\'a "b" & c\'\n', 'a "b" & c'],
    ['export and CRLF', 'export LOG_LEVEL=info\r\nexport MODEL_NAME=owner/model\r\n', 'owner/model'],
    ['a line without a value', 'API_PORT=\nMODEL_NAME=owner/model\n', 'owner/model']
  ])('passes the settings of a .env with %s to the service, and runs nothing of it', async (_what, content, value) => {
    expect(await start(content, 'process.stdout.write(JSON.stringify(process.env.MODEL_NAME?.trim()))')).toEqual({ code: 0, output: JSON.stringify(value) })
    expect(existsSync(join(folder, 'owned'))).toBe(false)
  })

  it('lets the .env override the fallback that it sets itself', async () => {
    const result = await start('MODEL_FALLBACK=off\nLOG_LEVEL=info\nAPI_HOST=192.0.2.1\n')
    expect(result.output).toContain('"MODEL_FALLBACK":"off"')
    expect(result.output).toContain('API_HOST 192.0.2.1 is not a local address')
  })

  it.each([
    ['a byte order mark', '\uFEFFMETRICS_PORT=many\n'],
    ['lines that end in CR', 'METRICS_PORT=many\rLOG_LEVEL=info\r'],
    ['UTF-16', Buffer.from('\uFEFFMETRICS_PORT=many\r\n', 'utf16le')],
    ['spaces around the equals sign', 'METRICS_PORT = many\n']
  ])('reports an invalid setting of a .env with %s with one line', async (_what, content) => {
    const { code, output } = await start(content)
    expect(code).not.toBe(0)
    expect(output).toMatch(/^METRICS_PORT must be a whole number from 0 to 65535, not "many"\nmake: [^\n]+\n$/)
  })
})
