import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

const SCRIPT = join(import.meta.dirname, '../../../docker/prune.js')
let root: string

beforeEach(async () => { root = await mkdtemp(join(tmpdir(), 'prune-')) })
afterEach(async () => { await rm(root, { recursive: true, force: true }) })

const BINDING = 'onnxruntime-node/bin/napi-v6'
const PLATFORMS = ['linux/x64', 'linux/arm64', 'darwin/arm64', 'win32/x64', 'win32/arm64']
const LOADED = [
  '@xenova/transformers/package.json', '@xenova/transformers/LICENSE', '@xenova/transformers/dist/transformers.node.mjs',
  '@fastify/swagger-ui/static/swagger-ui.css', '@opentelemetry/core/package.json', '@opentelemetry/core/build/src/index.js',
  'library/package.json', 'library/index.js', 'library/LICENSE.md', 'library/lib/test/run.js'
]
const UNREAD = [
  '@xenova/transformers/dist/transformers.web.js', '@xenova/transformers/types/index.d.ts', 'onnxruntime-web/package.json',
  '@img/sharp-linux-x64/lib/sharp.node', 'sharp/dist/index.mjs', '@types/node/index.d.ts', '@opentelemetry/core/build/esm/index.js',
  'library/index.js.map', 'library/index.d.ts', 'library/README.md', 'library/test/index.js', 'library/example/server.js'
]
/** What replaces sharp. */
const STUB = ['sharp/index.js', 'sharp/package.json']

async function fill (files: readonly string[]): Promise<void> {
  for (const file of files) {
    const path = join(root, 'node_modules', file)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, '')
  }
}

function prune (arch: string): { status: number | null, stderr: string } {
  return spawnSync(process.execPath, [SCRIPT, root], { encoding: 'utf8', env: { ...process.env, TARGETARCH: arch } })
}

async function left (): Promise<string[]> {
  const entries = await readdir(join(root, 'node_modules'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length + '/node_modules/'.length)).sort()
}

const binding = (platform: string): string => `${BINDING}/${platform}/onnxruntime_binding.node`

it.each([['amd64', 'linux/x64'], ['arm64', 'linux/arm64']])('for %s keeps only the binary of %s and what Node loads', async (arch, platform) => {
  await fill([...PLATFORMS.map(binding), ...LOADED, ...UNREAD])
  expect(prune(arch)).toMatchObject({ status: 0, stderr: '' })
  expect(await left()).toEqual([binding(platform), ...LOADED, ...STUB].sort())
})

it('keeps the binary of the current machine without TARGETARCH', async () => {
  await fill([...PLATFORMS.map(binding), ...LOADED])
  expect(prune('')).toMatchObject({ status: 0 })
  expect((await left()).filter((path) => path.startsWith(BINDING))).toEqual([binding(`linux/${process.arch}`)])
})

it('fails without removing anything for a platform that ONNX Runtime has no binary for', async () => {
  const files = [...PLATFORMS.map(binding), ...LOADED, ...UNREAD]
  await fill(files)
  const { status, stderr } = prune('riscv64')
  expect(status).not.toBe(0)
  expect(stderr).toContain('no ONNX Runtime for linux/riscv64')
  expect(await left()).toEqual([...files].sort())
})

it('fails if onnxruntime-node has another layout', async () => {
  await fill([binding('darwin/arm64'), ...LOADED])
  const { status, stderr } = prune('amd64')
  expect(status).not.toBe(0)
  expect(stderr).toContain('has a different layout')
})
